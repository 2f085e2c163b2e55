//! Publishing, reading history, and removing expired history.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use tokio::time::Instant;

use super::{
    super::{
        codes::ErrorCode,
        protocol::{ClientInfo, Ignored, Publication, Push, Reply, StreamPosition},
        stream::{Filter, Stream},
    },
    Broker,
};

/// The time that the result of a publication with an idempotency key is kept.
const RESULT_TTL: Duration = Duration::from_secs(300);
/// The number of such results that are kept.
const MAX_RESULTS: usize = 65_536;
/// The number of idle channels whose stream position is kept although their history is empty. Centrifugo has no such
/// limit; it keeps positions for `history_meta_ttl`.
const MAX_IDLE_STREAMS: usize = 65_536;

/// A publication to be made.
#[derive(Debug, Default)]
pub(in super::super) struct Draft {
    pub(in super::super) data: Bytes,
    pub(in super::super) info: Option<ClientInfo>,
    pub(in super::super) tags: BTreeMap<String, String>,
}

/// The retention of a publication in the history.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Keep {
    pub(in super::super) size: usize,
    pub(in super::super) ttl: Duration,
}

/// Results of publications by channel and idempotency key.
#[derive(Debug, Default)]
pub(super) struct Results {
    positions: HashMap<(String, String), StreamPosition>,
    order: VecDeque<(Instant, (String, String))>,
}

impl Results {
    fn get(&mut self, channel: &str, key: &str, now: Instant) -> Option<StreamPosition> {
        self.expire(now);
        self.positions.get(&(channel.to_owned(), key.to_owned())).cloned()
    }

    fn put(&mut self, channel: &str, key: &str, position: StreamPosition, now: Instant) {
        let key = (channel.to_owned(), key.to_owned());
        self.order.push_back((now + RESULT_TTL, key.clone()));
        self.positions.insert(key, position);
    }

    fn expire(&mut self, now: Instant) {
        while self.order.len() > MAX_RESULTS || self.order.front().is_some_and(|(expires, _)| *expires <= now) {
            if let Some((_, key)) = self.order.pop_front() {
                self.positions.remove(&key);
            }
        }
    }
}

impl Broker {
    /// Publishes to all subscribers, and adds the publication to the history if `keep` is set.
    pub(in super::super) fn publish(
        &mut self,
        channel: &str,
        draft: Draft,
        keep: Option<Keep>,
        key: &str,
    ) -> StreamPosition {
        let now = Instant::now();
        if !key.is_empty()
            && let Some(position) = self.results.get(channel, key, now)
        {
            return position;
        }
        let position = self.spread(channel, draft, keep, now);
        if !key.is_empty() {
            self.results.put(channel, key, position.clone(), now);
        }
        self.settle();
        position
    }

    /// Publishes for a client. If the client is subscribed, it gets its own publication before its reply.
    pub(in super::super) fn publish_from(
        &mut self,
        client: &str,
        id: u32,
        channel: &str,
        data: Bytes,
        keep: Option<Keep>,
    ) {
        let Some(info) = self.info(client, channel) else {
            return;
        };
        let draft = Draft { data, info: Some(info), ..Draft::default() };
        self.spread(channel, draft, keep, Instant::now());
        self.send(client, &Reply { id, publish: Some(Ignored {}), ..Reply::default() });
    }

    fn spread(&mut self, channel: &str, draft: Draft, keep: Option<Keep>, now: Instant) -> StreamPosition {
        let Draft { data, info, tags } = draft;
        let mut publication = Publication { data, info, tags, ..Publication::default() };
        let mut position = StreamPosition::default();
        if let Some(keep) = keep {
            let stream = self.stream(channel, now);
            publication = Publication::clone(&stream.add(publication, keep.size, keep.ttl, now));
            position = stream.position();
        }
        self.broadcast(Push { channel: channel.to_owned(), r#pub: Some(publication), ..Push::default() }, |_| true);
        position
    }

    /// Reads the history of a channel and the current position of its stream.
    ///
    /// # Errors
    ///
    /// A position that cannot be read from.
    pub(in super::super) fn history(
        &mut self,
        channel: &str,
        filter: &Filter,
    ) -> Result<(Vec<Arc<Publication>>, StreamPosition), ErrorCode> {
        let now = Instant::now();
        let stream = self.stream(channel, now);
        Ok((stream.read(filter, now)?, stream.position()))
    }

    pub(in super::super) fn remove_history(&mut self, channel: &str) {
        if let Some(stream) = self.streams.get_mut(channel) {
            stream.clear();
        }
    }

    /// Removes expired state. Called periodically, so that unused channels go away.
    pub(in super::super) fn sweep(&mut self, meta_ttl: impl Fn(&str) -> Duration) {
        let now = Instant::now();
        self.results.expire(now);
        let channels = &self.channels;
        let idle_since =
            |channel: &String, stream: &Stream| stream.idle_since().filter(|_| !channels.contains_key(channel));
        self.streams.retain(|channel, stream| {
            stream.expire(now);
            idle_since(channel, stream).is_none_or(|since| now.duration_since(since) < meta_ttl(channel))
        });
        if self.streams.len() <= MAX_IDLE_STREAMS {
            return;
        }
        let mut idle: Vec<_> = self
            .streams
            .iter()
            .filter_map(|(channel, stream)| Some((idle_since(channel, stream)?, channel.clone())))
            .collect();
        if let Some(excess) = idle.len().checked_sub(MAX_IDLE_STREAMS) {
            idle.sort_unstable();
            for (_, channel) in idle.drain(..excess) {
                self.streams.remove(&channel);
            }
        }
    }

    pub(super) fn stream(&mut self, channel: &str, now: Instant) -> &mut Stream {
        self.streams.entry(channel.to_owned()).or_insert_with(|| Stream::new(now))
    }
}
