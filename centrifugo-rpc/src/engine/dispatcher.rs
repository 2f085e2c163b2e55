//! Admits calls, runs them to their end, and drains them.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use tokio::time::{Instant, sleep_until};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tracing::Instrument;

use super::in_flight::{CallGuard, InFlight, Limit, Rejection};
use super::incoming::{CallId, Incoming};
use super::layers::LayerStack;
use super::refused::Refused;
use super::responder::Refusal;
use super::telemetry::{Panicked, Telemetry};
use crate::config::Config;
use crate::error::{RpcError, shown};
use crate::service::call::{Call, Reply};
use crate::service::connection::{Caller, Connection};
use crate::service::contract::Served;
use crate::service::method::Method;
use crate::service::registry::Registry;
use crate::service::states::States;

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
    /// True while the worker shuts down: new calls are refused.
    draining: AtomicBool,
    /// True once the shutdown timeout has passed: the remaining calls are cut off.
    stopped: AtomicBool,
    telemetry: Arc<Telemetry>,
}

#[derive(Debug)]
struct Limits {
    call_timeout: Duration,
    max_params_bytes: usize,
    max_result_bytes: usize,
}

/// A call that was admitted and has not started.
#[derive(Debug)]
pub(crate) struct AdmittedCall {
    pub(super) guard: CallGuard,
    pub(super) params: Option<Bytes>,
    /// Keeps [`Dispatcher::wait_idle`] waiting.
    pub(super) tracker_token: TaskTrackerToken,
}

impl Dispatcher {
    pub(crate) fn new(
        config: &Config,
        registry: Registry,
        states: States,
        layers: LayerStack,
        telemetry: Arc<Telemetry>,
    ) -> Self {
        Self {
            registry,
            states,
            layers,
            limits: Limits {
                call_timeout: config.call_timeout,
                max_params_bytes: config.max_params_bytes,
                max_result_bytes: config.max_result_bytes,
            },
            in_flight: InFlight::new(config.max_concurrent_calls, config.max_concurrent_calls_per_user),
            tasks: TaskTracker::new(),
            draining: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            telemetry,
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

    /// Returns whether calls of this method may run again after the death of their worker.
    pub(crate) fn is_idempotent(&self, method: &str) -> bool {
        self.registry.get(method).is_some_and(|method| method.options.idempotent)
    }

    pub(crate) fn telemetry(&self) -> &Arc<Telemetry> {
        &self.telemetry
    }

    /// Runs a call in the task of its caller. Dropping the future cancels the call.
    pub(crate) async fn call(&self, call: Incoming<'_>) -> Result<Reply, RpcError> {
        let AdmittedCall { guard, params, tracker_token } = self.admit(call).map_err(|refusal| match refusal {
            Refusal::Error(error) => error,
            Refusal::Duplicate => RpcError::overloaded("the same call is running already"),
        })?;
        let outcome = self.run(&guard, params).await;
        guard.finish();
        drop(tracker_token);
        outcome
    }

    /// Admits a call to the calls in flight. A refused call is counted and reported to the application, unless its
    /// duplicate is in flight.
    pub(crate) fn admit(&self, call: Incoming<'_>) -> Result<AdmittedCall, Refusal> {
        let Incoming { caller, method: name, params, timeout, received, age, traceparent, id } = call;
        let refused = |error, limit: Option<Limit>| {
            self.record_refused(caller, &name, &error, limit);
            Refusal::Error(error)
        };
        let method = self.check(&name, params.as_ref()).map_err(|error| refused(error, None))?;
        // A call that waited for longer than its timeout before it arrived has ended already.
        let left = self.timeout_of(method, timeout).checked_sub(age).filter(|left| !left.is_zero());
        let left = left.ok_or_else(|| refused(RpcError::deadline_exceeded(), None))?;
        let correlation_id = id.as_ref().map(|id| Arc::clone(&id.correlation_id));
        let connection = Connection::new(Arc::clone(caller), method.name, correlation_id, traceparent, received + left);
        match self.in_flight.admit(method, connection, id) {
            Ok(guard) => Ok(AdmittedCall { guard, params, tracker_token: self.tasks.token() }),
            Err(Rejection::Overloaded(limit, error)) => Err(refused(error, Some(limit))),
            Err(Rejection::Duplicate) => Err(Refusal::Duplicate),
        }
    }

    /// Counts and logs a refused call, and notifies the application. Layers see only calls that start: refusals come in
    /// floods and must cost next to nothing.
    fn record_refused(&self, caller: &Caller, method: &str, error: &RpcError, limit: Option<Limit>) {
        self.telemetry.call_refused(caller, method, error, limit);
        self.notify_application(caller, method, error);
    }

    /// Records a call that its transport refuses.
    pub(crate) fn record_rejected(&self, caller: &Caller, method: &str, error: &RpcError) {
        self.record_refused(caller, method, error, None);
    }

    /// Notifies the application of a refusal that was counted and logged otherwise.
    pub(crate) fn notify_application(&self, caller: &Caller, method: &str, error: &RpcError) {
        let known = || self.registry.get(method).map(|method| method.name);
        if !self.layers.notify_refused(|| Refused { caller, method, known: known(), error }) {
            self.telemetry.hook_panicked();
        }
    }

    /// Checks everything that does not depend on the calls in flight.
    fn check(&self, method: &str, params: Option<&Bytes>) -> Result<&'static Method, RpcError> {
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

    /// The timeout of a call of the method with this name, which may not exist.
    pub(crate) fn timeout(&self, method: &str, asked: Option<Duration>) -> Duration {
        self.registry.get(method).map_or(self.limits.call_timeout, |method| self.timeout_of(method, asked))
    }

    /// Cancels the call with this identity if it is in flight.
    pub(crate) fn cancel(&self, id: &CallId) {
        self.in_flight.cancel(id);
    }

    /// Runs one call until it ends, in any way, and logs the outcome.
    ///
    /// Not an `async fn`, which would store the instrumented future twice: every call is as large as this future.
    pub(super) fn run<'a>(
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

    /// Waits for calls that started while [`drain`](Self::drain) ended. To be called when no more calls are
    /// admitted.
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

/// The message of a panic.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let message = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    message.unwrap_or("with a value that is no message")
}
