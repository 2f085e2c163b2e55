//! Checks that Centrifugo is set up for workers and callers. They run before serving and in the `doctor` command.
//!
//! Each check tries the real operation, as a worker or a caller, because this side cannot see Centrifugo's
//! configuration. No publication of a check runs a handler.

use std::fmt;
use std::time::Duration;

use super::Centrifugo;
use crate::config::Config;
use crate::error::{Error, ErrorKind};

mod channels;
mod probe;
mod reach;

/// The time that a starting worker waits for Centrifugo: enough for both to be started together.
pub(crate) const STARTUP_TIMEOUT: Duration = Duration::from_secs(10);

/// The minimum length of a secret: the size of the hash that uses it (RFC 7518, section 3.2).
const SECRET_BYTES: usize = 32;

/// The minimum length of an API key. Keys are only compared, and 16 random bytes cannot be guessed.
const KEY_BYTES: usize = 16;

/// The effect of a finding on serving.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    Ok,
    /// It works, but less well or less safely than it should.
    Warning,
    /// Calls would fail or be unsafe.
    Error,
}

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub severity: Severity,
    /// The name of the check.
    pub what: &'static str,
    /// The observation.
    pub detail: String,
    /// The fix; empty if there is nothing to do or the detail contains it.
    pub fix: String,
    /// True if there was no server to check.
    unreachable: bool,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.detail)?;
        if self.fix.is_empty() { Ok(()) } else { write!(f, ": {}", self.fix) }
    }
}

/// The findings so far.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, severity: Severity, what: &'static str, detail: impl Into<String>, fix: impl Into<String>) {
        let (detail, fix) = (detail.into(), fix.into());
        self.0.push(Finding { severity, what, detail, fix, unreachable: false });
    }

    fn ok(&mut self, what: &'static str, detail: impl Into<String>) {
        self.add(Severity::Ok, what, detail, "");
    }

    fn warning(&mut self, what: &'static str, detail: impl Into<String>, fix: impl Into<String>) {
        self.add(Severity::Warning, what, detail, fix);
    }

    fn error(&mut self, what: &'static str, detail: impl Into<String>, fix: impl Into<String>) {
        self.add(Severity::Error, what, detail, fix);
    }

    fn unreachable(&mut self, what: &'static str, detail: impl Into<String>) {
        self.error(what, detail, "");
        if let Some(finding) = self.0.last_mut() {
            finding.unreachable = true;
        }
    }
}

/// The occasion for the checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A worker starts: there should be no other worker.
    Start,
    /// The `doctor` command runs: there should be a worker that answers.
    Doctor,
}

/// Runs all possible checks; waits at most `patience` for a Centrifugo that is not up yet.
///
/// Dropping this future ends the checks and their connections.
pub(crate) async fn run(centrifugo: &Centrifugo, purpose: Purpose, patience: Duration) -> Vec<Finding> {
    let mut findings = Findings::default();
    secrets(&centrifugo.config, &mut findings);
    let api = reach::api(centrifugo, patience, &mut findings).await;
    let sockets = reach::sockets(centrifugo, if api { patience } else { Duration::ZERO }, &mut findings).await;
    if let Some((worker, caller)) = sockets {
        if api {
            // Boxed because the future is large and part of every future that starts a worker.
            Box::pin(channels::check(centrifugo, purpose, &worker, &caller, &mut findings)).await;
        }
        tokio::join!(worker.close(), caller.close());
    }
    findings.0
}

/// Logs the warnings.
///
/// # Errors
///
/// All findings that prevent serving, in one error.
pub(crate) fn verdict(findings: &[Finding]) -> Result<(), Error> {
    for finding in findings.iter().filter(|finding| finding.severity == Severity::Warning) {
        tracing::warn!("{finding}");
    }
    let errors: Vec<_> = findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
    let kind = if errors.iter().any(|finding| finding.unreachable) { ErrorKind::Unreachable } else { ErrorKind::Setup };
    match &errors[..] {
        [] => Ok(()),
        [error] => Err(Error::new(kind, error.to_string())),
        many => {
            let lines: Vec<_> = many.iter().map(|finding| format!("\n  - {finding}")).collect();
            Err(Error::new(kind, format!("Centrifugo is not ready for this worker:{}", lines.concat())))
        }
    }
}

