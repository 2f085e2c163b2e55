//! The demo service on a server: most promises are tested with it.

use std::fs;
use std::ops::Deref;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::Server;
use crate::{Example, Node};

/// A running `demo`, ready to answer, killed when dropped.
///
/// Dereferences to its [`Example`].
#[derive(Debug)]
pub struct Demo {
    example: Example,
    dir: TempDir,
}

impl Demo {
    /// Starts `demo` on `server` and waits until it serves.
    pub async fn start(server: &Server) -> Self {
        Self::start_with(server, &[]).await
    }

    /// As [`Demo::start`], with additional environment variables.
    pub async fn start_with(server: &Server, more: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let log = dir.path().join("runs.log").to_string_lossy().into_owned();
        let mut env = environment(server);
        env.push(("DEMO_LOG", &log));
        env.extend_from_slice(more);
        let example = Example::start("demo", &env);
        example.line("serving").await;
        Self { example, dir }
    }

    /// Returns the keys of the `demo.append` calls that ran, in their order.
    #[must_use]
    pub fn runs(&self) -> Vec<String> {
        let log = fs::read_to_string(self.dir.path().join("runs.log")).unwrap_or_default();
        log.lines().map(ToOwned::to_owned).collect()
    }
}

impl Deref for Demo {
    type Target = Example;

    fn deref(&self) -> &Example {
        &self.example
    }
}

/// Returns the environment variables that connect a worker to `server`.
#[must_use]
pub fn environment(server: &Server) -> Vec<(&str, &str)> {
    vec![
        ("CENTRIFUGO_URL", &server.url),
        ("CENTRIFUGO_API_URL", &server.api_url),
        ("CENTRIFUGO_API_KEY", &server.api_key),
        ("CENTRIFUGO_TOKEN_HMAC_SECRET", &server.secret),
    ]
}

/// Returns the one argument of `caller.mjs`: the address of the server, and a token for each of its users.
#[must_use]
pub fn caller_settings(server: &Server) -> Value {
    let tokens = server.tokens();
    json!({
        "url": server.url,
        "tokens": {
            "42": tokens.connection_with_info("42", &json!({"role": "reader"})),
            "43": tokens.connection("43"),
            "admin": tokens.connection_with_info("admin", &json!({"role": "admin"})),
            "": tokens.connection(""),
        },
    })
}

/// Runs a scenario of `caller.mjs` to its end and returns its output.
pub async fn caller(server: &Server, scenario: &str) -> Vec<String> {
    let settings = caller_settings(server).to_string();
    Node::install().run_script("caller.mjs", &[scenario, &settings], &[]).await.lines
}
