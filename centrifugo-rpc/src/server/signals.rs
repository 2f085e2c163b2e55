//! SIGINT and SIGTERM, or Ctrl-C where there are none.

use std::future::Future;

use tokio::sync::mpsc;

use crate::error::{Error, ErrorKind};

/// Two futures: the first signal, and the one after it.
pub(super) fn listen() -> Result<(impl Future<Output = ()>, impl Future<Output = ()>), Error> {
    let mut signals =
        stream().map_err(|error| Error::new(ErrorKind::Other, "cannot listen for signals").because(error))?;
    let (first, is_first) = mpsc::channel::<()>(1);
    let (second, is_second) = mpsc::channel::<()>(1);
    tokio::spawn(async move {
        // `closed`: nobody waits for it any more.
        tokio::select! {
            () = signals.recv() => drop(first),
            () = first.closed() => return,
        }
        tokio::select! {
            () = signals.recv() => drop(second),
            () = second.closed() => {}
        }
    });
    let closed = |mut gone: mpsc::Receiver<()>| async move {
        gone.recv().await;
    };
    Ok((closed(is_first), closed(is_second)))
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
fn stream() -> std::io::Result<Signals> {
    use tokio::signal::unix::{SignalKind, signal};
    Ok(Signals { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
}

#[cfg(unix)]
impl Signals {
    async fn recv(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
fn stream() -> std::io::Result<Signals> {
    Ok(Signals)
}

#[cfg(not(unix))]
impl Signals {
    async fn recv(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
