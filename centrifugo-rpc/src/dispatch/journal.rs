//! What dispatch counts and logs: everything is counted, and nothing that callers do fills the log.
//!
//! Never params, results or secrets; what callers chose is shown in one line and shortened.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::intake::Reason;
use super::running::Limit;
use crate::connection::{Caller, Connection};
use crate::error::{RpcError, shown, shown_causes};
use crate::handler::Reply;
use crate::protocol::codes;
use crate::throttle::{Throttle, Throttles};

/// How often each kind of trouble is logged: often enough to be seen, too seldom to fill a disk.
const LOG_INTERVAL: Duration = Duration::from_secs(5);

/// How many failed calls of one method are logged in that time. The first ones tell what is wrong, all others only how often.
const FAILURES: u32 = 10;

/// How often the totals are logged, if there was any trouble since.
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
pub(super) struct Journal {
    /// Calls that began.
    calls: AtomicU64,
    /// Those that ended with an internal error.
    failed: AtomicU64,
    /// Notifications that ended with any other error.
    unanswered: AtomicU64,
    dropped: [AtomicU64; Reason::ALL.len()],
    /// What was refused before it began, by its code.
    refused: Mutex<BTreeMap<u16, u64>>,
    drops: Throttles<Reason>,
    limits: Throttles<Limit>,
    /// By method, and whether it panicked: a handler that often fails must not hide that it panics.
    failures: Throttles<(&'static str, bool)>,
    /// By method.
    errors_unanswered: Throttles<&'static str>,
    hook_panics: Throttle,
}

impl Journal {
    pub(super) fn new() -> Self {
        Self {
            calls: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            unanswered: AtomicU64::new(0),
            dropped: Default::default(),
            refused: Mutex::default(),
            drops: Throttles::new(LOG_INTERVAL, 1),
            limits: Throttles::new(LOG_INTERVAL, 1),
            failures: Throttles::new(LOG_INTERVAL, FAILURES),
            errors_unanswered: Throttles::new(LOG_INTERVAL, FAILURES),
            hook_panics: Throttle::new(LOG_INTERVAL),
        }
    }

