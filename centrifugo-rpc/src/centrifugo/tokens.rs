//! Connection and subscription tokens: HS256 JWTs signed with Centrifugo's `client.token.hmac_secret_key`.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::config::Config;
use crate::error::{Error, ErrorKind};

/// The user that workers connect as.
pub(crate) const WORKER_USER: &str = "centrifugo-rpc-worker";

/// The longest validity of a token, a hundred years: Centrifugo treats a token as expired if its `exp` overflows.
pub(crate) const MAX_TTL: Duration = Duration::from_secs(36_525 * 24 * 3600);

/// Signs tokens. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Tokens {
    key: Arc<EncodingKey>,
    /// The lifetime of a worker's own tokens.
    worker_ttl: Duration,
}

#[derive(Serialize)]
struct Claims<'a> {
    sub: &'a str,
    exp: u64,
    iat: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    info: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a str>,
}

impl Tokens {
    pub(crate) fn new(config: &Config) -> Self {
        let secret = config.centrifugo_token_hmac_secret.expose();
        Self { key: Arc::new(EncodingKey::from_secret(secret.as_bytes())), worker_ttl: config.worker_token_ttl }
    }

    /// Signs a token to connect as `user`, with the `info` that handlers read.
    ///
    /// # Errors
    ///
    /// A clock before 1970 or a failed signature; neither occurs in practice.
    pub(crate) fn connection(&self, user: &str, ttl: Duration, info: Option<&RawValue>) -> Result<String, Error> {
        self.sign(user, ttl, info, None)
    }

    /// Signs a token for `user` to subscribe to `channel`.
    ///
    /// # Errors
    ///
    /// The errors of [`connection`](Self::connection).
    pub(crate) fn subscription(&self, user: &str, channel: &str, ttl: Duration) -> Result<String, Error> {
        self.sign(user, ttl, None, Some(channel))
    }

    /// The lifetime of the tokens that a worker signs for itself.
    pub(crate) fn worker_ttl(&self) -> Duration {
        self.worker_ttl
    }

    fn sign(&self, sub: &str, ttl: Duration, info: Option<&RawValue>, channel: Option<&str>) -> Result<String, Error> {
        let failed = |source: crate::BoxError| Error::new(ErrorKind::Other, "a token cannot be made").because(source);
        let iat = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|error| failed(error.into()))?.as_secs();
        let claims = Claims { sub, exp: iat.saturating_add(ttl.min(MAX_TTL).as_secs()), iat, info, channel };
        encode(&Header::new(Algorithm::HS256), &claims, &self.key).map_err(|error| failed(error.into()))
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use jsonwebtoken::{DecodingKey, Validation, decode};
    use serde_json::Value;

    use super::*;

    const SECRET: &str = "a secret of thirty-two bytes or so";

    fn claims(token: &str) -> Value {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.required_spec_claims = HashSet::from(["exp".to_owned(), "sub".to_owned()]);
        decode(token, &DecodingKey::from_secret(SECRET.as_bytes()), &validation).expect("a valid token").claims
    }

    #[test]
    fn tokens_carry_what_centrifugo_reads() {
        let tokens = Tokens::new(&Config::new("key", SECRET));
        let info = RawValue::from_string(r#"{"role":"admin"}"#.to_owned()).expect("JSON");
        let connection = claims(&tokens.connection("42", Duration::from_secs(60), Some(&info)).expect("a token"));
        assert_eq!(connection["sub"], "42");
        assert_eq!(connection["info"], serde_json::json!({"role": "admin"}));
        assert!(connection.get("channel").is_none());
        let time = |name: &str| connection[name].as_u64().expect("seconds");
        assert_eq!(time("exp"), time("iat") + 60);

        let subscription = claims(&tokens.subscription("w", "rpc:requests", tokens.worker_ttl()).expect("a token"));
        assert_eq!((&subscription["sub"], &subscription["channel"]), (&"w".into(), &"rpc:requests".into()));
        assert!(subscription.get("info").is_none());
    }
}
