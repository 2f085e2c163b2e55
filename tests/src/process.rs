//! A child process that never outlives its test, not even one that was killed.

use std::fmt;
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::within;

/// Becomes the program, after leaving a watchdog behind that kills it when the pipe to the test breaks without a word:
/// the kernel closes that pipe however the test process ends. A line on the pipe sends the watchdog home, so that it
/// never kills a stranger who was given the same process id.
const UNDER_WATCHDOG: &str = r#"
exec 3<&0
self=$$
( trap '' INT TERM HUP; read -r _ <&3 || kill -KILL "$self" ) >/dev/null 2>&1 &
exec "$@" </dev/null 3<&-
"#;

/// A running child process, killed when dropped.
///
/// Needs no runtime, so that it may be shared by tests that have one each.
pub struct Process {
    name: String,
    pid: u32,
    exit: watch::Receiver<Option<ExitStatus>>,
    lines: watch::Sender<Lines>,
}

/// What a process printed so far, both streams in the order of arrival.
#[derive(Default)]
struct Lines {
    all: Vec<String>,
    /// Streams still open.
    open: u32,
    /// How many of `all` were given out by [`Process::next_line`].
    taken: usize,
}

/// How a process ended, and what it printed.
#[derive(Debug, Clone)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// The lines of both its streams, in the order of arrival.
    pub lines: Vec<String>,
}

impl Process {
    /// Starts `command`, whose standard input, output and error become the harness's. `fix` says how to get the program.
    ///
    /// # Panics
    ///
    /// When it does not start.
    #[must_use]
    pub fn start(command: &Command, fix: &str) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        // The shell in between would only report a missing program on a stream that nobody reads yet.
        assert!(is_installed(command), "`{name}` was not found: {fix}");

        let mut child =
            under_watchdog(command).spawn().unwrap_or_else(|error| panic!("`{name}` did not start: {error}"));
        let pid = child.id();
        let leash = child.stdin.take().expect("standard input is a pipe");
        let lines = watch::Sender::new(Lines { open: 2, ..Lines::default() });
        collect(child.stdout.take().expect("standard output is a pipe"), lines.clone());
        collect(child.stderr.take().expect("standard error is a pipe"), lines.clone());
        Self { name, pid, exit: reap(child, leash), lines }
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// How it ended, if it did.
    #[must_use]
    pub fn exited(&self) -> Option<ExitStatus> {
        *self.exit.borrow()
    }

