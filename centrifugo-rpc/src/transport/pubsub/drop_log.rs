//! Counts and logs publications that cannot be answered.

use std::sync::Arc;
use std::time::Duration;

use super::decode::DropReason;
use crate::engine::telemetry::Telemetry;
use crate::error::{RpcError, shown};
use crate::log_rate_limiter::KeyedLogRateLimiter;
use crate::service::connection::Caller;

/// The minimum interval between log lines with the same reason. Each line has the number of publications.
const LOG_INTERVAL: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct DropLog {
    limiter: KeyedLogRateLimiter<DropReason>,
    telemetry: Arc<Telemetry>,
}

impl DropLog {
    pub(super) fn new(telemetry: Arc<Telemetry>) -> Self {
        Self { limiter: KeyedLogRateLimiter::new(LOG_INTERVAL, 1), telemetry }
    }

    /// Records a publication that is dropped without a reply.
    pub(super) fn record(&self, reason: DropReason, caller: &Caller, error: Option<&RpcError>) {
        self.telemetry.request_dropped(reason.as_str());
        if let Some(suppressed) = self.limiter.allow(&reason) {
            let (user, client) = (&*shown(&caller.user), &*shown(&caller.client));
            let error = error.map(|error| shown(error.message()).into_owned());
            let reason = reason.as_str();
            tracing::warn!(reason, user, client, error, suppressed, "a publication in the request channel was dropped");
        }
    }

    /// Logs suppressed events that would otherwise be reported only with the next event of the same kind.
    pub(super) fn log_overdue(&self) {
        log(self.limiter.take_overdue());
    }

    /// Logs all suppressed events.
    pub(super) fn log_suppressed(&self) {
        log(self.limiter.take_suppressed());
    }
}

fn log(drops: Vec<(DropReason, u64)>) {
    for (reason, suppressed) in drops {
        tracing::warn!(reason = reason.as_str(), suppressed, "more publications in the request channel were dropped");
    }
}
