//! Starts the calls of a transport that reads many of them in one task.

use std::fmt;
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;

use tokio::time::Instant;
use tokio_util::sync::ReusableBoxFuture;

use super::dispatcher::{AdmittedCall, Dispatcher};
use super::incoming::Incoming;
use super::responder::Responder;
use super::scheduler::{NextStep, StartQueue, Turn};

/// Accepts calls without waiting: they start in another task.
pub(crate) struct Starter<R: Responder> {
    dispatcher: Arc<Dispatcher>,
    responder: R,
    queue: StartQueue<Queued<R>>,
}

impl<R: Responder> fmt::Debug for Starter<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Starter").field("dispatcher", &self.dispatcher).finish_non_exhaustive()
    }
}

/// A call that has not started, and the destination of its outcome.
struct Queued<R: Responder> {
    call: AdmittedCall,
    to: R::Destination,
}

impl<R: Responder> Starter<R> {
    pub(crate) fn new(dispatcher: Arc<Dispatcher>, responder: R) -> Self {
        Self { dispatcher, responder, queue: StartQueue::new() }
    }

    pub(crate) fn dispatcher(&self) -> &Dispatcher {
        &self.dispatcher
    }

    pub(crate) fn responder(&self) -> &R {
        &self.responder
    }

    /// Admits and queues a call, or refuses it.
    pub(crate) fn accept(self: &Arc<Self>, call: Incoming<'_>, to: R::Destination) {
        let (caller, received) = (call.caller, call.received);
        match self.dispatcher.admit(call) {
            Ok(call) => {
                if self.queue.push(Queued { call, to }, received) {
                    tokio::spawn(Arc::clone(self).run_queued());
                }
            }
            Err(refusal) => self.responder.refuse(to, caller, &refusal),
        }
    }

    /// Starts the queued calls. A call that does not end at its first poll continues in a task of its own.
    async fn run_queued(self: Arc<Self>) {
        let mut turn = Turn::default();
        let mut now = Instant::now();
        // Calls that end at their first poll share one allocation.
        let mut slot: Option<ReusableBoxFuture<'_, ()>> = None;
        while let Some(call) = self.queue.next(now) {
            let future = Arc::clone(&self).run(call);
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
                    for call in self.queue.take_all() {
                        tokio::spawn(Arc::clone(&self).run(call));
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
        if self.queue.claim_if_stalled(Instant::now()) {
            tokio::spawn(Arc::clone(self).run_queued());
        }
    }

    /// Runs a call and reports its outcome. Not an `async fn`, which would store its arguments twice.
    fn run(self: Arc<Self>, Queued { call, to }: Queued<R>) -> impl Future<Output = ()> + Send {
        let AdmittedCall { guard, params, tracker_token } = call;
        async move {
            let outcome = self.dispatcher.run(&guard, params).await;
            self.responder.finish(to, guard.connection(), outcome).await;
            // The call keeps its place until its outcome has room in the transport: so the limits on calls in flight
            // also bound the queued replies.
            guard.finish();
            drop(tracker_token);
        }
    }
}
