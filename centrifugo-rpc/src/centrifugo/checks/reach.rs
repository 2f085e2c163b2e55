//! Checks that both endpoints of Centrifugo answer, and that the key and the secret are right.

use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep};

use super::Findings;
use super::probe::Probe;
use crate::centrifugo::Centrifugo;
use crate::centrifugo::trouble::Trouble;
use crate::log_rate_limiter::LogRateLimiter;

/// The pause between attempts to reach the API.
const PAUSE: Duration = Duration::from_millis(500);
/// The interval between log lines while waiting.
const LOG_INTERVAL: Duration = Duration::from_secs(5);

const API: &str = "server API";
const SOCKET: &str = "WebSocket";
const CLOCKS: &str = "clocks";

/// The accepted difference of two clocks: a header has whole seconds, and the answer takes some time to arrive.
const APART: Duration = Duration::from_secs(3);

/// Checks the server API; returns whether it works.
pub(super) async fn api(centrifugo: &Centrifugo, patience: Duration, findings: &mut Findings) -> bool {
    let until = Instant::now() + patience;
    let waiting = LogRateLimiter::new(LOG_INTERVAL);
    loop {
        match centrifugo.api.info().await {
            Ok((nodes, date)) => {
                let first = nodes.first().map_or("", |node| &*node.version);
                findings.ok(API, format!("{} node(s) of Centrifugo {first}", nodes.len()));
                clocks(SystemTime::now(), date, findings);
                return true;
            }
            Err(error) if error.is_temporary() && Instant::now() + PAUSE < until => {
                if waiting.allow().is_some() {
                    tracing::warn!("waiting for Centrifugo: {error}");
                }
                sleep(PAUSE).await;
            }
            Err(error) => {
                if error.is_temporary() {
                    findings.unreachable(API, error.to_string());
                } else {
                    findings.error(API, error.to_string(), "");
                }
                return false;
            }
        }
    }
}

/// Compares the clocks, because one machine writes the times in tokens and another one reads them.
fn clocks(here: SystemTime, there: Option<SystemTime>, findings: &mut Findings) {
    let Some(there) = there else { return };
    let (apart, how, effect) = match here.duration_since(there) {
        Ok(ahead) => {
            (ahead, "ahead of", "later, and are \"expired\" (109) for as long if their `nbf` is the time of signing")
        }
        Err(behind) => {
            (behind.duration(), "behind", "sooner, and are \"expired\" (109) at once if they last no longer")
        }
    };
    let seconds = apart.as_secs();
    if apart <= APART {
        return findings.ok(CLOCKS, "this machine and Centrifugo's agree");
    }
    findings.warning(
        CLOCKS,
        format!(
            "this machine is {seconds} s {how} Centrifugo's: tokens that are signed here expire that much {effect}"
        ),
        "set both by NTP",
    );
}

/// Opens two connections: one to act as a worker, one to act as a caller.
pub(super) async fn sockets(
    centrifugo: &Centrifugo,
    patience: Duration,
    findings: &mut Findings,
) -> Option<(Probe, Probe)> {
    let (mut worker, mut caller) = match (Probe::start(centrifugo), Probe::start(centrifugo)) {
        (Ok(worker), Ok(caller)) => (worker, caller),
        (Err(error), _) | (_, Err(error)) => {
            findings.error(SOCKET, format!("{error:?}"), "");
            return None;
        }
    };
    let waiting = LogRateLimiter::new(LOG_INTERVAL);
    let log = |trouble: &Trouble| {
        if waiting.allow().is_some() {
            tracing::warn!("waiting for Centrifugo: {trouble}");
        }
    };
    let connected = tokio::try_join!(worker.connected(patience, log), caller.connected(patience, |_| ()));
    let Err(trouble) = connected else {
        findings.ok(SOCKET, "connected, and the token secret is right");
        return Some((worker, caller));
    };
    if trouble.is_temporary() {
        findings.unreachable(SOCKET, trouble.to_string());
    } else {
        findings.error(SOCKET, trouble.to_string(), "");
    }
    tokio::join!(worker.close(), caller.close());
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::centrifugo::checks::Severity;

    #[test]
    fn the_difference_of_clocks_is_told() {
        let now = SystemTime::now();
        let of = |there: SystemTime| {
            let mut findings = Findings::default();
            clocks(now, Some(there), &mut findings);
            findings.0.remove(0)
        };
        let second = Duration::from_secs(1);
        assert_eq!(of(now - second).severity, Severity::Ok);
        let behind = of(now + 90 * second);
        assert!(behind.severity == Severity::Warning && behind.detail.contains("90 s behind"), "{behind}");
        assert!(behind.detail.contains("sooner") && !behind.detail.contains("`nbf`"), "{behind}");
        let ahead = of(now - 3600 * second);
        assert!(ahead.detail.contains("3600 s ahead") && ahead.detail.contains("`nbf`"), "{ahead}");
    }
}
