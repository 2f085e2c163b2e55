//! From a publication to a reply: decode, call, encode. Limits, panics, deadlines, cancellation; no sockets.
//!
//! The path of a request: [`decode`] decodes it, [`in_flight`] admits it, [`scheduler`] starts it, the tower layers in
//! [`layers`] run its handler, [`reply_queue`] takes the reply.

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
mod decode;
mod encoded_reply;
mod fair_queue;
mod hashed;
pub(crate) mod history_quota;
mod in_flight;
pub(crate) mod layers;
pub(crate) mod pending_reply;
pub(crate) mod publication;
pub(crate) mod refused;
mod rejections;
pub(crate) mod reply_queue;
mod scheduler;
mod telemetry;
#[cfg(any(test, feature = "__bench"))]
pub(crate) mod worst;

use completion::CompletionGuard;
pub(crate) use decode::ReplyAddress;
use decode::{Decoded, Decoder, DropReason, Request};
use encoded_reply::EncodedReply;
use in_flight::{CallGuard, InFlight, Rejection};
use layers::LayerStack;
use pending_reply::PendingReply;
use reply_queue::{GRACE, ReplyQueue};
use scheduler::{NextStep, StartQueue, Turn};
use telemetry::{Panicked, Telemetry};

pub(crate) use rejections::{may_cancel, request_count};

/// The longest time that a call runs, whatever is configured: later deadlines would overflow. tokio uses the same
/// bound.
pub(crate) const NEVER: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// Runs calls.
#[derive(Debug)]
pub(crate) struct Dispatcher {
    registry: Registry,
    states: States,
    layers: LayerStack,
    limits: Limits,
    in_flight: InFlight,
    tasks: TaskTracker,
    start_queue: StartQueue<AdmittedCall>,
    reply_queue: Arc<ReplyQueue>,
    /// True while the worker shuts down: new calls are rejected.
    draining: AtomicBool,
    /// True once the shutdown timeout has passed: the remaining calls are cut off.
    stopped: AtomicBool,
    telemetry: Telemetry,
}

#[derive(Debug)]
struct Limits {
    reply_namespace: String,
    call_timeout: Duration,
    max_params_bytes: usize,
    max_result_bytes: usize,
}

/// The properties shared by the requests of one publication.
#[derive(Debug)]
struct Origin {
    caller: Arc<Caller>,
    now: Instant,
    /// The time since the caller published it.
    age: Duration,
    completion: Option<CompletionGuard>,
}

/// A call that was admitted and has not started.
#[derive(Debug)]
struct AdmittedCall {
    guard: CallGuard,
    params: Option<Bytes>,
    /// The destination of the reply; `None` for a notification.
    address: Option<ReplyAddress>,
    completion: Option<CompletionGuard>,
    /// Keeps [`Dispatcher::wait_idle`] waiting.
    tracker_token: TaskTrackerToken,
}

impl Dispatcher {
    pub(crate) fn new(
        config: &Config,
        registry: Registry,
        states: States,
        layers: LayerStack,
        reply_queue: Arc<ReplyQueue>,
    ) -> Self {
        Self {
            registry,
            states,
            layers,
            limits: Limits {
                reply_namespace: config.reply_namespace.clone(),
                call_timeout: config.call_timeout,
                max_params_bytes: config.max_params_bytes,
                max_result_bytes: config.max_result_bytes,
            },
            in_flight: InFlight::new(config.max_concurrent_calls, config.max_concurrent_calls_per_user),
            tasks: TaskTracker::new(),
            start_queue: StartQueue::new(),
            reply_queue,
            draining: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            telemetry: Telemetry::new(),
        }
    }

    /// The number of registered methods.
    pub(crate) fn methods(&self) -> usize {
        self.registry.len()
    }

    /// The summary of the served methods for other workers and for operators.
    pub(crate) fn served(&self, service: Option<&str>) -> Served {
        Served::by(&self.registry, service)
    }

    /// Accepts a publication of the request channel that a caller made `age` ago. Never waits: calls start in another
    /// task. The completion guard is dropped when the calls have ended and their replies are delivered or dropped.
    pub(crate) fn accept(
        self: &Arc<Self>,
        data: &Bytes,
        caller: Caller,
        age: Duration,
        completion: Option<CompletionGuard>,
    ) {
        let origin = Origin { caller: Arc::new(caller), now: Instant::now(), age, completion };
        let mut decoder = self.decoder(&origin.caller);
        match decoder.decode(data) {
            Decoded::Batch(requests) => {
                for item in decoder.parts(requests, data) {
                    self.handle(item, &origin);
                }
            }
            item => self.handle(item, &origin),
        }
    }

    fn handle(self: &Arc<Self>, item: Decoded<'_>, origin: &Origin) {
        let caller = &origin.caller;
        match item {
            Decoded::Request(request) => self.start(request, origin),
            Decoded::Cancel(address) => self.in_flight.cancel(&address),
            Decoded::Malformed(address, error) => {
                self.reject(Some(address), caller, "", &error, None, origin.completion.clone());
            }
            Decoded::TooMany(address) => self.reject_batch_rest(address, caller, origin.completion.clone()),
            Decoded::Dropped(reason) => self.telemetry.publication_dropped(reason, caller, None),
            Decoded::Batch(_) => self.telemetry.publication_dropped(DropReason::NoRequest, caller, None),
        }
    }

