//! Reads a [`Config`] from environment variables.

use std::collections::HashMap;
use std::env;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::{Config, Secret, report};
#[cfg(feature = "codegen")]
use crate::channels::Channels;
use crate::error::{Error, shortened};

impl Config {
    /// Reads the `CENTRIFUGO_…` variables of the environment. An empty variable counts as absent.
    ///
    /// # Errors
    ///
    /// All missing and malformed variables in one error, with the expected form of each.
    pub fn from_env() -> Result<Self, Error> {
        let mut problems = Vec::new();
        let mut values = HashMap::new();
        for (name, value) in env::vars_os() {
            let Some(name) = name.to_str().filter(|name| name.starts_with("CENTRIFUGO_")) else { continue };
            match value.into_string() {
                Ok(value) if value.is_empty() => {}
                Ok(value) => drop(values.insert(name.to_owned(), value)),
                Err(_) => problems.push(format!("{name} is not UTF-8")),
            }
        }
        Self::from_vars(values, problems)
    }

    fn from_vars(values: HashMap<String, String>, problems: Vec<String>) -> Result<Self, Error> {
        let mut vars = Vars { values, problems };
        let enabled = vars.parse("CENTRIFUGO_ENABLED", "`true` or `false`", parse_bool);
        let mut config = Self::new("", "");
        config.enabled = enabled.unwrap_or(config.enabled);
        vars.required(
            "CENTRIFUGO_API_KEY",
            "Centrifugo's `http_api.key`",
            &mut config.centrifugo_api_key,
            config.enabled,
        );
        vars.required(
            "CENTRIFUGO_TOKEN_HMAC_SECRET",
            "Centrifugo's `client.token.hmac_secret_key`",
            &mut config.centrifugo_token_hmac_secret,
            config.enabled,
        );
        vars.text("CENTRIFUGO_URL", &mut config.centrifugo_url);
        vars.text("CENTRIFUGO_API_URL", &mut config.centrifugo_api_url);
        config.wrapper_url = vars.values.remove("CENTRIFUGO_WRAPPER_URL");
        config.wrapper_api_key = vars.values.remove("CENTRIFUGO_WRAPPER_API_KEY").map(Secret);
        if let Some(service) = vars.values.remove("CENTRIFUGO_RPC_SERVICE") {
            config = config.service(service);
        }
        vars.text("CENTRIFUGO_RPC_REQUEST_CHANNEL", &mut config.request_channel);
        vars.text("CENTRIFUGO_RPC_REPLY_NAMESPACE", &mut config.reply_namespace);
        vars.duration("CENTRIFUGO_RPC_CALL_TIMEOUT", &mut config.call_timeout);
        vars.duration("CENTRIFUGO_RPC_SHUTDOWN_TIMEOUT", &mut config.shutdown_timeout);
        vars.number("CENTRIFUGO_RPC_MAX_CONCURRENT_CALLS", &mut config.max_concurrent_calls);
        vars.number("CENTRIFUGO_RPC_MAX_CONCURRENT_CALLS_PER_USER", &mut config.max_concurrent_calls_per_user);
        vars.number("CENTRIFUGO_RPC_MAX_PARAMS_BYTES", &mut config.max_params_bytes);
        vars.number("CENTRIFUGO_RPC_MAX_RESULT_BYTES", &mut config.max_result_bytes);
        vars.number("CENTRIFUGO_RPC_MAX_REMEMBERED_BYTES_PER_USER", &mut config.max_remembered_bytes_per_user);
        vars.duration("CENTRIFUGO_RPC_WORKER_TOKEN_TTL", &mut config.worker_token_ttl);
        config.ca_file = vars.values.remove("CENTRIFUGO_CA_FILE").map(PathBuf::from);
        vars.also(config.problems());
        report(&vars.problems)?;
        Ok(config)
    }
}

/// The channels that the environment names, even if other variables are missing or malformed; unset channels follow
/// from `service`, or else from the service that the environment names.
#[cfg(feature = "codegen")]
pub(crate) fn channels_from_env(service: Option<&str>) -> Channels {
    let var = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let named = service.map(ToOwned::to_owned).or_else(|| var("CENTRIFUGO_RPC_SERVICE"));
    let Channels { requests, replies } = Channels::of(named.as_deref());
    Channels {
        requests: var("CENTRIFUGO_RPC_REQUEST_CHANNEL").unwrap_or(requests),
        replies: var("CENTRIFUGO_RPC_REPLY_NAMESPACE").unwrap_or(replies),
    }
}

/// The variables still to be read, and the problems of those already read.
struct Vars {
    values: HashMap<String, String>,
    problems: Vec<String>,
}

impl Vars {
    fn parse<T>(&mut self, name: &str, form: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let text = self.values.remove(name)?;
        let value = parse(text.trim());
        if value.is_none() {
            self.problems.push(format!("{name} is `{}`, which is not {form}", shortened(&text, 40)));
        }
        value
    }

    /// Adds problems of the whole configuration, except those that only follow from a missing or malformed variable.
    fn also(&mut self, problems: Vec<String>) {
        let named = |problem: &String| problem.split(' ').next().map(|name| format!("({name})"));
        let known: Vec<_> = self.problems.iter().filter_map(named).collect();
        self.problems.extend(problems.into_iter().filter(|problem| !known.iter().any(|name| problem.contains(name))));
    }

