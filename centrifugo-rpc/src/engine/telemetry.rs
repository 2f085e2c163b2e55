//! Counts and logs the events of calls. Every event is counted; the log is rate-limited, so that callers cannot fill
//! it.
//!
//! Params, results and secrets are never logged. Text from callers is logged on one line and truncated.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::in_flight::Limit;
use crate::error::codes;
use crate::error::{RpcError, shown, shown_causes};
use crate::log_rate_limiter::{KeyedLogRateLimiter, LogRateLimiter};
use crate::service::call::Reply;
use crate::service::connection::{Caller, Connection};

/// The interval of the rate limit for each kind of event: short enough to notice the event, long enough not to fill a
/// disk.
const LOG_INTERVAL: Duration = Duration::from_secs(5);

/// The number of failed calls of one method logged per interval. The first ones show the cause; the later ones would
/// only show the frequency.
const FAILURES: u32 = 10;

/// The interval at which the totals are logged if there were failures since.
const SUMMARY_INTERVAL: Duration = Duration::from_secs(60);

/// A handler panicked, with this message.
#[derive(Debug)]
pub(super) struct Panicked(pub String);

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the handler panicked: {}", self.0)
    }
}

impl StdError for Panicked {}

#[derive(Debug)]
pub(crate) struct Telemetry {
    /// Started calls.
    calls: AtomicU64,
    /// Calls that ended with an internal error.
    failed: AtomicU64,
    /// Notifications that ended with any other error.
    failed_notifications: AtomicU64,
    /// Requests without an answer, by reason.
    dropped: Mutex<BTreeMap<&'static str, u64>>,
    /// Calls refused before they started, by error code.
    refused: Mutex<BTreeMap<u16, u64>>,
    /// Outcomes that did not reach their callers.
    lost: AtomicU64,
    /// Requests of other workers that this one did not retain.
    not_retained: AtomicU64,
    limits: KeyedLogRateLimiter<Limit>,
    /// By method and whether it panicked: a handler that often fails must not hide that it panics.
    failures: KeyedLogRateLimiter<(&'static str, bool)>,
    /// By method.
    notification_failures: KeyedLogRateLimiter<&'static str>,
    hook_panics: LogRateLimiter,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            calls: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            failed_notifications: AtomicU64::new(0),
            dropped: Mutex::default(),
            refused: Mutex::default(),
            lost: AtomicU64::new(0),
            not_retained: AtomicU64::new(0),
            limits: KeyedLogRateLimiter::new(LOG_INTERVAL, 1),
            failures: KeyedLogRateLimiter::new(LOG_INTERVAL, FAILURES),
            notification_failures: KeyedLogRateLimiter::new(LOG_INTERVAL, FAILURES),
            hook_panics: LogRateLimiter::new(LOG_INTERVAL),
        }
    }
}

