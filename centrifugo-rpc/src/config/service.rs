//! The channels of a configured service.

use super::Config;
use crate::channels::Channels;

impl Config {
    /// Sets [`service`](Self#structfield.service), the service's name.
    /// [`request_channel`](Self#structfield.request_channel) and [`reply_namespace`](Self#structfield.reply_namespace)
    /// follow from it unless they were set to something else: for `billing` they become `billing_rpc:requests` and
    /// `billing_reply`.
    #[must_use]
    pub fn service(mut self, service: impl Into<String>) -> Self {
        let (before, service) = (Channels::of(self.service.as_deref()), service.into());
        let Channels { requests, replies } = Channels::of(Some(&service));
        if self.request_channel == before.requests {
            self.request_channel = requests;
        }
        if self.reply_namespace == before.replies {
            self.reply_namespace = replies;
        }
        self.service = Some(service);
        self
    }

    /// Fills in the channels that the deserialized input left out.
    pub(super) fn with_channels(mut self) -> Self {
        let Channels { requests, replies } = Channels::of(self.service.as_deref());
        for (channel, default) in [(&mut self.request_channel, requests), (&mut self.reply_namespace, replies)] {
            if channel.is_empty() {
                *channel = default;
            }
        }
        self
    }

    #[cfg(feature = "codegen")]
    pub(crate) fn channels(&self) -> Channels {
        Channels { requests: self.request_channel.clone(), replies: self.reply_namespace.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channels(config: &Config) -> (&str, &str) {
        (&config.request_channel, &config.reply_namespace)
    }

    #[test]
    fn channels_follow_the_name_unless_they_were_set() {
        let config = Config::new("k", "s");
        assert_eq!(channels(&config), ("rpc:requests", "reply"));
        let billing = config.clone().service("billing");
        assert_eq!(channels(&billing), ("billing_rpc:requests", "billing_reply"));
        billing.check().expect("it can work");
        assert_eq!(channels(&billing.clone().service("shop")), ("shop_rpc:requests", "shop_reply"));
        let own = config.request_channel("own:calls").service("billing");
        assert_eq!(channels(&own), ("own:calls", "billing_reply"));
        assert_eq!(channels(&billing.reply_namespace("reply")), ("billing_rpc:requests", "reply"));
    }

    #[test]
    fn channels_follow_a_name_that_serde_reads() {
        let read = |more: &str| {
            let text = format!(r#"{{"centrifugo_api_key":"k","centrifugo_token_hmac_secret":"s"{more}}}"#);
            serde_json::from_str::<Config>(&text).expect("a config")
        };
        assert_eq!(channels(&read("")), ("rpc:requests", "reply"));
        assert_eq!(channels(&read(r#","service":"billing""#)), ("billing_rpc:requests", "billing_reply"));
        let own = read(r#","request_channel":"rpc:requests","service":"billing""#);
        assert_eq!(channels(&own), ("rpc:requests", "billing_reply"));
    }

    #[test]
    fn a_name_that_cannot_begin_a_namespace_is_refused() {
        for name in ["", "Billing", "1st", "a-b", "a.b", "a:b", "\u{e4}", &"a".repeat(33)] {
            let error = Config::new("k", "s").service(name).check().expect_err(name).to_string();
            assert!(error.contains("CENTRIFUGO_RPC_SERVICE") && error.contains("`billing`"), "{error}");
        }
    }
}
