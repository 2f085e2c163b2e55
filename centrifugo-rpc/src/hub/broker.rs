//! All state of the hub: connections, subscriptions and streams.
//!
//! The broker is behind one lock and never waits, so all events of a channel have one order. Each subscriber's view
//! (its reply, then later publications) follows from that order alone.

mod publish;
mod subscribe;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use bytes::Bytes;

pub(super) use publish::{Draft, Keep};
pub(super) use subscribe::Terms;

use super::{
    codec::{Codec, NotJson},
    codes::{self, Disconnect, Unsubscribed},
    outbox::Outbox,
    protocol::{ClientInfo, Presence, Push, Reply, Unsubscribe},
    stream::Stream,
};

#[derive(Debug, Default)]
pub(super) struct Broker {
    connections: HashMap<String, Connection>,
    users: HashMap<String, HashSet<String>>,
    channels: HashMap<String, HashMap<String, Subscription>>,
    streams: HashMap<String, Stream>,
    results: publish::Results,
    /// Connections found to be unusable during another operation.
    failing: Vec<(String, Disconnect)>,
}

/// An authenticated connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) user: String,
    pub(super) info: Bytes,
    pub(super) codec: Codec,
    pub(super) outbox: Arc<Outbox>,
    channels: HashSet<String>,
}

#[derive(Debug)]
struct Subscription {
    codec: Codec,
    outbox: Arc<Outbox>,
    /// The part of the client's info that applies to this channel only.
    info: Bytes,
    presence: Option<ClientInfo>,
    announces: bool,
    hears: bool,
    /// Unix seconds; 0 means never.
    expires: i64,
}

/// The numbers of clients, users, channels and subscriptions.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) clients: usize,
    pub(super) users: usize,
    pub(super) channels: usize,
    pub(super) subscriptions: usize,
}

/// The connections that a server API request selects.
#[derive(Debug, Default)]
pub(super) struct Selection {
    pub(super) user: String,
    /// Selects every user if no user is named.
    pub(super) all_users: bool,
    /// Selects only this connection, unless empty.
    pub(super) client: String,
    /// Connections never selected.
    pub(super) whitelist: Vec<String>,
}

impl Broker {
    pub(super) fn connect(&mut self, client: &str, user: String, info: Bytes, codec: Codec, outbox: Arc<Outbox>) {
        self.users.entry(user.clone()).or_default().insert(client.to_owned());
        let connection = Connection { user, info, codec, outbox, channels: HashSet::new() };
        self.connections.insert(client.to_owned(), connection);
    }

    /// The connection, unless it has ended.
    pub(super) fn connection(&self, client: &str) -> Option<&Connection> {
        self.connections.get(client)
    }

    pub(super) fn set_info(&mut self, client: &str, info: Bytes) {
        if let Some(connection) = self.connections.get_mut(client) {
            connection.info = info;
        }
    }

    /// The info of `client` that other subscribers of `channel` see.
    pub(super) fn info(&self, client: &str, channel: &str) -> Option<ClientInfo> {
        let connection = self.connections.get(client)?;
        let subscription = self.subscription(client, channel);
        Some(ClientInfo {
            user: connection.user.clone(),
            client: client.to_owned(),
            conn_info: connection.info.clone(),
            chan_info: subscription.map(|subscription| subscription.info.clone()).unwrap_or_default(),
        })
    }

    /// Sends a reply to one connection.
    pub(super) fn send(&mut self, client: &str, reply: &Reply) {
        if let Some(connection) = self.connections.get(client) {
            let sent = connection.codec.encode(reply);
            self.deliver(client, &Arc::clone(&connection.outbox), sent);
            self.settle();
        }
    }

    /// Ends a connection: it leaves its channels, and gets the reason.
    pub(super) fn disconnect(&mut self, client: &str, disconnect: &Disconnect) {
        self.failing.push((client.to_owned(), disconnect.clone()));
        self.settle();
    }

    pub(super) fn disconnect_selected(&mut self, selection: &Selection, disconnect: &Disconnect) {
        for client in self.select(selection) {
            self.disconnect(&client, disconnect);
        }
    }

    /// Ends a subscription at its client's request.
    pub(super) fn unsubscribe(&mut self, client: &str, channel: &str) {
        self.leave(client, channel);
        self.settle();
    }

    /// Ends subscriptions without their clients' request, and notifies the clients, subscribed or not.
    pub(super) fn unsubscribe_selected(&mut self, selection: &Selection, channel: &str) {
        for client in self.select(selection) {
            self.revoke(&client, channel, codes::UNSUBSCRIBED_BY_SERVER);
        }
    }

    /// Ends a connection's subscriptions that expired before `limit`, in Unix seconds.
    pub(super) fn revoke_expired(&mut self, client: &str, limit: i64) {
        let Some(connection) = self.connections.get(client) else {
            return;
        };
        let expired: Vec<_> = connection
            .channels
            .iter()
            .filter(|channel| {
                let expires = self.subscription(client, channel).map_or(0, |subscription| subscription.expires);
                expires > 0 && expires < limit
            })
            .cloned()
            .collect();
        for channel in expired {
            self.revoke(client, &channel, codes::SUBSCRIPTION_EXPIRED);
        }
    }

    pub(super) fn is_subscribed(&self, client: &str, channel: &str) -> bool {
        self.subscription(client, channel).is_some()
    }