impl Telemetry {
    pub(super) fn call_started(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// Logs one event per call, except for failures beyond the rate limit.
    pub(super) fn call_ended(&self, connection: &Connection, outcome: &Result<Reply, RpcError>, duration: Duration) {
        // Repeated in the event, because the span is disabled when only warnings are logged.
        let (method, user) = (connection.method(), connection.user());
        match outcome {
            Ok(_) => tracing::debug!(method, user = &*shown(user), outcome = "ok", ?duration, "call finished"),
            Err(error) if error.code() == codes::INTERNAL => self.call_failed(method, &shown(user), error, duration),
            Err(error) => {
                tracing::debug!(method, user = &*shown(user), outcome = error.code(), ?duration, "call finished");
                if error.code() == codes::OVERLOADED {
                    self.call_overloaded(Limit::Application(method), method, connection.user(), connection.client());
                }
            }
        }
    }

    fn call_failed(&self, method: &'static str, user: &str, error: &RpcError, duration: Duration) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        let (outcome, source) = (error.code(), StdError::source(error));
        let panicked = source.is_some_and(<dyn StdError>::is::<Panicked>);
        let cause = source.map(shown_causes);
        if let Some(suppressed) = self.failures.allow(&(method, panicked)) {
            tracing::error!(method, user, outcome, ?duration, cause, suppressed, "call failed");
        } else {
            tracing::debug!(method, user, outcome, ?duration, cause, "call failed");
        }
    }

    /// Records a notification that started and ended with this error. Only the log shows it, because a notification has
    /// no reply.
    pub(crate) fn notification_failed(&self, connection: &Connection, error: &RpcError) {
        let (method, outcome) = (connection.method(), error.code());
        // [`call_ended`](Self::call_ended) has logged these.
        if matches!(outcome, codes::INTERNAL | codes::OVERLOADED) {
            return;
        }
        self.failed_notifications.fetch_add(1, Ordering::Relaxed);
        if let Some(suppressed) = self.notification_failures.allow(&method) {
            let (user, client) = (&*shown(connection.user()), &*shown(connection.client()));
            // The message of a params error quotes the params, which are not logged.
            let error = (outcome != codes::INVALID_PARAMS).then(|| shown(error.message()).into_owned());
            tracing::warn!(method, user, client, outcome, error, suppressed, "a notification failed");
        }
    }

    /// Records a call that did not start. `limit` is the limit that it exceeded, if any.
    pub(super) fn call_refused(&self, caller: &Caller, method: &str, error: &RpcError, limit: Option<Limit>) {
        *lock(&self.refused).entry(error.code()).or_default() += 1;
        // The arguments are evaluated within the macro, so that a disabled event costs nothing: refusals come in
        // floods.
        tracing::debug!(
            user = &*shown(&caller.user),
            client = &*shown(&caller.client),
            method = &*shown(method),
            code = error.code(),
            error = &*shown(error.message()),
            "refused"
        );
        if let Some(limit) = limit {
            self.call_overloaded(limit, method, &caller.user, &caller.client);
        }
    }

    /// Records a panic of the application's hook for refused calls. The call is refused all the same.
    pub(super) fn hook_panicked(&self) {
        if let Some(suppressed) = self.hook_panics.allow() {
            tracing::error!(suppressed, "the hook of `on_refused` panicked: a refused call was not reported to it");
        }
    }

    fn call_overloaded(&self, limit: Limit, method: &str, user: &str, client: &str) {
        if let Some(suppressed) = self.limits.allow(&limit) {
            let (limit, method) = (limit.as_str(), &*shown(method));
            let (user, client) = (&*shown(user), &*shown(client));
            tracing::warn!(limit, method, user, client, suppressed, "a call was refused with 429: a limit is reached");
        }
    }

    /// Counts a request that gets no answer, by the reason.
    pub(crate) fn request_dropped(&self, reason: &'static str) {
        *lock(&self.dropped).entry(reason).or_default() += 1;
    }

    /// Counts outcomes that will not reach their callers.
    pub(crate) fn replies_lost(&self, count: u64) {
        self.lost.fetch_add(count, Ordering::Relaxed);
    }

    /// The number of outcomes that did not reach their callers.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Counts requests of other workers that this worker could not answer if their worker died.
    pub(crate) fn requests_not_retained(&self, count: u64) {
        self.not_retained.fetch_add(count, Ordering::Relaxed);
    }

    /// The number of requests of other workers that this worker could not answer if their worker died.
    pub(crate) fn not_retained(&self) -> u64 {
        self.not_retained.load(Ordering::Relaxed)
    }

    /// Periodically logs suppressed events that would otherwise be reported only with the next event of the same kind,
    /// and calls `others` to do the same. Never returns. Dropping this future stops it.
    pub(crate) async fn run(&self, others: impl Fn()) {
        let mut ticks = interval(LOG_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut logged, mut elapsed) = (Totals::default(), Duration::ZERO);
        loop {
            ticks.tick().await;
            log_suppressed(
                self.limits.take_overdue(),
                self.failures.take_overdue(),
                self.notification_failures.take_overdue(),
            );
            others();
            elapsed += LOG_INTERVAL;
            if elapsed >= SUMMARY_INTERVAL {
                elapsed = Duration::ZERO;
                let totals = self.totals();
                if totals.has_more_failures_than(&logged) {
                    let Totals { calls, failed, unanswered, refused, dropped, not_retained, .. } = &totals;
                    tracing::info!(calls, failed, unanswered, refused, dropped, not_retained, "since the start");
                }
                logged = totals;
            }
        }
    }

    /// Logs all suppressed events and the totals.
    pub(super) fn log_totals(&self, left: usize) {
        log_suppressed(
            self.limits.take_suppressed(),
            self.failures.take_suppressed(),
            self.notification_failures.take_suppressed(),
        );
        let Totals { calls, failed, unanswered, refused, dropped, not_retained, .. } = self.totals();
        if left == 0 {
            tracing::info!(calls, failed, unanswered, refused, dropped, not_retained, "all calls have ended");
        } else {
            tracing::error!(
                left,
                calls,
                failed,
                unanswered,
                refused,
                dropped,
                not_retained,
                "calls that do not end are given up: they block their threads"
            );
        }
    }

    /// The number of requests that ran, were refused or were dropped.
    #[cfg(test)]
    pub(crate) fn handled(&self) -> u64 {
        let totals = self.totals();
        totals.calls + totals.all_failures
    }

    fn totals(&self) -> Totals {
        let (refused, dropped) = (lock(&self.refused).clone(), lock(&self.dropped).clone());
        let (failed, unanswered) =
            (self.failed.load(Ordering::Relaxed), self.failed_notifications.load(Ordering::Relaxed));
        Totals {
            calls: self.calls.load(Ordering::Relaxed),
            failed,
            unanswered,
            all_failures: failed + unanswered + refused.values().sum::<u64>() + dropped.values().sum::<u64>(),
            not_retained: self.not_retained(),
            refused: listed(refused),
            dropped: listed(dropped),
        }
    }
}

#[derive(Debug, Default)]
struct Totals {
    calls: u64,
    failed: u64,
    unanswered: u64,
    refused: String,
    dropped: String,
    not_retained: u64,
    /// The number of all failures.
    all_failures: u64,
}

impl Totals {
    fn has_more_failures_than(&self, before: &Self) -> bool {
        self.all_failures > before.all_failures
    }
}

fn lock<T>(counts: &Mutex<T>) -> MutexGuard<'_, T> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Formats the counts that are not 0: `404: 3, 429: 17`.
fn listed(counts: impl IntoIterator<Item = (impl fmt::Display, u64)>) -> String {
    let counts = counts.into_iter().filter(|(_, count)| *count > 0);
    let counts: Vec<_> = counts.map(|(what, count)| format!("{what}: {count}")).collect();
    if counts.is_empty() { "0".to_owned() } else { counts.join(", ") }
}

fn log_suppressed(
    limits: Vec<(Limit, u64)>,
    failures: Vec<((&'static str, bool), u64)>,
    unanswered: Vec<(&'static str, u64)>,
) {
    for (limit, suppressed) in limits {
        let method = match limit {
            Limit::CallsOfMethod(method) | Limit::Application(method) => Some(method),
            Limit::Calls | Limit::CallsOfUser => None,
        };
        tracing::warn!(limit = limit.as_str(), method, suppressed, "more calls were refused with 429");
    }
    for ((method, panicked), suppressed) in failures {
        tracing::error!(method, panicked, suppressed, "more calls failed");
    }
    for (method, suppressed) in unanswered {
        tracing::warn!(method, suppressed, "more notifications failed");
    }
}
