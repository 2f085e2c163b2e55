//! Logs panics as events, instead of printing them between the log's lines.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::future::Future;
use std::panic::{self, PanicHookInfo};
use std::pin::pin;
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::engine::dispatcher::panic_message;
use crate::error::shown_within;
use crate::log_rate_limiter::KeyedLogRateLimiter;

/// The target of events that are logged regardless of `RUST_LOG`: panics, and the reason why the program ends.
pub(super) const ALWAYS: &str = "centrifugo_rpc::run";

const LOG_INTERVAL: Duration = Duration::from_secs(5);

/// The number of panics at one place that are logged per interval.
const BURST: u32 = 10;

/// Keyed by the place in the code, so the number of keys is bounded whatever callers send.
static PANICS: LazyLock<KeyedLogRateLimiter<String>> = LazyLock::new(|| KeyedLogRateLimiter::new(LOG_INTERVAL, BURST));

/// Installs a panic hook that logs panics; it replaces the hook installed before.
pub(super) fn log() {
    panic::set_hook(Box::new(log_panic));
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let location = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let Some(suppressed) = PANICS.allow(&location) else { return };
    let message = &*shown_within(panic_message(panic.payload()), 4096);
    let thread = thread::current();
    let thread = thread.name();
    // Costs nothing unless RUST_BACKTRACE is set.
    let backtrace = Backtrace::capture();
    let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
    tracing::error!(target: ALWAYS, location, thread, panic = message, backtrace, suppressed, "panicked");
}

/// Runs `work`. Reports suppressed panics every interval, and the rest at the end.
pub(super) async fn told<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    let mut ticks = interval(LOG_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let done = loop {
        tokio::select! {
            done = &mut work => break done,
            _ = ticks.tick() => tell(PANICS.take_overdue()),
        }
    };
    tell(PANICS.take_suppressed());
    done
}

fn tell(panics: Vec<(String, u64)>) {
    for (location, suppressed) in panics {
        tracing::error!(target: ALWAYS, location, suppressed, "more panics");
    }
}