    fn decoder<'a>(&'a self, caller: &'a Caller) -> Decoder<'a> {
        Decoder::new(caller, &self.limits.reply_namespace)
    }

    fn start(self: &Arc<Self>, request: Request<'_>, origin: &Origin) {
        let Request { address, method: name, params, timeout, traceparent } = request;
        let (caller, now, completion) = (&origin.caller, origin.now, origin.completion.clone());
        let admitted = self.admit(&name, params.as_ref()).and_then(|method| {
            let timeout = self.timeout_of(method, timeout);
            // A call that waited in the history for longer than its timeout has ended already.
            let left = timeout.checked_sub(origin.age).filter(|left| !left.is_zero());
            left.map(|left| (method, now + left)).ok_or_else(RpcError::deadline_exceeded)
        });
        let (method, deadline) = match admitted {
            Ok(admitted) => admitted,
            Err(error) => return self.reject(address, caller, &name, &error, None, completion),
        };
        let correlation_id = address.as_ref().map(|address| address.correlation_id.clone());
        let connection = Connection::new(Arc::clone(caller), method.name, correlation_id, traceparent, deadline);
        let guard = match self.in_flight.admit(method, connection, address.as_ref()) {
            Ok(guard) => guard,
            Err(Rejection::Overloaded(limit, error)) => {
                return self.reject(address, caller, &name, &error, Some(limit), completion);
            }
            Err(Rejection::Duplicate) => {
                return self.telemetry.publication_dropped(DropReason::Duplicate, caller, None);
            }
        };
        let call = AdmittedCall { guard, params, address, completion, tracker_token: self.tasks.token() };
        if self.start_queue.push(call, now) {
            tokio::spawn(Arc::clone(self).run_queued());
        }
    }

    /// Starts the queued calls. A call that does not end at its first poll continues in a task of its own.
    async fn run_queued(self: Arc<Self>) {
        let mut turn = Turn::default();
        let mut now = Instant::now();
        // Calls that end at their first poll share one allocation.
        let mut slot: Option<ReusableBoxFuture<'_, ()>> = None;
        while let Some(call) = self.start_queue.next(now) {
            let future = Arc::clone(&self).run_and_reply(call);
            let mut running = match slot.take() {
                Some(mut reused) => {
                    reused.set(future);
                    reused
                }
                None => ReusableBoxFuture::new(future),
            };
            if poll_fn(|context| Poll::Ready(running.poll(context).is_pending())).await {
                tokio::spawn(running);
            } else {
                slot = Some(running);
            }
            let began = std::mem::replace(&mut now, Instant::now());
            match turn.record(now.duration_since(began)) {
                NextStep::Continue => {}
                NextStep::SpawnRest => {
                    for call in self.start_queue.take_all() {
                        tokio::spawn(Arc::clone(&self).run_and_reply(call));
                    }
                }
                NextStep::Yield => {
                    tokio::task::yield_now().await;
                    now = Instant::now();
                }
            }
        }
    }

    /// Starts the calls that are queued behind one that blocks its thread. Must be called periodically.
    pub(crate) fn resume_if_stalled(self: &Arc<Self>) {
        if self.start_queue.claim_if_stalled(Instant::now()) {
            tokio::spawn(Arc::clone(self).run_queued());
        }
    }

    /// Runs a call and queues its reply. Not an `async fn`, which would store its arguments twice.
    fn run_and_reply(self: Arc<Self>, call: AdmittedCall) -> impl Future<Output = ()> + Send {
        let AdmittedCall { guard, params, address, completion, tracker_token } = call;
        async move {
            let outcome = self.run(&guard, params).await;
            if let Some(address) = address {
                let reply = address.reply(outcome, guard.connection().deadline()).with_completion(completion);
                if let Some(room) = self.reply_queue.push(reply) {
                    room.await;
                }
            } else if let Err(error) = outcome {
                self.telemetry.notification_failed(guard.connection(), &error);
            }
            // The call keeps its place until its reply has room in the queue: so the limits on calls in flight also
            // bound the queued replies.
            guard.finish();
            drop(tracker_token);
        }
    }

    /// Runs a method in process, like a call from outside except for the encoding of the reply.
    pub(crate) async fn call(&self, caller: Caller, method: &str, params: Bytes) -> Result<Reply, RpcError> {
        let (caller, name) = (Arc::new(caller), method);
        let method =
            self.admit(name, Some(&params)).inspect_err(|error| self.record_refused(&caller, name, error, None))?;
        let deadline = Instant::now() + self.timeout_of(method, None);
        let connection = Connection::new(Arc::clone(&caller), method.name, None, None, deadline);
        let guard = match self.in_flight.admit(method, connection, None) {
            Ok(guard) => guard,
            Err(Rejection::Overloaded(limit, error)) => {
                self.record_refused(&caller, name, &error, Some(limit));
                return Err(error);
            }
            Err(Rejection::Duplicate) => return Err(RpcError::internal("a call without an ID cannot run already")),
        };
        let outcome = self.run(&guard, Some(params)).await;
        guard.finish();
        outcome
    }

