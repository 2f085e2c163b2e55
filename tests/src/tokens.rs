//! JWTs for tests, valid and invalid.

use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

/// Mints HS256 tokens with one secret.
#[derive(Debug, Clone)]
pub struct Tokens {
    secret: String,
}

impl Tokens {
    /// Signs with `secret`, which may differ from the server's.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        Self { secret: secret.to_owned() }
    }

    /// Returns a connection token of `user`, valid for an hour.
    #[must_use]
    pub fn connection(&self, user: &str) -> String {
        self.of(&json!({"sub": user, "exp": in_seconds(3600), "iat": in_seconds(0)}))
    }

    /// Returns a connection token of `user` that carries `info`, valid for an hour.
    #[must_use]
    pub fn connection_with_info(&self, user: &str, info: &Value) -> String {
        self.of(&json!({"sub": user, "exp": in_seconds(3600), "iat": in_seconds(0), "info": info}))
    }

    /// Returns a subscription token of `user` for `channel`, valid for an hour.
    #[must_use]
    pub fn subscription(&self, user: &str, channel: &str) -> String {
        self.of(&json!({"sub": user, "channel": channel, "exp": in_seconds(3600), "iat": in_seconds(0)}))
    }

    /// Returns a token with exactly these claims.
    #[must_use]
    pub fn of(&self, claims: &Value) -> String {
        let key = EncodingKey::from_secret(self.secret.as_bytes());
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key).expect("claims are JSON")
    }
}

/// Returns the time `seconds` from now, or before now if negative, as claims hold it.
#[must_use]
pub fn in_seconds(seconds: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("now is after 1970").as_secs();
    i64::try_from(now).expect("now is in range") + seconds
}