    pub(super) fn subscription_count(&self, client: &str) -> usize {
        self.connections.get(client).map_or(0, |connection| connection.channels.len())
    }

    /// Renews a subscription.
    pub(super) fn refresh_subscription(&mut self, client: &str, channel: &str, info: Bytes, expires: i64) {
        let subscriptions = self.channels.get_mut(channel);
        if let Some(subscription) = subscriptions.and_then(|subscriptions| subscriptions.get_mut(client)) {
            subscription.info = info;
            subscription.expires = expires;
        }
    }

    /// The clients present in a channel that keeps presence.
    pub(super) fn presence(&self, channel: &str) -> BTreeMap<String, ClientInfo> {
        let present = self.channels.get(channel).into_iter().flatten();
        present.filter_map(|(client, subscription)| Some((client.clone(), subscription.presence.clone()?))).collect()
    }

    /// The channels with subscribers, and the number of subscribers of each.
    pub(super) fn channels(&self) -> impl Iterator<Item = (&str, usize)> {
        self.channels.iter().map(|(channel, subscriptions)| (channel.as_str(), subscriptions.len()))
    }

    pub(super) fn counts(&self) -> Counts {
        Counts {
            clients: self.connections.len(),
            users: self.users.len(),
            channels: self.channels.len(),
            subscriptions: self.channels.values().map(HashMap::len).sum(),
        }
    }

    fn subscription(&self, client: &str, channel: &str) -> Option<&Subscription> {
        self.channels.get(channel)?.get(client)
    }

    fn select(&self, selection: &Selection) -> Vec<String> {
        let matches = |client: &&String| {
            (selection.client.is_empty() || selection.client == **client) && !selection.whitelist.contains(client)
        };
        if selection.user.is_empty() && selection.all_users {
            return self.connections.keys().filter(matches).cloned().collect();
        }
        self.users.get(&selection.user).into_iter().flatten().filter(matches).cloned().collect()
    }

    fn revoke(&mut self, client: &str, channel: &str, why: Unsubscribed) {
        self.leave(client, channel);
        let unsubscribe = Some(Unsubscribe { code: why.code, reason: why.reason.to_owned() });
        let push = Push { channel: channel.to_owned(), unsubscribe, ..Push::default() };
        self.send(client, &Reply { push: Some(push), ..Reply::default() });
    }

    /// Removes a subscription and notifies the remaining subscribers.
    fn leave(&mut self, client: &str, channel: &str) {
        let info = self.info(client, channel);
        if let Some(connection) = self.connections.get_mut(client) {
            connection.channels.remove(channel);
        }
        let Some(subscriptions) = self.channels.get_mut(channel) else {
            return;
        };
        let Some(subscription) = subscriptions.remove(client) else {
            return;
        };
        if subscriptions.is_empty() {
            self.channels.remove(channel);
        } else if subscription.announces {
            let push = Push { channel: channel.to_owned(), leave: Some(Presence { info }), ..Push::default() };
            self.broadcast(push, |subscription| subscription.hears);
        }
    }

    /// Sends a push to the matching subscribers of its channel, encoded once per codec.
    fn broadcast(&mut self, push: Push, to: impl Fn(&Subscription) -> bool) {
        let Some(subscriptions) = self.channels.get(&push.channel) else {
            return;
        };
        let reply = Reply { push: Some(push), ..Reply::default() };
        let (mut json, mut protobuf) = (None, None);
        let mut failing = Vec::new();
        for (client, subscription) in subscriptions.iter().filter(|(_, subscription)| to(subscription)) {
            let encoded = match subscription.codec {
                Codec::Json => &mut json,
                Codec::Protobuf => &mut protobuf,
            };
            let encoded = encoded.get_or_insert_with(|| subscription.codec.encode(&reply));
            let disconnect = match encoded {
                Ok(encoded) if subscription.outbox.push(encoded.clone()).is_ok() => continue,
                Ok(_) => codes::SLOW,
                Err(NotJson) => codes::INAPPROPRIATE_PROTOCOL,
            };
            failing.push((client.clone(), disconnect));
        }
        self.failing.append(&mut failing);
    }

    fn deliver(&mut self, client: &str, outbox: &Outbox, encoded: Result<Bytes, NotJson>) {
        match encoded.map(|encoded| outbox.push(encoded)) {
            Ok(Ok(())) => {}
            Ok(Err(_)) => self.failing.push((client.to_owned(), codes::SLOW)),
            Err(NotJson) => self.failing.push((client.to_owned(), codes::INAPPROPRIATE_PROTOCOL)),
        }
    }

    /// Ends the failing connections. Their leave events may overflow other connections, which then end too.
    fn settle(&mut self) {
        while let Some((client, disconnect)) = self.failing.pop() {
            let Some(connection) = self.connections.get(&client) else {
                continue;
            };
            for channel in connection.channels.clone() {
                self.leave(&client, &channel);
            }
            let Some(connection) = self.connections.remove(&client) else {
                continue;
            };
            if let Some(clients) = self.users.get_mut(&connection.user) {
                clients.remove(&client);
                if clients.is_empty() {
                    self.users.remove(&connection.user);
                }
            }
            connection.outbox.close(disconnect);
        }
    }
}

#[cfg(test)]
mod tests;
