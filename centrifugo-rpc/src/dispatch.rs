//! From a publication to a reply: decode, call, encode. Limits, panics, deadlines, cancellation; no sockets.
//!
//! The way of a request: [`intake`] reads it, [`running`] gives it a place, [`starts`] its turn, the tower stack in [`service`] runs its
//! handler, [`reply_queue`] takes the reply.

use std::any::Any;
use std::borrow::Borrow;
use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::ReusableBoxFuture;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tracing::Instrument;

use crate::config::Config;
use crate::connection::{Caller, Connection};
use crate::contract::Served;
use crate::error::{RpcError, shown};
use crate::handler::{Call, Reply, States};
use crate::protocol;
use crate::registry::{Method, Registry};

#[cfg(feature = "__bench")]
pub(crate) mod bench;
pub(crate) mod completion;
mod encoded_reply;
mod fair_queue;
mod hashed;
pub(crate) mod history_quota;
mod intake;
mod journal;
mod others;
pub(crate) mod publication;
pub(crate) mod refused;
pub(crate) mod reply_queue;
mod running;
pub(crate) mod service;
mod starts;
#[cfg(any(test, feature = "__bench"))]
pub(crate) mod worst;

use completion::CompletionGuard;
use encoded_reply::EncodedReply;
pub(crate) use intake::Address;
use intake::{Intake, Reader, Reason, Request};
use journal::{Journal, Panicked};
use reply_queue::{GRACE, PendingReply, ReplyQueue};
use running::{Refusal, Running, Slot};
use service::Stack;
use starts::{Starts, Then, Turn};

pub(crate) use others::{count, may_cancel};

/// The longest that a call runs, whatever is configured: later deadlines could not be computed with. tokio's own idea of never.
pub(crate) const NEVER: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// Runs calls.
#[derive(Debug)]
pub(crate) struct Dispatcher {
    registry: Registry,
    states: States,
    stack: Stack,
    limits: Limits,
    running: Running,
    tasks: TaskTracker,
    starts: Starts<Admitted>,
    reply_queue: Arc<ReplyQueue>,
    /// No new calls: the worker is shutting down.
    draining: AtomicBool,
    /// Those that still run are cut off: the shutdown timeout has passed.
    stopped: AtomicBool,
    journal: Journal,
}

#[derive(Debug)]
struct Limits {
    reply_namespace: String,
    call_timeout: Duration,
    max_params_bytes: usize,
    max_result_bytes: usize,
}

/// What the requests of a publication have in common.
#[derive(Debug)]
struct Origin {
    caller: Arc<Caller>,
    now: Instant,
    /// How long ago the caller published it.
    age: Duration,
    completion: Option<CompletionGuard>,
}

/// A call that has a place and has not begun.
#[derive(Debug)]
struct Admitted {
    slot: Slot,
    params: Option<Bytes>,
    /// Where the reply goes; none for a notification.
    address: Option<Address>,
    completion: Option<CompletionGuard>,
    /// Keeps the worker from being finished.
    counted: TaskTrackerToken,
}

impl Dispatcher {
    pub(crate) fn new(
        config: &Config,
        registry: Registry,
        states: States,
        stack: Stack,
        reply_queue: Arc<ReplyQueue>,
    ) -> Self {
        Self {
            registry,
            states,
            stack,
            limits: Limits {
                reply_namespace: config.reply_namespace.clone(),
                call_timeout: config.call_timeout,
                max_params_bytes: config.max_params_bytes,
                max_result_bytes: config.max_result_bytes,
            },
            running: Running::new(config.max_concurrent_calls, config.max_concurrent_calls_per_user),
            tasks: TaskTracker::new(),
            starts: Starts::new(),
            reply_queue,
            draining: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            journal: Journal::new(),
        }
    }

    /// How many methods it knows.
    pub(crate) fn methods(&self) -> usize {
        self.registry.len()
    }

    /// What others are told that it serves.
    pub(crate) fn served(&self, service: Option<&str>) -> Served {
        Served::by(&self.registry, service)
    }

    /// Takes a publication of the request channel that a caller made `age` ago. Never waits: calls begin in another task. The
    /// completion is dropped when its calls are over, and their replies delivered or given up.
    pub(crate) fn accept(
        self: &Arc<Self>,
        data: &Bytes,
        caller: Caller,
        age: Duration,
        completion: Option<CompletionGuard>,
    ) {
        let origin = Origin { caller: Arc::new(caller), now: Instant::now(), age, completion };
        let mut reader = self.reader(&origin.caller);
        match reader.read(data) {
            Intake::Batch(requests) => {
                for intake in reader.parts(requests, data) {
                    self.take(intake, &origin);
                }
            }
            intake => self.take(intake, &origin),
        }
    }

    fn take(self: &Arc<Self>, intake: Intake<'_>, origin: &Origin) {
        let caller = &origin.caller;
        match intake {
            Intake::Request(request) => self.begin(request, origin),
            Intake::Cancel(address) => self.running.cancel(&address),
            Intake::Malformed(address, error) => {
                self.refuse(Some(address), caller, "", &error, None, origin.completion.clone());
            }
            Intake::TooMany(address) => self.too_many(address, caller, origin.completion.clone()),
            Intake::Dropped(reason) => self.journal.dropped(reason, caller, None),
            Intake::Batch(_) => self.journal.dropped(Reason::NoRequest, caller, None),
        }
    }

