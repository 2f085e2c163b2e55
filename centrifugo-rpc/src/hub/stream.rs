//! The history of one channel: numbered publications that expire together.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use tokio::time::Instant;
use uuid::Uuid;

use super::{
    codes::{self, ErrorCode},
    protocol::{Publication, StreamPosition},
};

/// The range of publications to read from a stream.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    /// After this position, or before it if `reverse` is set. `None`: from the first, or from the last.
    pub(super) since: Option<StreamPosition>,
    /// The most publications to return; a negative number means no limit.
    pub(super) limit: i32,
    pub(super) reverse: bool,
}

/// A stream with offsets from 1. The epoch changes when the position of a channel was lost.
#[derive(Debug)]
pub(super) struct Stream {
    epoch: String,
    top: u64,
    publications: VecDeque<Arc<Publication>>,
    expires: Option<Instant>,
    used: Instant,
}

impl Stream {
    pub(super) fn new(now: Instant) -> Self {
        Self { epoch: random_epoch(), top: 0, publications: VecDeque::new(), expires: None, used: now }
    }

    /// Numbers and adds a publication, and keeps at most `size` of them. Each one renews the time to live of all.
    pub(super) fn add(
        &mut self,
        mut publication: Publication,
        size: usize,
        ttl: Duration,
        now: Instant,
    ) -> Arc<Publication> {
        self.expire(now);
        self.used = now;
        self.top += 1;
        publication.offset = self.top;
        if self.top == 1 {
            publication.epoch.clone_from(&self.epoch);
        }
        let publication = Arc::new(publication);
        self.publications.push_back(Arc::clone(&publication));
        while self.publications.len() > size {
            self.publications.pop_front();
        }
        self.expires = now.checked_add(ttl);
        publication
    }

    pub(super) fn position(&self) -> StreamPosition {
        StreamPosition { offset: self.top, epoch: self.epoch.clone() }
    }

    /// The publications that `filter` selects.
    ///
    /// # Errors
    ///
    /// A position of another epoch, or one with nothing before it.
    pub(super) fn read(&mut self, filter: &Filter, now: Instant) -> Result<Vec<Arc<Publication>>, ErrorCode> {
        self.expire(now);
        self.used = now;
        let Some(since) = &filter.since else {
            return Ok(self.take(0..self.publications.len(), filter));
        };
        if filter.reverse && since.offset == 0 {
            return Err(codes::BAD_REQUEST);
        }
        if !since.epoch.is_empty() && since.epoch != self.epoch {
            return Err(codes::UNRECOVERABLE_POSITION);
        }
        let range = if filter.reverse { self.before(since.offset) } else { self.after(since.offset) };
        Ok(self.take(range, filter))
    }

    /// Removes the publications but keeps the position.
    pub(super) fn clear(&mut self) {
        self.publications = VecDeque::new();
        self.expires = None;
    }

    pub(super) fn expire(&mut self, now: Instant) {
        if self.expires.is_some_and(|expires| expires <= now) {
            self.clear();
        }
    }

    /// The last time of a read or write, if only the position is left.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        self.publications.is_empty().then_some(self.used)
    }

    fn first(&self) -> u64 {
        self.publications.front().map_or(self.top + 1, |publication| publication.offset)
    }

    /// The publications after `offset`; if some of them were removed, all that are left.
    fn after(&self, offset: u64) -> std::ops::Range<usize> {
        let length = self.publications.len();
        if offset >= self.top {
            return length..length;
        }
        let start = (offset + 1).saturating_sub(self.first());
        usize::try_from(start).unwrap_or(length).min(length)..length
    }

    /// The publications before `offset`; if that one was removed, none.
    fn before(&self, offset: u64) -> std::ops::Range<usize> {
        let last = offset.saturating_sub(1);
        if last > self.top || last < self.first() {
            return 0..0;
        }
        let end = usize::try_from(last - self.first() + 1).unwrap_or(usize::MAX);
        0..end.min(self.publications.len())
    }

    fn take(&self, range: std::ops::Range<usize>, filter: &Filter) -> Vec<Arc<Publication>> {
        let limit = usize::try_from(filter.limit).unwrap_or(usize::MAX);
        let publications = self.publications.range(range).cloned();
        if filter.reverse { publications.rev().take(limit).collect() } else { publications.take(limit).collect() }
    }
}

fn random_epoch() -> String {
    let random = Uuid::new_v4();
    random.as_bytes()[..5].iter().chain(&random.as_bytes()[9..12]).map(|byte| char::from(b'a' + byte % 26)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TTL: Duration = Duration::from_secs(60);
    const ALMOST: Duration = Duration::from_secs(59);

    fn filled(count: u64, size: usize) -> Stream {
        let mut stream = Stream::new(Instant::now());
        for _ in 0..count {
            stream.add(Publication::default(), size, TTL, Instant::now());
        }
        stream
    }

    fn offsets(stream: &mut Stream, since: Option<u64>, limit: i32, reverse: bool) -> Vec<u64> {
        let since = since.map(|offset| StreamPosition { offset, epoch: String::new() });
        let read = stream.read(&Filter { since, limit, reverse }, Instant::now()).expect("the position can be read");
        read.iter().map(|publication| publication.offset).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_is_read_from_both_ends_and_from_a_position() {
        let mut stream = filled(5, 3);
        assert_eq!(offsets(&mut stream, None, 0, false), [0; 0]);
        assert_eq!(offsets(&mut stream, None, -1, false), [3, 4, 5]);
        assert_eq!(offsets(&mut stream, None, 2, true), [5, 4]);
        assert_eq!(offsets(&mut stream, Some(3), 10, false), [4, 5]);
        assert_eq!(offsets(&mut stream, Some(5), 10, false), [0; 0]);
        assert_eq!(offsets(&mut stream, Some(9), 10, false), [0; 0]);
        assert_eq!(offsets(&mut stream, Some(0), 2, false), [3, 4], "what is left stands in for what was forgotten");
        assert_eq!(offsets(&mut stream, Some(5), 10, true), [4, 3]);
        assert_eq!(offsets(&mut stream, Some(3), 10, true), [0; 0]);
        assert_eq!(offsets(&mut stream, Some(6), 1, true), [5]);
        assert_eq!(offsets(&mut stream, Some(7), 1, true), [0; 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_position_of_another_epoch_cannot_be_read() {
        let mut stream = filled(2, 3);
        let since = Some(StreamPosition { offset: 1, epoch: "other".into() });
        let read = stream.read(&Filter { since, limit: -1, reverse: false }, Instant::now());
        assert_eq!(read, Err(codes::UNRECOVERABLE_POSITION));
        let since = Some(StreamPosition::default());
        assert_eq!(stream.read(&Filter { since, limit: 1, reverse: true }, Instant::now()), Err(codes::BAD_REQUEST));
    }

    #[tokio::test(start_paused = true)]
    async fn publications_expire_together_and_offsets_go_on() {
        let mut stream = filled(1, 10);
        let epoch = stream.position().epoch;
        tokio::time::advance(ALMOST).await;
        stream.add(Publication::default(), 10, TTL, Instant::now());
        tokio::time::advance(ALMOST).await;
        assert_eq!(offsets(&mut stream, None, -1, false), [1, 2]);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(offsets(&mut stream, None, -1, false), [0; 0]);
        assert!(stream.idle_since().is_some());
        assert_eq!(stream.add(Publication::default(), 10, TTL, Instant::now()).offset, 3);
        assert_eq!(stream.position(), StreamPosition { offset: 3, epoch });
    }
}
