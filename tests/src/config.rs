//! The Centrifugo configuration that the protocol needs.

use serde_json::{Map, Value, json};

use crate::unique;

/// Returns the options of `docs/protocol.md`, with a secret and an API key that no other server has.
#[must_use]
pub fn protocol() -> Value {
    json!({
        "client": {
            "token": {"hmac_secret_key": unique("secret")},
            "allowed_origins": ["*"],
        },
        "http_api": {"key": unique("key")},
        "channel": {"namespaces": [
            {
                "name": "rpc",
                "channel_regex": "^requests$",
                "allow_publish_for_client": true,
                "history_size": 10_000,
                "history_ttl": "60s",
                "force_recovery": true,
                "presence": true,
                "join_leave": true,
                "force_push_join_leave": true,
            },
            {
                "name": "reply",
                "channel_regex": "^[A-Za-z0-9_-]{16,64}#[^,#]*$",
                "allow_user_limited_channels": true,
                "history_size": 128,
                "history_ttl": "60s",
                "force_recovery": true,
            },
        ]},
    })
}

/// Sets the members of `changes` in `config`: objects are merged, everything else is replaced.
#[must_use]
pub fn with(mut config: Value, changes: Value) -> Value {
    merge(&mut config, changes);
    config
}

fn merge(config: &mut Value, changes: Value) {
    match changes {
        Value::Object(changes) => {
            if !config.is_object() {
                *config = Value::Object(Map::new());
            }
            for (name, value) in changes {
                merge(&mut config[name], value);
            }
        }
        value => *config = value,
    }
}
