//! A timer that does not depend on the runtime.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::sleep;

/// Waits for the given time, even if a handler blocks its thread, which may stop the clock of the whole runtime.
/// Dropping the future ends the timer.
pub(super) async fn watchdog_timer(after: Duration) {
    let (held, dropped) = mpsc::channel::<()>();
    let (ring, rings) = oneshot::channel();
    let timer = thread::Builder::new().name("watchdog".to_owned()).spawn(move || {
        if dropped.recv_timeout(after) == Err(RecvTimeoutError::Timeout) {
            // Sending fails only if the receiver is gone, which is fine.
            let _ = ring.send(());
        }
    });
    match timer {
        Ok(_) => drop(rings.await),
        Err(_) => sleep(after).await,
    }
    drop(held);
}
