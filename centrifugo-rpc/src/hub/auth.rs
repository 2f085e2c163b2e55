//! Tokens: authentication of connections and authorization of subscriptions.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::{Deserialize, de::DeserializeOwned};

use super::protocol::raw;

/// Centrifugo's own limit on a token's lifetime, enough for the tokens of this project. Later expiry times are clamped
/// to it.
const MAX_TTL: i64 = 365 * 24 * 3600;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Invalid,
    Expired,
}

/// The identity in a connection token.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) user: String,
    pub(super) info: Bytes,
    /// Unix seconds; 0 means never.
    pub(super) expires: i64,
}

/// The permissions in a subscription token.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) user: String,
    pub(super) channel: String,
    /// The only connection that may use the token; empty for any connection.
    pub(super) client: String,
    pub(super) info: Bytes,
    pub(super) data: Bytes,
    pub(super) expires: i64,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Claims {
    sub: String,
    exp: Option<Date>,
    nbf: Option<Date>,
    expire_at: Option<i64>,
    #[serde(deserialize_with = "raw")]
    info: Bytes,
    b64info: String,
    #[serde(deserialize_with = "raw")]
    data: Bytes,
    b64data: String,
    channel: String,
    client: String,
}

/// A number of seconds. Centrifugo also accepts it as a string.
#[derive(Deserialize)]
#[serde(untagged)]
enum Date {
    Number(f64),
    Text(String),
}

impl Date {
    fn seconds(&self) -> Result<f64, Refused> {
        match self {
            Self::Number(seconds) => Ok(*seconds),
            Self::Text(text) => text.parse().map_err(|_| Refused::Invalid),
        }
    }
}

/// Verifies a connection token.
///
/// # Errors
///
/// A token that is malformed, signed with another key, a subscription token, or expired.
pub(super) fn verify_connection(token: &str, secret: &str) -> Result<Identity, Refused> {
    let claims: Claims = verify(token, secret)?;
    if !claims.channel.is_empty() {
        return Err(Refused::Invalid);
    }
    claims.check_time()?;
    Ok(Identity { expires: claims.expires(), info: payload(&claims.b64info, claims.info)?, user: claims.sub })
}

/// Verifies a subscription token.
///
/// # Errors
///
/// A token that is malformed, signed with another key, without a channel, or expired.
pub(super) fn verify_subscription(token: &str, secret: &str) -> Result<Grant, Refused> {
    let claims: Claims = verify(token, secret)?;
    claims.check_time()?;
    if claims.channel.is_empty() {
        return Err(Refused::Invalid);
    }
    Ok(Grant {
        expires: claims.expires(),
        info: payload(&claims.b64info, claims.info)?,
        data: payload(&claims.b64data, claims.data)?,
        user: claims.sub,
        channel: claims.channel,
        client: claims.client,
    })
}

fn verify<T: DeserializeOwned>(token: &str, secret: &str) -> Result<T, Refused> {
    if secret.is_empty() {
        return Err(Refused::Invalid);
    }
    let mut validation = Validation::new(Algorithm::HS256);
    validation.algorithms = vec![Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];
    // Times are checked later: a token that is both expired and forged is reported as forged.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    jsonwebtoken::decode(token, &DecodingKey::from_secret(secret.as_bytes()), &validation)
        .map(|token| token.claims)
        .map_err(|_| Refused::Invalid)
}

impl Claims {
    #[allow(clippy::cast_precision_loss)] // Loses precision only far beyond any real date.
    fn check_time(&self) -> Result<(), Refused> {
        let now = now_millis() as f64 / 1000.0;
        let date = |date: &Option<Date>| date.as_ref().map(Date::seconds).transpose();
        if date(&self.exp)?.is_some_and(|exp| exp <= now) || date(&self.nbf)?.is_some_and(|nbf| nbf >= now) {
            return Err(Refused::Expired);
        }
        Ok(())
    }

    /// The expiry time. `expire_at` takes precedence over `exp`, and turns expiry off if it is 0.
    #[allow(clippy::cast_possible_truncation)] // A cast of floats saturates.
    fn expires(&self) -> i64 {
        let exp = || self.exp.as_ref().and_then(|exp| exp.seconds().ok()).map_or(0, |exp| exp as i64);
        let expires = self.expire_at.map_or_else(exp, |at| at.max(0));
        expires.min(now() + MAX_TTL)
    }
}

fn payload(base64: &str, json: Bytes) -> Result<Bytes, Refused> {
    if base64.is_empty() {
        return Ok(json);
    }
    STANDARD.decode(base64).map(Bytes::from).map_err(|_| Refused::Invalid)
}

/// Unix seconds.
pub(super) fn now() -> i64 {
    now_millis() / 1000
}

fn now_millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{EncodingKey, Header};
    use serde_json::{Value, json};

    use super::*;

    const SECRET: &str = "secret";

    fn signed(claims: &Value, secret: &str) -> String {
        jsonwebtoken::encode(&Header::default(), claims, &EncodingKey::from_secret(secret.as_bytes()))
            .expect("claims are encoded")
    }

    #[test]
    fn a_connection_token_says_who_connects() {
        let expires = now() + 60;
        let token = signed(&json!({"sub": "42", "exp": expires, "iat": now(), "info": {"a": 1}}), SECRET);
        let identity = Identity { user: "42".into(), info: Bytes::from_static(b"{\"a\":1}"), expires };
        assert_eq!(verify_connection(&token, SECRET), Ok(identity));
        let token = signed(&json!({}), SECRET);
        let identity = Identity { user: String::new(), info: Bytes::new(), expires: 0 };
        assert_eq!(verify_connection(&token, SECRET), Ok(identity));
    }

    #[test]
    fn a_forged_token_is_invalid_even_when_it_is_expired() {
        let claims = json!({"sub": "42", "exp": 1});
        assert_eq!(verify_connection(&signed(&claims, "other"), SECRET), Err(Refused::Invalid));
        assert_eq!(verify_connection(&signed(&claims, SECRET), SECRET), Err(Refused::Expired));
        assert_eq!(verify_connection(&signed(&claims, SECRET), ""), Err(Refused::Invalid));
        assert_eq!(verify_connection("a.b.c", SECRET), Err(Refused::Invalid));
        let unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiI0MiJ9.";
        assert_eq!(verify_connection(unsigned, SECRET), Err(Refused::Invalid));
    }

    #[test]
    fn the_two_kinds_of_token_are_not_interchangeable() {
        let subscription = signed(&json!({"sub": "42", "channel": "rpc:requests"}), SECRET);
        assert_eq!(verify_connection(&subscription, SECRET), Err(Refused::Invalid));
        assert_eq!(verify_subscription(&subscription, SECRET).map(|grant| grant.channel), Ok("rpc:requests".into()));
        assert_eq!(verify_subscription(&signed(&json!({"sub": "42"}), SECRET), SECRET), Err(Refused::Invalid));
    }

    #[test]
    fn a_token_before_its_time_is_expired_too() {
        let token = signed(&json!({"sub": "42", "nbf": now() + 60}), SECRET);
        assert_eq!(verify_connection(&token, SECRET), Err(Refused::Expired));
    }

    #[test]
    fn expire_at_wins_over_exp() {
        let token = signed(&json!({"exp": now() + 60, "expire_at": 0}), SECRET);
        assert_eq!(verify_connection(&token, SECRET).map(|identity| identity.expires), Ok(0));
    }
}