fn secrets(config: &Config, findings: &mut Findings) {
    const FIX: &str = "make one with `openssl rand -hex 32` and set it on both sides";
    let secret = config.centrifugo_token_hmac_secret.expose();
    let problem = weakness(secret, SECRET_BYTES);
    match problem {
        Some(problem) => findings.warning(
            "token secret",
            format!("CENTRIFUGO_TOKEN_HMAC_SECRET {problem}: an attacker that guesses it can connect as any user"),
            FIX,
        ),
        None => findings.ok("token secret", "long enough"),
    }
    let key = config.centrifugo_api_key.expose();
    match weakness(key, KEY_BYTES) {
        Some(problem) => findings.warning(
            "API key",
            format!("CENTRIFUGO_API_KEY {problem}: an attacker that guesses it controls Centrifugo"),
            FIX,
        ),
        None if key == secret => findings.warning(
            "API key",
            "CENTRIFUGO_API_KEY and CENTRIFUGO_TOKEN_HMAC_SECRET are the same",
            "use two: one is sent with every request, the other must never leave the machine",
        ),
        None => findings.ok("API key", "long enough"),
    }
}

/// The reason why a secret is easy to guess.
fn weakness(secret: &str, bytes: usize) -> Option<String> {
    const KNOWN: [&str; 14] = [
        "secret",
        "change-me",
        "changeme",
        "change_me",
        "password",
        "my_secret",
        "my-secret",
        "test",
        "example",
        "default",
        "api_key",
        "api-key",
        "bbe7d157-a253-4094-9759-06a8236543f9",
        "d7627bb6-2292-4911-82e1-615c0ed3eebb",
    ];
    let lower = secret.to_lowercase();
    if KNOWN.contains(&lower.as_str()) {
        return Some("is a well-known example".to_owned());
    }
    if secret.len() < bytes {
        return Some(format!("has {} bytes, fewer than {bytes}", secret.len()));
    }
    let distinct = secret.bytes().collect::<std::collections::HashSet<_>>().len();
    (distinct < 6).then(|| "repeats a few characters".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_secrets_are_named_and_never_shown() {
        for (secret, problem) in [
            ("my_secret", "well-known"),
            ("Change-Me", "well-known"),
            ("f00f5e0c2f65", "fewer than 32"),
            ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "repeats"),
        ] {
            let mut findings = Findings::default();
            secrets(&Config::new("0123456789abcdef0", secret), &mut findings);
            let [finding, key] = &findings.0[..] else { panic!("{findings:?}") };
            assert!(finding.detail.contains(problem) && !finding.to_string().contains(secret), "{finding}");
            assert_eq!((finding.severity, key.severity), (Severity::Warning, Severity::Ok));
        }
        assert_eq!(weakness("8f1d3c5b7a9e0f2d4c6b8a0e1f3d5c7b", SECRET_BYTES), None);
    }

    #[test]
    fn the_verdict_lists_every_error_and_its_fix() {
        let mut findings = Findings::default();
        findings.ok("a", "fine");
        findings.warning("b", "could be better", "do");
        assert!(verdict(&findings.0).is_ok());
        findings.error("c", "is missing", "add it");
        let one = verdict(&findings.0).expect_err("an error");
        assert_eq!((one.kind(), one.to_string().as_str()), (ErrorKind::Setup, "c: is missing: add it"));
        findings.unreachable("d", "no answer");
        let two = verdict(&findings.0).expect_err("two errors");
        assert_eq!(two.kind(), ErrorKind::Unreachable);
        assert!(two.to_string().contains("\n  - c: is missing: add it\n  - d: no answer"), "{two}");
    }
}
