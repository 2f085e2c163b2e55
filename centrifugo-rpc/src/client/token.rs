//! The user of a connection token.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

use crate::channels::check_user;
use crate::error::{Error, shortened};

/// The user who owns this client's reply channel: `explicit`, or the `sub` claim of the token. Tokens are only read
/// here; Centrifugo verifies them.
pub(super) fn user(token: Option<&str>, explicit: Option<&str>) -> Result<String, Error> {
    let user = match (token.map(subject).transpose()?, explicit) {
        (Some(Some(subject)), Some(user)) if subject != user => {
            return Err(Error::config(format!(
                "the token is for user `{subject}`, but the client was given user `{user}`: leave `user` out, it is for tokens \
                 that cannot be read"
            )));
        }
        (_, Some(user)) => user.to_owned(),
        (Some(Some(subject)), None) => subject,
        (Some(None), None) => {
            return Err(Error::config(
                "the token is not a readable JWT with a `sub` claim of the user ID: name the user with `user`",
            ));
        }
        (None, None) => {
            return Err(Error::config(
                "no token: give the client one with `token` or `get_token`; or, where Centrifugo accepts connections \
                 without a token, name their user with `user` (the anonymous one is \"\")",
            ));
        }
    };
    check_user(&user)?;
    Ok(user)
}

/// The claims that clients check.
#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    sub: Value,
    #[serde(default)]
    exp: Value,
    #[serde(default)]
    nbf: Value,
    #[serde(default)]
    iat: Value,
}

