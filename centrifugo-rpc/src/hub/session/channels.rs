//! Commands about channels.

use super::{
    super::{
        auth::{self, Refused},
        broker::{Keep, Terms},
        codes,
        permissions::{Caller, Rules, needs_token},
        protocol::{
            ChannelRequest, HistoryRequest, HistoryResult, Ignored, PresenceResult, PresenceStatsResult,
            PublishRequest, Reply, SubRefreshRequest, SubRefreshResult, SubscribeRequest,
        },
        stream::Filter,
    },
    Failure, Session, seconds,
};

impl Session {
    pub(super) fn subscribe(&self, id: u32, request: &SubscribeRequest) -> Result<(), Failure> {
        let channel = named(&request.channel)?;
        match request.r#type {
            0 => {}
            // Map subscriptions, which no namespace of the hub allows.
            1..=3 => return Err(codes::PERMISSION_DENIED.into()),
            4 => return Err(codes::NOT_AVAILABLE.into()),
            _ => return Err(codes::SERVER_ERROR.into()),
        }
        if !request.delta.is_empty() && request.delta != "fossil" {
            return Err(codes::MALFORMED.into());
        }
        let settings = &self.hub.settings;
        if settings.channel_max_length > 0 && channel.len() > settings.channel_max_length {
            return Err(codes::BAD_REQUEST.into());
        }
        {
            let broker = self.hub.broker();
            if broker.is_subscribed(&self.id, channel) {
                return Err(codes::ALREADY_SUBSCRIBED.into());
            }
            if settings.channel_limit > 0 && broker.subscription_count(&self.id) >= settings.channel_limit {
                return Err(codes::LIMIT_EXCEEDED.into());
            }
        }
        let rules = self.rules(channel)?;
        let terms = self.terms(request, rules)?;
        if request.tf.is_some() {
            return Err(codes::BAD_REQUEST.into());
        }
        let mut broker = self.hub.broker();
        Ok(broker.subscribe(&self.id, id, request, terms, settings.recovery_limit)?)
    }

    /// The terms of a subscription, or the reason why it is not allowed.
    fn terms(&self, request: &SubscribeRequest, rules: &Rules) -> Result<Terms, Failure> {
        let channel = &request.channel;
        let user = self.user().unwrap_or_default();
        let options = &rules.options;
        let mut terms = Terms {
            presence: options.presence,
            join_leave: options.join_leave,
            push_join_leave: options.force_push_join_leave,
            positioned: options.force_positioning,
            recoverable: options.force_recovery,
            ..Terms::default()
        };
        if request.token.is_empty() {
            if needs_token(channel) || !rules.allows_subscribe(channel, &user) {
                return Err(codes::PERMISSION_DENIED.into());
            }
        } else {
            let grant = match auth::verify_subscription(&request.token, &self.hub.settings.token_secret) {
                Ok(grant) => grant,
                Err(Refused::Expired) => return Err(codes::TOKEN_EXPIRED.into()),
                Err(Refused::Invalid) => return Err(codes::PERMISSION_DENIED.into()),
            };
            if self.hub.settings.rules(&grant.channel).is_none() {
                return Err(codes::UNKNOWN_CHANNEL.into());
            }
            if grant.channel != *channel || grant.user != user || !self.is_meant(&grant.client) {
                return Err(codes::INVALID_TOKEN.into());
            }
            terms.info = grant.info;
            terms.data = grant.data;
            terms.expires = grant.expires;
        }
        let caller = Caller { user: &user, subscribed: true };
        let history = rules.allows_history(caller);
        terms.positioned |= request.positioned && (options.allow_positioning || history);
        terms.recoverable |= request.recoverable && (options.allow_recovery || history);
        terms.push_join_leave |= request.join_leave && options.join_leave && rules.allows_presence(caller);
        Ok(terms)
    }

    pub(super) fn sub_refresh(&self, id: u32, request: &SubRefreshRequest) -> Result<(), Failure> {
        let channel = named(&request.channel)?;
        if !self.hub.broker().is_subscribed(&self.id, channel) {
            return Err(codes::PERMISSION_DENIED.into());
        }
        if request.token.is_empty() {
            return Err(codes::BAD_REQUEST.into());
        }
        let grant = match auth::verify_subscription(&request.token, &self.hub.settings.token_secret) {
            Ok(grant) if grant.channel != channel => return Err(codes::INVALID_TOKEN.into()),
            Ok(grant) if self.user().is_some_and(|user| user != grant.user) => {
                return Err(codes::INVALID_TOKEN.into());
            }
            Ok(grant) if !self.is_meant(&grant.client) => return Err(codes::INVALID_TOKEN.into()),
            Ok(grant) => grant,
            Err(Refused::Invalid) => return Err(codes::INVALID_TOKEN.into()),
            // Centrifugo answers as if the token had no expiry.
            Err(Refused::Expired) => auth::Grant::default(),
        };
        let mut result = SubRefreshResult::default();
        if grant.expires > 0 {
            let ttl = grant.expires - auth::now();
            if ttl < 0 {
                return Err(codes::EXPIRED.into());
            }
            (result.expires, result.ttl) = (true, seconds(ttl));
        }
        self.hub.broker().refresh_subscription(&self.id, channel, grant.info, grant.expires);
        self.reply(&Reply { id, sub_refresh: Some(result), ..Reply::default() });
        Ok(())
    }

    pub(super) fn unsubscribe(&self, id: u32, request: &ChannelRequest) -> Result<(), Failure> {
        let channel = named(&request.channel)?;
        let mut broker = self.hub.broker();
        broker.unsubscribe(&self.id, channel);
        broker.send(&self.id, &Reply { id, unsubscribe: Some(Ignored {}), ..Reply::default() });
        Ok(())
    }

    pub(super) fn publish(&self, id: u32, request: PublishRequest) -> Result<(), Failure> {
        let channel = named(&request.channel)?;
        let rules = self.rules(channel)?;
        if request.r#type != 0 {
            return Err(codes::PERMISSION_DENIED.into());
        }
        if !rules.allows_data(&request.data) {
            return Err(codes::BAD_REQUEST.into());
        }
        if !self.allowed(channel, |caller| rules.allows_publish(caller)) {
            return Err(codes::PERMISSION_DENIED.into());
        }
        let keep = keep(rules);
        self.hub.broker().publish_from(&self.id, id, channel, request.data, keep);
        Ok(())
    }

    pub(super) fn presence(&self, id: u32, request: &ChannelRequest) -> Result<(), Failure> {
        let channel = self.may_read_presence(request)?;
        let presence = self.hub.broker().presence(channel);
        self.reply(&Reply { id, presence: Some(PresenceResult { presence }), ..Reply::default() });
        Ok(())
    }

    pub(super) fn presence_stats(&self, id: u32, request: &ChannelRequest) -> Result<(), Failure> {
        let channel = self.may_read_presence(request)?;
        let stats = PresenceStatsResult::of(&self.hub.broker().presence(channel));
        self.reply(&Reply { id, presence_stats: Some(stats), ..Reply::default() });
        Ok(())
    }

    pub(super) fn history(&self, id: u32, request: HistoryRequest) -> Result<(), Failure> {
        let channel = named(&request.channel)?;
        let rules = self.rules(channel)?;
        if !rules.options.has_history() {
            return Err(codes::NOT_AVAILABLE.into());
        }
        if !self.allowed(channel, |caller| rules.allows_history(caller)) {
            return Err(codes::PERMISSION_DENIED.into());
        }
        let most = self.hub.settings.history_limit;
        let limit = if most > 0 && !(0..=most).contains(&request.limit) { most } else { request.limit };
        let filter = Filter { since: request.since, limit, reverse: request.reverse };
        let (publications, position) = self.hub.broker().history(channel, &filter)?;
        let history = HistoryResult {
            publications: publications.iter().map(|publication| (**publication).clone()).collect(),
            epoch: position.epoch,
            offset: position.offset,
        };
        self.reply(&Reply { id, history: Some(history), ..Reply::default() });
        Ok(())
    }

    fn may_read_presence<'a>(&self, request: &'a ChannelRequest) -> Result<&'a str, Failure> {
        let channel = named(&request.channel)?;
        let rules = self.rules(channel)?;
        if !rules.options.presence {
            return Err(codes::NOT_AVAILABLE.into());
        }
        if !self.allowed(channel, |caller| rules.allows_presence(caller)) {
            return Err(codes::PERMISSION_DENIED.into());
        }
        Ok(channel)
    }

    fn rules(&self, channel: &str) -> Result<&Rules, Failure> {
        let (rules, rest) = self.hub.settings.rules(channel).ok_or(codes::UNKNOWN_CHANNEL)?;
        if rules.allows_name(rest, channel) { Ok(rules) } else { Err(codes::BAD_REQUEST.into()) }
    }

    fn allowed(&self, channel: &str, rule: impl FnOnce(Caller<'_>) -> bool) -> bool {
        let broker = self.hub.broker();
        broker.connection(&self.id).is_some_and(|connection| {
            rule(Caller { user: &connection.user, subscribed: broker.is_subscribed(&self.id, channel) })
        })
    }

    fn is_meant(&self, client: &str) -> bool {
        client.is_empty() || client == self.id
    }
}

fn named(channel: &str) -> Result<&str, Failure> {
    if channel.is_empty() { Err(codes::MALFORMED.into()) } else { Ok(channel) }
}

/// The retention of publications in a channel.
pub(in super::super) fn keep(rules: &Rules) -> Option<Keep> {
    let options = &rules.options;
    options.has_history().then_some(Keep { size: options.history_size, ttl: options.history_ttl })
}
