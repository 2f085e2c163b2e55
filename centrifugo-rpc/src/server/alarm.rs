//! A timer that depends on no runtime.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::sleep;

/// Waits for some time, and no longer even where a handler blocks its thread: with that, it may have stopped the clock of the
/// whole runtime. Dropping the future ends the timer.
pub(super) async fn alarm(after: Duration) {
    let (held, dropped) = mpsc::channel::<()>();
    let (ring, rings) = oneshot::channel();
    let timer = thread::Builder::new().name("alarm".to_owned()).spawn(move || {
        if dropped.recv_timeout(after) == Err(RecvTimeoutError::Timeout) {
            // Nobody waits for it where it cannot be sent.
            let _ = ring.send(());
        }
    });
    match timer {
        Ok(_) => drop(rings.await),
        Err(_) => sleep(after).await,
    }
    drop(held);
}
