//! Is Centrifugo there, at both of its ends, and are the key and the secret its own?

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Findings;
use super::probe::Probe;
use crate::centrifugo::Centrifugo;
use crate::centrifugo::trouble::Trouble;
use crate::throttle::Throttle;

/// The pause between tries to reach the API.
const PAUSE: Duration = Duration::from_millis(500);
/// How often the log says what is waited for.
const LOG_INTERVAL: Duration = Duration::from_secs(5);

const API: &str = "server API";
const SOCKET: &str = "WebSocket";

/// Whether the server API works.
pub(super) async fn api(centrifugo: &Centrifugo, patience: Duration, findings: &mut Findings) -> bool {
    let until = Instant::now() + patience;
    let waiting = Throttle::new(LOG_INTERVAL);
    loop {
        match centrifugo.api.info().await {
            Ok(nodes) => {
                let first = nodes.first().map_or("", |node| &*node.version);
                findings.ok(API, format!("{} node(s) of Centrifugo {first}", nodes.len()));
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

/// Two connections: one to be a worker with, one to be a caller with.
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
    let waiting = Throttle::new(LOG_INTERVAL);
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
