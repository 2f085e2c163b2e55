//! SIGINT and SIGTERM, or Ctrl-C where there are none.

use std::future::Future;
use std::io;
use std::process;
use std::thread;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

use crate::error::{Error, ErrorKind};

/// The time after which the process is ended if a stop is late: its threads are blocked, and nothing else would end it.
const FORCE: Duration = Duration::from_secs(1);

/// Returns two futures: the first signal, and the one after it.
///
/// A program that listens for signals disables their default action, which ends the process. So this module ends the
/// process in the end: if the stop takes longer than `limit` and [`FORCE`] after the first signal, and [`FORCE`] after
/// any later signal.
///
/// All of this runs in a thread of its own, because handlers may block the threads of the runtime.
pub(super) async fn listen(limit: Duration) -> Result<(impl Future<Output = ()>, impl Future<Output = ()>), Error> {
    let cannot = |error: io::Error| Error::new(ErrorKind::Other, "cannot listen for signals").because(error);
    let (first, is_first) = mpsc::channel(1);
    let (second, is_second) = mpsc::channel(1);
    let (ready, is_ready) = oneshot::channel();
    let listener = thread::Builder::new().name("signals".to_owned());
    listener.spawn(move || run(ready, first, second, limit)).map_err(cannot)?;
    is_ready.await.unwrap_or_else(|_| Err(io::Error::other("the thread that listens has ended"))).map_err(cannot)?;
    let closed = |mut gone: mpsc::Receiver<()>| async move {
        gone.recv().await;
    };
    Ok((closed(is_first), closed(is_second)))
}

fn run(ready: oneshot::Sender<io::Result<()>>, first: mpsc::Sender<()>, second: mpsc::Sender<()>, limit: Duration) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(ready.send(Err(error))),
    };
    runtime.block_on(async {
        let signals = stream();
        let mut signals = match signals {
            Ok(signals) => signals,
            Err(error) => return drop(ready.send(Err(error))),
        };
        // Sending fails only if the receiver is gone, which is fine.
        drop(ready.send(Ok(())));
        follow(&mut signals, first, second, limit).await;
    });
}

async fn follow(signals: &mut Signals, first: mpsc::Sender<()>, second: mpsc::Sender<()>, limit: Duration) {
    let code = tokio::select! {
        code = signals.recv() => code,
        // The server has ended without a signal.
        () = first.closed() => return,
    };
    drop(first);
    let again = tokio::select! {
        code = signals.recv() => Some(code),
        () = sleep(limit.saturating_add(FORCE)) => None,
        // The stop is complete. The rest of the program may take as long as it needs, unless another signal comes.
        () = second.closed() => Some(signals.recv().await),
    };
    drop(second);
    let Some(code) = again else {
        tracing::error!("the worker does not stop, its threads are blocked: ending the process");
        process::exit(code)
    };
    // One more signal ends the wait at once.
    tokio::select! {
        _ = signals.recv() => {}
        () = sleep(FORCE) => {}
    }
    process::exit(code)
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
fn stream() -> io::Result<Signals> {
    use tokio::signal::unix::{SignalKind, signal};
    Ok(Signals { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
}

#[cfg(unix)]
impl Signals {
    /// Waits for a signal. Returns the exit code of a process that this signal ends.
    async fn recv(&mut self) -> i32 {
        use tokio::signal::unix::SignalKind;
        let kind = tokio::select! {
            _ = self.interrupt.recv() => SignalKind::interrupt(),
            _ = self.terminate.recv() => SignalKind::terminate(),
        };
        128 + kind.as_raw_value()
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "on Unix it can fail")]
fn stream() -> io::Result<Signals> {
    Ok(Signals)
}

#[cfg(not(unix))]
impl Signals {
    async fn recv(&mut self) -> i32 {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        130
    }
}