    fn reader<'a>(&'a self, caller: &'a Caller) -> Reader<'a> {
        Reader::new(caller, &self.limits.reply_namespace)
    }

    fn begin(self: &Arc<Self>, request: Request<'_>, origin: &Origin) {
        let Request { address, method: name, params, timeout, traceparent } = request;
        let (caller, now, completion) = (&origin.caller, origin.now, origin.completion.clone());
        let admitted = self.admit(&name, params.as_ref()).and_then(|method| {
            let timeout = self.timeout_of(method, timeout);
            // One that waited in the history for longer than its caller did has ended already.
            let left = timeout.checked_sub(origin.age).filter(|left| !left.is_zero());
            left.map(|left| (method, now + left)).ok_or_else(RpcError::deadline_exceeded)
        });
        let (method, deadline) = match admitted {
            Ok(admitted) => admitted,
            Err(error) => return self.refuse(address, caller, &name, &error, None, completion),
        };
        let correlation_id = address.as_ref().map(|address| address.correlation_id.clone());
        let connection = Connection::new(Arc::clone(caller), method.name, correlation_id, traceparent, deadline);
        let slot = match self.running.begin(method, connection, address.as_ref()) {
            Ok(slot) => slot,
            Err(Refusal::Overloaded(limit, error)) => {
                return self.refuse(address, caller, &name, &error, Some(limit), completion);
            }
            Err(Refusal::Running) => return self.journal.dropped(Reason::Running, caller, None),
        };
        let call = Admitted { slot, params, address, completion, counted: self.tasks.token() };
        if self.starts.push(call, now) {
            tokio::spawn(Arc::clone(self).begin_waiting());
        }
    }

    /// Begins the calls that wait for it, and leaves those that are not over then to tasks of their own.
    async fn begin_waiting(self: Arc<Self>) {
        let mut turn = Turn::default();
        let mut now = Instant::now();
        // Those that are over at once share one place in memory.
        let mut place: Option<ReusableBoxFuture<'_, ()>> = None;
        while let Some(call) = self.starts.next(now) {
            let answer = Arc::clone(&self).answer(call);
            let mut running = match place.take() {
                Some(mut place) => {
                    place.set(answer);
                    place
                }
                None => ReusableBoxFuture::new(answer),
            };
            if poll_fn(|context| Poll::Ready(running.poll(context).is_pending())).await {
                tokio::spawn(running);
            } else {
                place = Some(running);
            }
            let began = std::mem::replace(&mut now, Instant::now());
            match turn.took(now.duration_since(began)) {
                Then::Next => {}
                Then::Apart => {
                    for call in self.starts.rest() {
                        tokio::spawn(Arc::clone(&self).answer(call));
                    }
                }
                Then::Others => {
                    tokio::task::yield_now().await;
                    now = Instant::now();
                }
            }
        }
    }

    /// Looks after calls that wait to begin behind one that blocks its thread. To be called now and then.
    pub(crate) fn unblock(self: &Arc<Self>) {
        if self.starts.take_over(Instant::now()) {
            tokio::spawn(Arc::clone(self).begin_waiting());
        }
    }

    /// Runs a call and hands its reply over. No `async fn`, which would hold what it is given twice.
    fn answer(self: Arc<Self>, call: Admitted) -> impl Future<Output = ()> + Send {
        let Admitted { slot, params, address, completion, counted } = call;
        async move {
            let outcome = self.run(&slot, params).await;
            if let Some(address) = address {
                let reply = address.reply(outcome, slot.connection().deadline()).with_completion(completion);
                if let Some(room) = self.reply_queue.push(reply) {
                    room.await;
                }
            } else if let Err(error) = outcome {
                self.journal.unanswered(slot.connection(), &error);
            }
            // Its place was held until the reply had one: what waits to be sent is bounded by what may run.
            slot.finish();
            drop(counted);
        }
    }

    /// Runs a method in process, with everything a call from outside meets but the reply.
    pub(crate) async fn call(&self, caller: Caller, method: &str, params: Bytes) -> Result<Reply, RpcError> {
        let (caller, name) = (Arc::new(caller), method);
        let method = self.admit(name, Some(&params)).inspect_err(|error| self.refused(&caller, name, error, None))?;
        let deadline = Instant::now() + self.timeout_of(method, None);
        let connection = Connection::new(Arc::clone(&caller), method.name, None, None, deadline);
        let slot = match self.running.begin(method, connection, None) {
            Ok(slot) => slot,
            Err(Refusal::Overloaded(limit, error)) => {
                self.refused(&caller, name, &error, Some(limit));
                return Err(error);
            }
            Err(Refusal::Running) => return Err(RpcError::internal("a call without an ID cannot run already")),
        };
        let outcome = self.run(&slot, Some(params)).await;
        slot.finish();
        outcome
    }

