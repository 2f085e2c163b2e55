//! Publications that failed and are sent again.

use std::future::pending;
use std::mem;

use tokio::time::{Instant, sleep_until};

use super::{FIRST_RETRY, LAST_RETRY, Outcome};
use crate::centrifugo::backoff::Backoff;
use crate::transport::pubsub::replies::publication::Publication;
use crate::transport::pubsub::replies::queue::MAX_COUNT;

/// Publications to send again, all at the same time, after a pause that grows while they fail.
#[derive(Debug)]
pub(super) struct Retries<'q> {
    publications: Vec<Publication<'q>>,
    /// The time of the next attempt. `None` if there is nothing to retry.
    at: Option<Instant>,
    backoff: Backoff,
    /// True if no other replies are sent before the next attempt.
    exclusive: bool,
}

impl<'q> Retries<'q> {
    pub(super) fn new() -> Self {
        Self { publications: Vec::new(), at: None, backoff: Backoff::new(FIRST_RETRY, LAST_RETRY), exclusive: false }
    }

    /// Keeps a publication for the next attempt.
    pub(super) fn push(&mut self, publication: Publication<'q>) {
        self.publications.push(publication);
    }

    /// Keeps the publications for the next attempt.
    pub(super) fn append(&mut self, publications: &mut Vec<Publication<'q>>) {
        self.publications.append(publications);
    }

    /// Schedules the next attempt after a request with this outcome. Replies that fail individually do not hold up other
    /// callers' replies, unless they fill a request.
    pub(super) fn schedule(&mut self, outcome: &Outcome) {
        let failed = *outcome == Outcome::Failed;
        if self.publications.is_empty() {
            self.backoff.reset();
            self.at = None;
        } else if self.at.is_none() || failed {
            self.at = Some(Instant::now() + self.backoff.next());
        }
        self.exclusive = self.at.is_some() && (failed || self.publications.len() >= MAX_COUNT);
    }

    /// Returns whether the next attempt comes before any other request.
    pub(super) fn are_exclusive(&self) -> bool {
        self.exclusive
    }

    /// Waits for the time of the next attempt and takes the publications. Waits forever if there are none. Dropping this
    /// future takes nothing.
    pub(super) async fn due(&mut self) -> Vec<Publication<'q>> {
        let Some(at) = self.at else { return pending().await };
        sleep_until(at).await;
        self.at = None;
        mem::take(&mut self.publications)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt;

    use super::*;
    use crate::transport::pubsub::replies::pending_reply::PendingReply;

    fn publication() -> Publication<'static> {
        PendingReply::new("reply:0123456789abcdef#42", b"1".to_vec(), Instant::now() + Duration::from_secs(60)).into()
    }

    /// The time until the next attempt.
    async fn pause(retries: &mut Retries<'_>) -> Duration {
        let began = Instant::now();
        assert!(!retries.due().await.is_empty());
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn the_pause_grows_until_nothing_fails() {
        let mut retries = Retries::new();
        assert!(retries.due().now_or_never().is_none(), "there is nothing to retry");
        let mut pauses = Vec::new();
        for _ in 0..8 {
            retries.push(publication());
            retries.schedule(&Outcome::Failed);
            pauses.push(pause(&mut retries).await);
        }
        assert!(pauses[0] <= FIRST_RETRY && pauses[7] > LAST_RETRY / 4 && pauses[7] <= LAST_RETRY, "{pauses:?}");
        retries.schedule(&Outcome::Answered);
        retries.push(publication());
        retries.schedule(&Outcome::Failed);
        assert!(pause(&mut retries).await <= FIRST_RETRY);
    }

    #[tokio::test(start_paused = true)]
    async fn single_failures_let_other_replies_pass_and_keep_their_time() {
        let mut retries = Retries::new();
        retries.push(publication());
        retries.schedule(&Outcome::Answered);
        assert!(!retries.are_exclusive());
        let at = retries.at;
        retries.push(publication());
        retries.schedule(&Outcome::Answered);
        assert_eq!((retries.at, retries.are_exclusive()), (at, false), "others went in between");
        for _ in 0..MAX_COUNT {
            retries.push(publication());
        }
        retries.schedule(&Outcome::Answered);
        assert!(retries.are_exclusive(), "they fill a request");
        assert_eq!(retries.due().await.len(), MAX_COUNT + 2);
        retries.push(publication());
        retries.schedule(&Outcome::Failed);
        assert!(retries.are_exclusive(), "the next request would fail too");
    }
}