    pub(super) fn began(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// One event per call, except for failures that come too often.
    pub(super) fn ended(&self, connection: &Connection, outcome: &Result<Reply, RpcError>, duration: Duration) {
        // Repeated in the event: the span is not there where only warnings are on.
        let (method, user) = (connection.method(), connection.user());
        match outcome {
            Ok(_) => tracing::debug!(method, user = &*shown(user), outcome = "ok", ?duration, "call finished"),
            Err(error) if error.code() == codes::INTERNAL => self.failed(method, &shown(user), error, duration),
            Err(error) => {
                tracing::debug!(method, user = &*shown(user), outcome = error.code(), ?duration, "call finished");
                if error.code() == codes::OVERLOADED {
                    self.overloaded(Limit::Application(method), method, connection.user(), connection.client());
                }
            }
        }
    }

    fn failed(&self, method: &'static str, user: &str, error: &RpcError, duration: Duration) {
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

    /// A notification that began and ended with this error, which nobody is told but the log.
    pub(super) fn unanswered(&self, connection: &Connection, error: &RpcError) {
        let (method, outcome) = (connection.method(), error.code());
        // Of these `ended` has told.
        if matches!(outcome, codes::INTERNAL | codes::OVERLOADED) {
            return;
        }
        self.unanswered.fetch_add(1, Ordering::Relaxed);
        if let Some(suppressed) = self.errors_unanswered.allow(&method) {
            let (user, client) = (&*shown(connection.user()), &*shown(connection.client()));
            // What is wrong with params is said in their own words.
            let error = (outcome != codes::INVALID_PARAMS).then(|| shown(error.message()).into_owned());
            tracing::warn!(method, user, client, outcome, error, suppressed, "a notification failed");
        }
    }

    /// A call that did not begin; `limit` is the one that it met.
    pub(super) fn refused(&self, caller: &Caller, method: &str, error: &RpcError, limit: Option<Limit>) {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner).entry(error.code()).or_default() += 1;
        // Within the macro, so that it costs nothing where it is not logged: refusals come in floods.
        tracing::debug!(
            user = &*shown(&caller.user),
            client = &*shown(&caller.client),
            method = &*shown(method),
            code = error.code(),
            error = &*shown(error.message()),
            "refused"
        );
        if let Some(limit) = limit {
            self.overloaded(limit, method, &caller.user, &caller.client);
        }
    }

    /// The application's hook for refused calls panicked; the call was refused all the same.
    pub(super) fn hook_panicked(&self) {
        if let Some(suppressed) = self.hook_panics.allow() {
            tracing::error!(suppressed, "the hook of `on_refused` panicked: it was not told of a refused call");
        }
    }

    fn overloaded(&self, limit: Limit, method: &str, user: &str, client: &str) {
        if let Some(suppressed) = self.limits.allow(&limit) {
            let (limit, method) = (limit.as_str(), &*shown(method));
            let (user, client) = (&*shown(user), &*shown(client));
            tracing::warn!(limit, method, user, client, suppressed, "a call was refused with 429: a limit is reached");
        }
    }

    /// A publication that nobody is told about, but the log.
    pub(super) fn dropped(&self, reason: Reason, caller: &Caller, error: Option<&RpcError>) {
        self.dropped[reason as usize].fetch_add(1, Ordering::Relaxed);
        if let Some(suppressed) = self.drops.allow(&reason) {
            let (user, client) = (&*shown(&caller.user), &*shown(&caller.client));
            let error = error.map(|error| shown(error.message()).into_owned());
            let reason = reason.as_str();
            tracing::warn!(reason, user, client, error, suppressed, "a publication in the request channel was dropped");
        }
    }

    /// Tells, for ever, what would else be told only with the next trouble of its kind, and has others do the same. Dropping this
    /// future stops it.
    pub(super) async fn keep(&self, others: impl Fn()) {
        let mut ticks = interval(LOG_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut told, mut elapsed) = (Totals::default(), Duration::ZERO);
        loop {
            ticks.tick().await;
            tell(
                self.drops.overdue(),
                self.limits.overdue(),
                self.failures.overdue(),
                self.errors_unanswered.overdue(),
            );
            others();
            elapsed += LOG_INTERVAL;
            if elapsed >= SUMMARY_INTERVAL {
                elapsed = Duration::ZERO;
                let totals = self.totals();
                if totals.is_worse_than(&told) {
                    let Totals { calls, failed, unanswered, refused, dropped, .. } = &totals;
                    tracing::info!(calls, failed, unanswered, refused, dropped, "since the start");
                }
                told = totals;
            }
        }
    }

    /// Tells what was not told yet, and the totals.
    pub(super) fn close(&self, left: usize) {
        tell(self.drops.rest(), self.limits.rest(), self.failures.rest(), self.errors_unanswered.rest());
        let Totals { calls, failed, unanswered, refused, dropped, .. } = self.totals();
        if left == 0 {
            tracing::info!(calls, failed, unanswered, refused, dropped, "all calls have ended");
        } else {
            tracing::error!(
                left,
                calls,
                failed,
                unanswered,
                refused,
                dropped,
                "calls that do not end are given up: they block their threads"
            );
        }
    }

    /// How many requests ran, were refused or dropped.
    #[cfg(test)]
    pub(super) fn looked_at(&self) -> u64 {
        let totals = self.totals();
        totals.calls + totals.trouble
    }

    fn totals(&self) -> Totals {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let dropped =
            Reason::ALL.map(|reason| (reason.as_str(), self.dropped[reason as usize].load(Ordering::Relaxed)));
        let (failed, unanswered) = (self.failed.load(Ordering::Relaxed), self.unanswered.load(Ordering::Relaxed));
        Totals {
            calls: self.calls.load(Ordering::Relaxed),
            failed,
            unanswered,
            trouble: failed
                + unanswered
                + refused.values().sum::<u64>()
                + dropped.iter().map(|(_, count)| count).sum::<u64>(),
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
    /// All that went wrong.
    trouble: u64,
}

impl Totals {
    fn is_worse_than(&self, before: &Self) -> bool {
        self.trouble > before.trouble
    }
}

/// What is not 0, each with its number: `404: 3, 429: 17`.
fn listed(counts: impl IntoIterator<Item = (impl fmt::Display, u64)>) -> String {
    let counts = counts.into_iter().filter(|(_, count)| *count > 0);
    let counts: Vec<_> = counts.map(|(what, count)| format!("{what}: {count}")).collect();
    if counts.is_empty() { "0".to_owned() } else { counts.join(", ") }
}

fn tell(
    drops: Vec<(Reason, u64)>,
    limits: Vec<(Limit, u64)>,
    failures: Vec<((&'static str, bool), u64)>,
    unanswered: Vec<(&'static str, u64)>,
) {
    for (reason, suppressed) in drops {
        tracing::warn!(reason = reason.as_str(), suppressed, "more publications in the request channel were dropped");
    }
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
