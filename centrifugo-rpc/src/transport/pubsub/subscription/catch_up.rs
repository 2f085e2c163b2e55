//! Reads the publications that the subscription could not recover from the server API's history.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::Shared;
use crate::centrifugo::api::Api;
use crate::centrifugo::api_error::ApiErrorKind;
use crate::centrifugo::backoff::Backoff;
use crate::sdk::codes;
use crate::transport::pubsub::stream::Missing;

/// The number of publications per page: at most 32 MiB, with the largest that callers can publish.
const PAGE: u32 = 500;

/// The number of retries while the history belongs to another stream than the subscription. Centrifugo notifies its
/// subscribers of a new stream within seconds; publications still missing after that were in the old one.
const OTHER_STREAM_TRIES: u32 = 20;

/// Fills gaps forever.
pub(super) async fn run(shared: Arc<Shared>, api: Api) {
    loop {
        shared.gap.notified().await;
        fill(&shared, &api).await;
    }
}

async fn fill(shared: &Shared, api: &Api) {
    let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
    let mut page = PAGE;
    let mut other_stream = 0;
    while let Some(Missing { since, until }) = shared.missing() {
        let limit = u32::try_from(until - since.offset).unwrap_or(u32::MAX).min(page);
        let error = match api.history(&shared.channel, limit, Some(&since)).await {
            Ok(publications) => {
                shared.filled(&since, publications);
                backoff.reset();
                page = page.saturating_mul(2).min(PAGE);
                continue;
            }
            Err(error) => error,
        };
        match error.kind() {
            // A single publication that is not JSON makes every page with it unreadable.
            ApiErrorKind::Unreadable if limit > 1 => page = limit / 2,
            ApiErrorKind::Unreadable => shared.unreadable(&since),
            ApiErrorKind::Refused(codes::UNRECOVERABLE_POSITION) if other_stream < OTHER_STREAM_TRIES => {
                other_stream += 1;
                sleep(backoff.next()).await;
            }
            ApiErrorKind::Refused(_) if !error.is_temporary() => {
                tracing::error!(channel = shared.channel, %error, "the history cannot be read");
                shared.give_up();
            }
            kind => {
                if kind == ApiErrorKind::Unreachable {
                    // The page may be too large for the timeout of a request.
                    page = (limit / 2).max(1);
                }
                if let Some(suppressed) = shared.log.allow() {
                    tracing::warn!(suppressed, channel = shared.channel, %error, "the history cannot be read now, trying again");
                }
                sleep(backoff.next()).await;
            }
        }
    }
}