    fn required(&mut self, name: &str, what: &str, field: &mut Secret, required: bool) {
        match self.values.remove(name) {
            Some(value) => *field = Secret(value),
            None if required => self
                .problems
                .push(format!("{name} is not set: it is {what}; a new one comes from `openssl rand -hex 32`")),
            None => {}
        }
    }

    fn text(&mut self, name: &str, field: &mut String) {
        if let Some(value) = self.values.remove(name) {
            *field = value;
        }
    }

    fn duration(&mut self, name: &str, field: &mut Duration) {
        let form = "a duration: write for example `30s`, `1m 30s` or `500ms`";
        if let Some(value) = self.parse(name, form, |text| humantime::parse_duration(text).ok()) {
            *field = value;
        }
    }

    fn number(&mut self, name: &str, field: &mut usize) {
        let form = "a whole number: write for example `1024`";
        if let Some(value) = self.parse(name, form, |text| usize::from_str(text).ok()) {
            *field = value;
        }
    }
}

fn parse_bool(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(vars: &[(&str, &str)]) -> Result<Config, Error> {
        let values = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Config::from_vars(values, Vec::new())
    }

    const SECRETS: [(&str, &str); 2] = [("CENTRIFUGO_API_KEY", "k3y"), ("CENTRIFUGO_TOKEN_HMAC_SECRET", "s3cret")];

    #[test]
    fn every_missing_or_malformed_variable_is_named_at_once() {
        let error = from(&[
            ("CENTRIFUGO_ENABLED", "perhaps"),
            ("CENTRIFUGO_RPC_CALL_TIMEOUT", "soon"),
            ("CENTRIFUGO_RPC_MAX_PARAMS_BYTES", "64k"),
        ])
        .expect_err("problems")
        .to_string();
        for name in [
            "CENTRIFUGO_ENABLED",
            "CENTRIFUGO_RPC_CALL_TIMEOUT",
            "CENTRIFUGO_RPC_MAX_PARAMS_BYTES",
            "CENTRIFUGO_API_KEY is not set",
            "CENTRIFUGO_TOKEN_HMAC_SECRET is not set",
            "write for example `30s`",
        ] {
            assert!(error.contains(name), "{name} in {error}");
        }
    }

    #[test]
    fn missing_variables_and_values_that_cannot_work_come_in_one_error() {
        let error = from(&[
            ("CENTRIFUGO_TOKEN_HMAC_SECRET", "s3cret"),
            ("CENTRIFUGO_URL", "http://localhost:8000"),
            ("CENTRIFUGO_RPC_CALL_TIMEOUT", "soon"),
            ("CENTRIFUGO_RPC_MAX_PARAMS_BYTES", "0"),
            ("CENTRIFUGO_RPC_REPLY_NAMESPACE", "rpc"),
        ])
        .expect_err("problems")
        .to_string();
        for name in ["CENTRIFUGO_URL", "CENTRIFUGO_RPC_CALL_TIMEOUT", "MAX_PARAMS_BYTES", "share a namespace"] {
            assert!(error.contains(name), "{name} in {error}");
        }
        assert!(error.contains("has 5 problems"), "a missing key is named once: {error}");
        let error =
            from(&[("CENTRIFUGO_API_KEY", "a\nb"), ("CENTRIFUGO_API_URL", "no")]).expect_err("problems").to_string();
        assert!(error.contains("line break") && error.contains("CENTRIFUGO_API_URL"), "{error}");
    }

    #[test]
    fn values_that_cannot_work_are_refused() {
        for (name, value) in [
            ("CENTRIFUGO_URL", "http://localhost:8000"),
            ("CENTRIFUGO_API_URL", "localhost:8000/api"),
            ("CENTRIFUGO_RPC_REQUEST_CHANNEL", "requests"),
            ("CENTRIFUGO_RPC_REQUEST_CHANNEL", "reply"),
            ("CENTRIFUGO_RPC_REQUEST_CHANNEL", "reply:requests"),
            ("CENTRIFUGO_RPC_REPLY_NAMESPACE", "re:ply"),
            ("CENTRIFUGO_RPC_SERVICE", "My service"),
            ("CENTRIFUGO_RPC_CALL_TIMEOUT", "0s"),
            ("CENTRIFUGO_RPC_MAX_CONCURRENT_CALLS", "0"),
            ("CENTRIFUGO_RPC_WORKER_TOKEN_TTL", "4s"),
            ("CENTRIFUGO_RPC_WORKER_TOKEN_TTL", "2years"),
        ] {
            let mut vars = SECRETS.to_vec();
            vars.push((name, value));
            let error = from(&vars).expect_err(value).to_string();
            assert!(
                error.contains(name) && !error.contains("problems"),
                "{name}, and nothing that follows from it, in {error}"
            );
        }
    }

    #[test]
    fn a_disabled_worker_needs_no_secrets() {
        assert!(!from(&[("CENTRIFUGO_ENABLED", "false")]).expect("nothing is needed").enabled);
    }
}
