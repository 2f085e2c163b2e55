//! Subscribing, with the recovery of what was missed.

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

/// A client asks to be refused rather than subscribed with a gap.
const REJECT_UNRECOVERED: i64 = 1 << 1;

/// What a subscription is allowed to be.
#[allow(clippy::struct_excessive_bools)] // Independent switches of a channel.
#[derive(Debug, Default)]
pub(in super::super) struct Terms {
    /// The part of the client's info that holds for this channel only.
    pub(in super::super) info: Bytes,
    /// Comes with the reply.
    pub(in super::super) data: Bytes,
    /// In Unix seconds; 0 is never.
    pub(in super::super) expires: i64,
    pub(in super::super) presence: bool,
    pub(in super::super) join_leave: bool,
    pub(in super::super) push_join_leave: bool,
    pub(in super::super) positioned: bool,
    pub(in super::super) recoverable: bool,
}

impl Broker {
    /// Subscribes a connection and answers it; then those who are to hear it, this connection among them, hear that it
    /// joined.
    ///
    /// # Errors
    ///
    /// The token expired, or the client wants no subscription with a gap.
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
        let mut result = SubscribeResult {
            data: terms.data,
            was_recovering: request.recover,
            ..Default::default()
        };
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
        self.channels
            .entry(channel.clone())
            .or_default()
            .insert(client.to_owned(), subscription);
        if let Some(connection) = self.connections.get_mut(client) {
            connection.channels.insert(channel.clone());
        }
        self.send(
            client,
            &Reply {
                id,
                subscribe: Some(result),
                ..Reply::default()
            },
        );
        if terms.join_leave && self.is_subscribed(client, channel) {
            let push = Push {
                channel: channel.clone(),
                join: Some(Presence { info }),
                ..Push::default()
            };
            self.broadcast(push, |subscription| subscription.hears);
            self.settle();
        }
        Ok(())
    }

    /// Fills in where the stream is and, if the client asks and it can be done without a gap, what it missed.
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
            // Centrifugo looks at the stream, which counts as using it.
            return stream.read(&Filter::default(), now).map(drop);
        }
        let since = Some(StreamPosition {
            offset: request.offset,
            epoch: request.epoch.clone(),
        });
        let limit = if recovery_limit > 0 {
            recovery_limit
        } else {
            -1
        };
        let missed = stream
            .read(
                &Filter {
                    since,
                    limit,
                    reverse: false,
                },
                now,
            )
            .ok()
            .filter(|missed| {
                missed
                    .first()
                    .map_or(top.offset == request.offset, |first| {
                        request.offset.checked_add(1) == Some(first.offset)
                    })
                    && missed.last().is_none_or(|last| last.offset == top.offset)
            });
        if let Some(missed) = missed {
            result.recovered = true;
            // Where the client was: it counts on from there through the publications.
            result.offset = request.offset;
            result.publications = missed
                .iter()
                .map(|publication| (**publication).clone())
                .collect();
        } else if request.flag & REJECT_UNRECOVERED != 0 {
            return Err(codes::UNRECOVERABLE_POSITION);
        }
        Ok(())
    }
}