    /// What can be said without looking at the running calls.
    fn admit(&self, method: &str, params: Option<&Bytes>) -> Result<&'static Method, RpcError> {
        let method = self.registry.get(method).ok_or_else(|| RpcError::method_not_found(method))?;
        let (size, max) = (params.map_or(0, Bytes::len), self.limits.max_params_bytes);
        if size > max {
            return Err(RpcError::too_large(format!("params have {size} bytes, the limit is {max}")));
        }
        if self.draining.load(Ordering::Acquire) {
            return Err(RpcError::unavailable("the worker is shutting down"));
        }
        Ok(method)
    }

    /// The caller may want less than the method allows, never more.
    fn timeout_of(&self, method: &Method, asked: Option<Duration>) -> Duration {
        let allowed = method.options.timeout.unwrap_or(self.limits.call_timeout).min(NEVER);
        asked.map_or(allowed, |asked| asked.min(allowed))
    }

    /// Runs one call to its end, whatever that is, and logs it.
    ///
    /// No `async fn`, which would hold the future that it instruments twice: every call is as large as this.
    fn run<'a>(
        &'a self,
        slot: &'a Slot,
        params: Option<Bytes>,
    ) -> impl Future<Output = Result<Reply, RpcError>> + Send + 'a {
        let (method, connection) = (slot.method(), slot.connection());
        let span = tracing::info_span!(
            "call",
            method = method.name,
            user = &*shown(connection.user()),
            client = &*shown(connection.client()),
            correlation_id = connection.correlation_id().map(shown).as_deref(),
        );
        async move {
            self.journal.began();
            let started = Instant::now();
            let call = Call::new(method, connection.clone(), params, self.states.clone());
            // A handler's destructor may panic as well: it is dropped in here.
            let outcome = AssertUnwindSafe(self.until_its_end(call, connection))
                .catch_unwind()
                .await
                .unwrap_or_else(|panic| Err(RpcError::internal(Panicked(panic_message(panic.as_ref()).to_owned()))));
            let outcome = outcome.and_then(|reply| self.within_size(reply));
            self.journal.ended(connection, &outcome, started.elapsed());
            outcome
        }
        .instrument(span)
    }

    async fn until_its_end(&self, call: Call, connection: &Connection) -> Result<Reply, RpcError> {
        tokio::select! {
            biased;
            outcome = self.stack.run(call) => outcome,
            () = connection.cancelled() => Err(self.why_cancelled()),
            () = sleep_until(connection.deadline()) => {
                // What the handler spawned learns of it too.
                connection.cancel();
                Err(RpcError::deadline_exceeded())
            }
        }
    }

    fn why_cancelled(&self) -> RpcError {
        if self.stopped.load(Ordering::Acquire) {
            RpcError::worker_lost("the worker stopped before the handler was finished")
        } else {
            RpcError::cancelled()
        }
    }

    fn within_size(&self, reply: Reply) -> Result<Reply, RpcError> {
        let (size, max) = (reply.json().len(), self.limits.max_result_bytes);
        if size <= max {
            return Ok(reply);
        }
        Err(RpcError::too_large(format!("the result has {size} bytes, the limit is {max}")))
    }

    /// Keeps the log complete, for ever. Dropping this future stops it.
    pub(crate) async fn keep_journal(&self) {
        self.journal.keep(|| self.reply_queue.log_overdue()).await;
    }

    /// Refuses new calls from now on and waits for those that run, until it is `enough`: then they are cut off. Dropping this
    /// future leaves them running.
    pub(crate) async fn drain(&self, enough: impl Future<Output = ()>) {
        self.draining.store(true, Ordering::Release);
        self.tasks.close();
        let in_time = tokio::select! {
            () = self.tasks.wait() => true,
            () = enough => false,
        };
        if !in_time {
            tracing::warn!(calls = self.tasks.len(), "cutting off the calls that are not finished");
            self.stopped.store(true, Ordering::Release);
            // They only have to queue their replies now.
            self.running.cancel_all();
        }
    }

    /// Waits for calls that began while [`drain`](Self::drain) ended: for when nothing is accepted any more.
    pub(crate) async fn finished(&self) {
        self.tasks.wait().await;
    }

    /// Logs what was done since the start, and gives the number of calls that still run.
    pub(crate) fn report(&self) -> usize {
        let left = self.tasks.len();
        self.journal.close(left);
        left
    }
}

impl Address {
    fn reply(self, outcome: Result<Reply, impl Borrow<RpcError>>, deadline: Instant) -> PendingReply {
        let encoded = match outcome {
            Ok(reply) => EncodedReply::of_result(self.correlation_id, reply.into_json()),
            Err(error) => protocol::write_error(&self.correlation_id, error.borrow()).into(),
        };
        PendingReply::new(self.reply_to, encoded, deadline.max(Instant::now()) + GRACE).in_batch(self.batch)
    }
}

/// What a panic says.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let message = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    message.unwrap_or("with a value that is no message")
}

#[cfg(test)]
mod tests;