    /// Checks everything that does not depend on the calls in flight.
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

    /// The caller may ask for a shorter timeout than the method's, not for a longer one.
    fn timeout_of(&self, method: &Method, asked: Option<Duration>) -> Duration {
        let allowed = method.options.timeout.unwrap_or(self.limits.call_timeout).min(NEVER);
        asked.map_or(allowed, |asked| asked.min(allowed))
    }

    /// Runs one call until it ends, in any way, and logs the outcome.
    ///
    /// Not an `async fn`, which would store the instrumented future twice: every call is as large as this future.
    fn run<'a>(
        &'a self,
        guard: &'a CallGuard,
        params: Option<Bytes>,
    ) -> impl Future<Output = Result<Reply, RpcError>> + Send + 'a {
        let (method, connection) = (guard.method(), guard.connection());
        let span = tracing::info_span!(
            "call",
            method = method.name,
            user = &*shown(connection.user()),
            client = &*shown(connection.client()),
            correlation_id = connection.correlation_id().map(shown).as_deref(),
        );
        async move {
            self.telemetry.call_started();
            let started = Instant::now();
            let call = Call::new(method, connection.clone(), params, self.states.clone());
            // The handler is dropped in here, because its destructor may panic as well.
            let outcome = AssertUnwindSafe(self.run_to_end(call, connection))
                .catch_unwind()
                .await
                .unwrap_or_else(|panic| Err(RpcError::internal(Panicked(panic_message(panic.as_ref()).to_owned()))));
            let outcome = outcome.and_then(|reply| self.check_result_size(reply));
            self.telemetry.call_ended(connection, &outcome, started.elapsed());
            outcome
        }
        .instrument(span)
    }

    async fn run_to_end(&self, call: Call, connection: &Connection) -> Result<Reply, RpcError> {
        tokio::select! {
            biased;
            outcome = self.layers.run(call) => outcome,
            () = connection.cancelled() => Err(self.cancellation_error()),
            () = sleep_until(connection.deadline()) => {
                // Tasks that the handler spawned observe the cancellation too.
                connection.cancel();
                Err(RpcError::deadline_exceeded())
            }
        }
    }

    fn cancellation_error(&self) -> RpcError {
        if self.stopped.load(Ordering::Acquire) {
            RpcError::worker_lost("the worker stopped before the handler was finished")
        } else {
            RpcError::cancelled()
        }
    }

    fn check_result_size(&self, reply: Reply) -> Result<Reply, RpcError> {
        let (size, max) = (reply.json().len(), self.limits.max_result_bytes);
        if size <= max {
            return Ok(reply);
        }
        Err(RpcError::too_large(format!("the result has {size} bytes, the limit is {max}")))
    }

    /// Logs suppressed events periodically; never returns. Dropping this future stops it.
    pub(crate) async fn run_telemetry(&self) {
        self.telemetry.run(|| self.reply_queue.log_overdue()).await;
    }

    /// Rejects new calls from now on and waits for the calls in flight, until `enough` is ready; then cancels them.
    /// Dropping this future leaves them running.
    pub(crate) async fn drain(&self, enough: impl Future<Output = ()>) {
        self.draining.store(true, Ordering::Release);
        self.tasks.close();
        let in_time = tokio::select! {
            () = self.tasks.wait() => true,
            () = enough => false,
        };
        if !in_time {
            tracing::warn!(calls = self.tasks.len(), "cancelling the calls that are still in flight");
            self.stopped.store(true, Ordering::Release);
            // The cancelled calls only queue their replies now.
            self.in_flight.cancel_all();
        }
    }

    /// Waits for calls that started while [`drain`](Self::drain) ended. To be called when no more publications are
    /// accepted.
    pub(crate) async fn wait_idle(&self) {
        self.tasks.wait().await;
    }

    /// Logs the totals since the start, and returns the number of calls that still run.
    pub(crate) fn report(&self) -> usize {
        let left = self.tasks.len();
        self.telemetry.log_totals(left);
        left
    }
}

impl ReplyAddress {
    fn reply(self, outcome: Result<Reply, impl Borrow<RpcError>>, deadline: Instant) -> PendingReply {
        let encoded = match outcome {
            Ok(reply) => EncodedReply::of_result(self.correlation_id, reply.into_json()),
            Err(error) => protocol::write_error(&self.correlation_id, error.borrow()).into(),
        };
        PendingReply::new(self.reply_to, encoded, deadline.max(Instant::now()) + GRACE).in_batch(self.batch)
    }
}

/// The message of a panic.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let message = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    message.unwrap_or("with a value that is no message")
}

#[cfg(test)]
mod tests;