/// The `sub` claim, empty if there is none; `None` if this is not a JWT.
///
/// # Errors
///
/// A token that Centrifugo would refuse without a reason: more than the JWT, a `sub` that is not a string, or a time
/// that is not a number.
fn subject(token: &str) -> Result<Option<String>, Error> {
    check_characters(token)?;
    // jsonwebtoken does not read a token whose `sub` is a list or an object.
    let claims = || {
        let mut parts = token.split('.');
        let (Some(_), Some(payload), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return None;
        };
        serde_json::from_slice::<Claims>(&BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
    };
    let Some(claims) = claims() else { return Ok(None) };
    for (name, claim) in [("exp", &claims.exp), ("nbf", &claims.nbf), ("iat", &claims.iat)] {
        if !is_time(claim) {
            return Err(Error::config(format!(
                "the token's `{name}` is {}, which is not a number: sign tokens whose `{name}` is in seconds since 1970",
                shortened(&claim.to_string(), 64)
            )));
        }
    }
    match claims.sub {
        Value::Null => Ok(Some(String::new())),
        Value::String(subject) => Ok(Some(subject)),
        other => Err(Error::config(format!(
            "the token's `sub` is {}, which is not a string: sign tokens whose `sub` is the user ID as text, like \"42\"",
            shortened(&other.to_string(), 64)
        ))),
    }
}

/// Refuses tokens that contain more than a JWT, such as the name of an HTTP scheme, quotes or spaces.
fn check_characters(token: &str) -> Result<(), Error> {
    const SCHEME: &str = "bearer ";
    // Centrifugo ignores line feeds at the end.
    let token = token.trim_end_matches(['\r', '\n']);
    let scheme = token.get(..SCHEME.len()).filter(|start| start.eq_ignore_ascii_case(SCHEME));
    let strange = || token.matches(|c: char| !(c.is_ascii_alphanumeric() || "_.-".contains(c))).next();
    match scheme.or_else(strange) {
        None => Ok(()),
        Some(strange) => {
            Err(Error::config(format!("the token contains {strange:?}, which no JWT contains: give the JWT alone")))
        }
    }
}

/// Returns whether Centrifugo reads the claim as a time: a number, also as text, or null.
fn is_time(claim: &Value) -> bool {
    match claim {
        Value::Null | Value::Number(_) => true,
        Value::String(text) => serde_json::from_str::<serde_json::Number>(text).is_ok(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{EncodingKey, Header};
    use serde_json::json;

    use super::*;

    fn token(claims: &serde_json::Value) -> String {
        jsonwebtoken::encode(&Header::default(), claims, &EncodingKey::from_secret(b"whatever")).expect("a token")
    }

    #[test]
    fn the_user_is_the_subject_of_the_token_expired_or_not() {
        assert_eq!(user(Some(&token(&json!({ "sub": "42", "exp": 1, "aud": ["x"] }))), None).expect("a user"), "42");
        assert_eq!(user(Some(&token(&json!({ "exp": 1 }))), None).expect("anonymous"), "");
    }

    #[test]
    fn a_subject_that_is_no_string_is_named() {
        for (sub, shown) in [(json!(42), "42"), (json!(["a"]), r#"["a"]"#)] {
            let error = user(Some(&token(&json!({ "sub": sub }))), Some("42")).expect_err("refused").to_string();
            assert!(error.contains(shown) && error.contains("not a string"), "{error}");
        }
        assert_eq!(user(Some(&token(&json!({ "sub": null }))), None).expect("anonymous"), "");
    }

    #[test]
    fn a_token_with_more_than_the_jwt_is_refused_without_showing_it() {
        let token = token(&json!({ "sub": "42" }));
        for (given, strange) in [
            (format!("Bearer {token}"), r#""Bearer ""#),
            (format!("bearer {token}"), r#""bearer ""#),
            (format!("\"{token}\""), r#""\"""#),
            (format!(" {token}"), r#"" ""#),
            (format!("{token} "), r#"" ""#),
            (format!("\n{token}"), r#""\n""#),
            (token.replacen('.', ".\n", 1), r#""\n""#),
            (format!("{token}="), r#""=""#),
            (format!("ë{token}"), r#""ë""#),
        ] {
            let error = user(Some(&given), Some("42")).expect_err("refused").to_string();
            assert!(error.contains(&format!("contains {strange}, which no JWT contains")), "{error}");
            assert!(!error.contains(&token), "{error}");
        }
        for end in ["\n", "\r\n"] {
            assert_eq!(user(Some(&format!("{token}{end}")), None).expect("Centrifugo ignores it"), "42");
        }
    }

    #[test]
    fn a_time_that_is_not_a_number_is_named() {
        for name in ["exp", "nbf", "iat"] {
            for wrong in [json!("2026-11-30T00:00:00Z"), json!("1h"), json!(""), json!(true), json!([1]), json!({})] {
                let error =
                    user(Some(&token(&json!({ "sub": "42", name: wrong }))), None).expect_err("refused").to_string();
                assert!(error.contains(&format!("`{name}` is {wrong}, which is not a number")), "{error}");
            }
            for read in [json!(1), json!(1.5), json!(-1), json!(null), json!("1900000000"), json!("1.8e9")] {
                assert_eq!(user(Some(&token(&json!({ "sub": "42", name: read }))), None).expect("a time"), "42");
            }
        }
    }

    #[test]
    fn an_opaque_token_needs_an_explicit_user() {
        let error = user(Some("opaque"), None).expect_err("unknown user").to_string();
        assert!(error.contains("name the user with `user`"), "{error}");
        assert_eq!(user(Some("opaque"), Some("42")).expect("explicit"), "42");
        assert_eq!(user(None, Some("")).expect("anonymous"), "");
        assert!(user(None, None).expect_err("no token").to_string().contains("no token"));
    }

    #[test]
    fn a_token_of_another_user_is_refused() {
        let error = user(Some(&token(&json!({ "sub": "42" }))), Some("43")).expect_err("a contradiction").to_string();
        assert!(error.contains("`42`") && error.contains("`43`"), "{error}");
    }

    #[test]
    fn users_that_cannot_own_a_reply_channel_are_refused() {
        for sub in ["42,43", "a#b", "zoë", "a\nb"] {
            let error = user(Some(&token(&json!({ "sub": sub }))), None).expect_err(sub).to_string();
            assert!(error.contains("cannot own a reply channel"), "{error}");
        }
    }
}
