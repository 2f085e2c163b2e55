//! Subscribing, with recovery of missed publications.

use bytes::Bytes;
use tokio::time::Instant;

use super::{
    super::{
        auth,
        codes::{self, ErrorCode},
        protocol::{Presence, Push, Reply, StreamPosition, SubscribeRequest, SubscribeResult},
        stream::Filter,
    },
    Broker, Subscription,
};

/// The flag of a client that prefers an error to a subscription with a gap.
const REJECT_UNRECOVERED: i64 = 1 << 1;

/// The properties and permissions of a subscription.
#[allow(clippy::struct_excessive_bools)] // Independent switches of a channel.
#[derive(Debug, Default)]
pub(in super::super) struct Terms {
    /// The part of the client's info that applies to this channel only.
    pub(in super::super) info: Bytes,
    /// Sent with the reply.
    pub(in super::super) data: Bytes,
    /// Unix seconds; 0 means never.
    pub(in super::super) expires: i64,
    pub(in super::super) presence: bool,
    pub(in super::super) join_leave: bool,
    pub(in super::super) push_join_leave: bool,
    pub(in super::super) positioned: bool,
    pub(in super::super) recoverable: bool,
}

impl Broker {
    /// Subscribes a connection and sends its reply. Then subscribers that receive join events, this connection among
    /// them, get the join event.
    ///
    /// # Errors
    ///
    /// An expired token, or a gap that the client does not accept.
    pub(in super::super) fn subscribe(
        &mut self,
        client: &str,
        id: u32,
        request: &SubscribeRequest,
        terms: Terms,
        recovery_limit: i32,
    ) -> Result<(), ErrorCode> {
        let channel = &request.channel;
        let Some(connection) = self.connections.get(client) else {
            return Ok(());
        };
        let (codec, outbox) = (connection.codec, connection.outbox.clone());
        let mut result = SubscribeResult { data: terms.data, was_recovering: request.recover, ..Default::default() };
        if terms.expires > 0 {
            let ttl = u32::try_from(terms.expires - auth::now()).unwrap_or(0);
            if ttl == 0 {
                return Err(codes::EXPIRED);
            }
            (result.expires, result.ttl) = (true, ttl);
        }
        if terms.positioned || terms.recoverable {
            result.positioned = true;
            result.recoverable = terms.recoverable;
            self.position(request, recovery_limit, &mut result)?;
        }
        let mut info = self.info(client, channel);
        if let Some(info) = &mut info {
            info.chan_info = terms.info.clone();
        }
        let subscription = Subscription {
            codec,
            outbox,
            info: terms.info,
            presence: if terms.presence { info.clone() } else { None },
            announces: terms.join_leave,
            hears: terms.push_join_leave,
            expires: terms.expires,
        };
        self.channels.entry(channel.clone()).or_default().insert(client.to_owned(), subscription);
        if let Some(connection) = self.connections.get_mut(client) {
            connection.channels.insert(channel.clone());
        }
        self.send(client, &Reply { id, subscribe: Some(result), ..Reply::default() });
        if terms.join_leave && self.is_subscribed(client, channel) {
            let push = Push { channel: channel.clone(), join: Some(Presence { info }), ..Push::default() };
            self.broadcast(push, |subscription| subscription.hears);
            self.settle();
        }
        Ok(())
    }

    /// Fills in the stream position and, if the client asks for recovery and recovery leaves no gap, the missed
    /// publications.
    fn position(
        &mut self,
        request: &SubscribeRequest,
        recovery_limit: i32,
        result: &mut SubscribeResult,
    ) -> Result<(), ErrorCode> {
        let now = Instant::now();
        let stream = self.stream(&request.channel, now);
        let top = stream.position();
        result.epoch = top.epoch;
        result.offset = top.offset;
        if !(result.recoverable && request.recover) {
            // Centrifugo reads the stream here, which counts as use.
            return stream.read(&Filter::default(), now).map(drop);
        }
        let since = Some(StreamPosition { offset: request.offset, epoch: request.epoch.clone() });
        let limit = if recovery_limit > 0 { recovery_limit } else { -1 };
        let missed = stream.read(&Filter { since, limit, reverse: false }, now).ok().filter(|missed| {
            missed
                .first()
                .map_or(top.offset == request.offset, |first| request.offset.checked_add(1) == Some(first.offset))
                && missed.last().is_none_or(|last| last.offset == top.offset)
        });
        if let Some(missed) = missed {
            result.recovered = true;
            // The client's own position: the client counts on from there through the publications.
            result.offset = request.offset;
            result.publications = missed.iter().map(|publication| (**publication).clone()).collect();
        } else if request.flag & REJECT_UNRECOVERED != 0 {
            return Err(codes::UNRECOVERABLE_POSITION);
        }
        Ok(())
    }
}