    /// All lines it printed so far, of both streams.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.lines.borrow().all.clone()
    }

    /// Waits for a line that contains `text`, printed at any time, and returns it.
    ///
    /// # Panics
    ///
    /// When the process ends without it, or takes too long.
    pub async fn line(&self, text: &str) -> String {
        self.first(&format!("{text:?}"), |lines| lines.all.iter().find(|line| line.contains(text)).cloned()).await
    }

    /// Waits for the next line that contains `text` after the one this returned last.
    ///
    /// # Panics
    ///
    /// When the process ends without it, or takes too long.
    pub async fn next_line(&self, text: &str) -> String {
        let (at, line) = self
            .first(&format!("{text:?}"), |lines| {
                let mut rest = lines.all.iter().enumerate().skip(lines.taken);
                rest.find(|(_, line)| line.contains(text)).map(|(at, line)| (at, line.clone()))
            })
            .await;
        self.lines.send_if_modified(|lines| {
            lines.taken = at + 1;
            false
        });
        line
    }

    async fn first<T>(&self, what: &str, find: impl Fn(&Lines) -> Option<T>) -> T {
        let mut lines = self.lines.subscribe();
        let found = within(&format!("`{}` to print {what}", self.name), async {
            let seen = lines.wait_for(|lines| lines.open == 0 || find(lines).is_some()).await;
            find(&seen.expect("the process is held"))
        })
        .await;
        found.unwrap_or_else(|| panic!("`{}` ended before it printed {what}:\n{}", self.name, self.printed()))
    }

    /// Waits until it has ended.
    ///
    /// # Panics
    ///
    /// When that takes too long.
    pub async fn ended(&self) -> Output {
        within(&format!("`{}` to end", self.name), self.end()).await
    }

    /// [`Process::ended`] for what takes longer than [`PATIENCE`](crate::PATIENCE).
    ///
    /// # Panics
    ///
    /// When it takes longer than `limit`.
    pub async fn ended_within(&self, limit: Duration) -> Output {
        let ended = tokio::time::timeout(limit, self.end()).await;
        ended.unwrap_or_else(|_| panic!("`{}` is not done after {limit:?}:\n{}", self.name, self.printed()))
    }

    async fn end(&self) -> Output {
        let mut exit = self.exit.clone();
        let status = exit.wait_for(Option::is_some).await.map(|status| *status);
        let status = status.ok().flatten().expect("a process is waited for until it has ended");

        // What it printed last may arrive after its end, and what it left running may hold its streams for ever.
        let mut lines = self.lines.subscribe();
        let rest = lines.wait_for(|lines| lines.open == 0);
        let _ = tokio::time::timeout(Duration::from_secs(1), rest).await;
        Output { status, lines: self.lines() }
    }

    /// Sends `signal`, such as `INT`, `TERM` or `STOP`. Does nothing once the process has ended.
    pub fn signal(&self, signal: &str) {
        if self.exited().is_none() {
            // Fails only when the process ends at this moment, which is what most signals are sent for.
            let _ = Command::new("kill").arg(format!("-{signal}")).arg(self.pid.to_string()).output();
        }
    }

    /// Freezes it until it is sent `CONT`.
    pub fn pause(&self) {
        self.signal("STOP");
        // It takes effect after `kill` has returned, thread by thread.
        let limit = Instant::now() + Duration::from_secs(1);
        while !is_stopped(self.pid) && Instant::now() < limit {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Kills it and waits until it is gone.
    pub fn kill(&self) {
        self.signal("KILL");
        // Not awaited: dropping a process must work inside and outside of a runtime.
        while self.exited().is_none() {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// What it printed, for the message of a failure.
    #[must_use]
    pub fn printed(&self) -> String {
        self.lines.borrow().all.join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            #[expect(clippy::print_stderr, reason = "the output of a failed test is where it is looked for")]
            {
                eprintln!("--- `{}` printed ---\n{}\n---", self.name, self.printed());
            }
        }
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process").field("name", &self.name).field("pid", &self.pid).finish_non_exhaustive()
    }
}

fn is_installed(command: &Command) -> bool {
    let program = command.get_program();
    let path = std::env::var_os("PATH").unwrap_or_default();
    // An absolute program stays itself when joined.
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

fn under_watchdog(command: &Command) -> Command {
    let mut watched = Command::new("sh");
    watched.args(["-c", UNDER_WATCHDOG, "sh"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => watched.env(name, value),
            None => watched.env_remove(name),
        };
    }
    if let Some(dir) = command.get_current_dir() {
        watched.current_dir(dir);
    }
    watched.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    watched
}

fn collect(stream: impl Read + Send + 'static, lines: watch::Sender<Lines>) {
    thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n') {
            match line {
                Ok(line) => {
                    let line = String::from_utf8_lossy(&line).into_owned();
                    lines.send_modify(|lines| lines.all.push(line));
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        lines.send_modify(|lines| lines.open -= 1);
    });
}

fn reap(mut child: Child, mut leash: ChildStdin) -> watch::Receiver<Option<ExitStatus>> {
    let (exited, exit) = watch::channel(None);
    thread::spawn(move || {
        let status = child.wait().expect("a child can be waited for");
        // The watchdog may be gone already.
        let _ = leash.write_all(b"\n");
        exited.send_replace(Some(status));
    });
    exit
}

/// Whether each thread of a process is stopped. Where there is no `/proc`, nobody can tell.
fn is_stopped(pid: u32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return true };
    threads.flatten().all(|thread| {
        // The state comes after the name, which is in brackets; a thread that is gone has none.
        let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('T'))
    })
}
