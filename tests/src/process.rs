//! A child process that never outlives its test, even if the test is killed.

use std::fmt;
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::within;

/// Becomes the program, after starting a watchdog that kills the program when the pipe to the test closes without a
/// line: the kernel closes that pipe however the test process ends. A line on the pipe ends the watchdog, so that it
/// never kills another process that was given the same process ID.
const UNDER_WATCHDOG: &str = r#"
exec 3<&0
self=$$
( trap '' INT TERM HUP; read -r _ <&3 || kill -KILL "$self" ) >/dev/null 2>&1 &
exec "$@" </dev/null 3<&-
"#;

/// A running child process, killed when dropped.
///
/// Needs no runtime, so that tests with a runtime each can share it.
pub struct Process {
    name: String,
    pid: u32,
    exit: watch::Receiver<Option<ExitStatus>>,
    lines: watch::Sender<Lines>,
}

/// The output of a process so far, both streams in the order of arrival.
#[derive(Default)]
struct Lines {
    all: Vec<String>,
    /// The number of streams that are still open.
    open: u32,
    /// The number of lines in `all` that [`Process::next_line`] has consumed.
    taken: usize,
}

/// The exit status and the output of a process.
#[derive(Debug, Clone)]
pub struct Output {
    /// The exit status.
    pub status: ExitStatus,
    /// The lines of both streams, in the order of arrival.
    pub lines: Vec<String>,
}

impl Process {
    /// Starts `command` with its standard input, output and error connected to the harness. `fix` is the advice if the
    /// program is missing.
    ///
    /// # Panics
    ///
    /// Panics if the program does not start.
    #[must_use]
    pub fn start(command: &Command, fix: &str) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        // The shell in between would report a missing program only on a stream that is not read yet.
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

    /// Returns the process ID.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Returns the exit status if the process has ended.
    #[must_use]
    pub fn exited(&self) -> Option<ExitStatus> {
        *self.exit.borrow()
    }

    /// Returns all lines printed so far, of both streams.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.lines.borrow().all.clone()
    }

    /// Waits for a line that contains `text`, printed at any time, and returns it.
    ///
    /// # Panics
    ///
    /// Panics if the process ends without such a line, or if it takes too long.
    pub async fn line(&self, text: &str) -> String {
        self.first(&format!("{text:?}"), |lines| lines.all.iter().find(|line| line.contains(text)).cloned()).await
    }

    /// Waits for the next line that contains `text`, after the line that this method returned last.
    ///
    /// # Panics
    ///
    /// Panics if the process ends without such a line, or if it takes too long.
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

    /// Waits until the process has ended.
    ///
    /// # Panics
    ///
    /// Panics if that takes too long.
    pub async fn ended(&self) -> Output {
        within(&format!("`{}` to end", self.name), self.end()).await
    }

    /// As [`Process::ended`], for processes that take longer than [`PATIENCE`](crate::PATIENCE).
    ///
    /// # Panics
    ///
    /// Panics if that takes longer than `limit`.
    pub async fn ended_within(&self, limit: Duration) -> Output {
        let ended = tokio::time::timeout(limit, self.end()).await;
        ended.unwrap_or_else(|_| panic!("`{}` is not done after {limit:?}:\n{}", self.name, self.printed()))
    }

    async fn end(&self) -> Output {
        let mut exit = self.exit.clone();
        let status = exit.wait_for(Option::is_some).await.map(|status| *status);
        let status = status.ok().flatten().expect("a process is waited for until it has ended");

        // The last output may arrive after the end of the process, and children that it left running may hold its
        // streams open for ever.
        let mut lines = self.lines.subscribe();
        let rest = lines.wait_for(|lines| lines.open == 0);
        let _ = tokio::time::timeout(Duration::from_secs(1), rest).await;
        Output { status, lines: self.lines() }
    }

    /// Sends `signal`, such as `INT`, `TERM` or `STOP`. Does nothing after the process has ended.
    pub fn signal(&self, signal: &str) {
        if self.exited().is_none() {
            // Fails only if the process ends at this moment, and most signals are sent to end it.
            let _ = Command::new("kill").arg(format!("-{signal}")).arg(self.pid.to_string()).output();
        }
    }

    /// Freezes the process until it gets `CONT`.
    pub fn pause(&self) {
        self.signal("STOP");
        // The signal takes effect after `kill` has returned, thread by thread.
        let limit = Instant::now() + Duration::from_secs(1);
        while !is_stopped(self.pid) && Instant::now() < limit {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Kills the process and waits until it has ended.
    pub fn kill(&self) {
        self.signal("KILL");
        // Blocking, not async: dropping a process must work inside and outside of a runtime.
        while self.exited().is_none() {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Returns the output so far, for the message of a failure.
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
    // Joining an absolute path yields that path.
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

/// Returns whether each thread of a process is stopped. Without `/proc` this is unknown, and it returns true.
fn is_stopped(pid: u32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return true };
    threads.flatten().all(|thread| {
        // The state comes after the name, which is in parentheses; a thread that has ended has none.
        let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('T'))
    })
}
