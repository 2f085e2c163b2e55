//! Callers that call until they are stopped, and the outcome of every call.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use centrifugo_rpc::{CallError, CallOptions, Client};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::crew::Crew;
use crate::server::Server;
use crate::within;

/// The timeout of a call.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Four callers share a connection; each connection has its own user.
const CALLERS_PER_CLIENT: usize = 4;

/// A finished call, as its caller saw it.
#[derive(Debug)]
struct Ended {
    key: String,
    outcome: String,
    took: Duration,
}

/// Running callers.
#[derive(Debug)]
pub struct Load {
    stop: watch::Sender<bool>,
    callers: JoinSet<()>,
    ended: Arc<Mutex<Vec<Ended>>>,
    clients: Vec<Client>,
}

/// The outcomes of all calls.
#[derive(Debug, Default)]
pub struct Report {
    /// Calls made.
    pub calls: usize,
    /// Calls with a result.
    pub ok: usize,
    /// Calls with another outcome, by outcome.
    pub failed: BTreeMap<String, usize>,
    /// Calls that ran more than once, on several workers or on one.
    pub twice: Vec<String>,
    /// Calls without a reply: their caller gave up.
    pub lost: usize,
    /// Calls with a result that no worker ran.
    pub invented: usize,
    /// The duration of the slowest call.
    pub slowest: Duration,
}

impl Load {
    /// Starts `callers`, spread over the `servers`. Each calls `method`, which appends a key, again and again, with a
    /// `pause` between two calls.
    pub async fn start(servers: &[&Server], callers: usize, method: &'static str, pause: Duration) -> Self {
        let (stop, _) = watch::channel(false);
        let ended = Arc::new(Mutex::new(Vec::new()));
        let mut load = Self { stop, callers: JoinSet::new(), ended, clients: Vec::new() };
        for number in 0..callers.div_ceil(CALLERS_PER_CLIENT) {
            let server = servers[number % servers.len()];
            load.clients.push(client(server, &format!("user-{number}")).await);
        }
        for number in 0..callers {
            let client = load.clients[number / CALLERS_PER_CLIENT].clone();
            let (stop, ended) = (load.stop.subscribe(), Arc::clone(&load.ended));
            load.callers.spawn(async move {
                for call in 0.. {
                    if *stop.borrow() {
                        return;
                    }
                    one(&client, method, format!("{number}-{call}"), &ended).await;
                    tokio::time::sleep(pause).await;
                }
            });
        }
        load
    }

    /// Returns how many calls have ended.
    #[must_use]
    pub fn ended(&self) -> usize {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Waits for the end of every call, and counts the outcomes.
    pub async fn finish(mut self, crew: &Crew) -> Report {
        self.stop.send_replace(true);
        while let Some(caller) = self.callers.join_next().await {
            caller.expect("callers do not panic");
        }
        for client in &self.clients {
            client.close().await;
        }
        let ended = std::mem::take(&mut *self.ended.lock().unwrap_or_else(PoisonError::into_inner));
        count(&ended, crew)
    }
}

/// Connects a client of `user` to `server`.
pub async fn client(server: &Server, user: &str) -> Client {
    let token = server.tokens().connection(user);
    let client = Client::builder(&server.url).token(token).timeout(TIMEOUT).connect();
    within("a caller to connect", client).await.expect("a caller")
}

/// Makes `count` concurrent calls from the `clients`, and counts the outcomes.
pub async fn burst(clients: &[Client], crew: &Crew, method: &'static str, count: usize, prefix: &str) -> Report {
    let ended = Arc::new(Mutex::new(Vec::new()));
    let mut calls = JoinSet::new();
    for number in 0..count {
        let (client, ended) = (clients[number % clients.len()].clone(), Arc::clone(&ended));
        let key = format!("{prefix}-{number}");
        calls.spawn(async move { one(&client, method, key, &ended).await });
    }
    while let Some(call) = calls.join_next().await {
        call.expect("callers do not panic");
    }
    let ended = std::mem::take(&mut *ended.lock().unwrap_or_else(PoisonError::into_inner));
    self::count(&ended, crew)
}

async fn one(client: &Client, method: &'static str, key: String, ended: &Mutex<Vec<Ended>>) {
    let started = Instant::now();
    let options = CallOptions::new().timeout(TIMEOUT);
    let outcome = match client.call_with::<Value>(method, &json!({ "key": key }), options).await {
        Ok(_) => "ok".to_owned(),
        Err(CallError::Timeout { published: true, .. }) => "lost".to_owned(),
        Err(CallError::Timeout { .. }) => "not sent".to_owned(),
        Err(error) => error.code().map_or_else(|| error.to_string(), |code| code.to_string()),
    };
    let took = started.elapsed();
    ended.lock().unwrap_or_else(PoisonError::into_inner).push(Ended { key, outcome, took });
}

fn count(ended: &[Ended], crew: &Crew) -> Report {
    let runs = crew.runs();
    let mut report = Report { calls: ended.len(), ..Report::default() };
    for Ended { key, outcome, took } in ended {
        report.slowest = report.slowest.max(*took);
        match outcome.as_str() {
            "ok" => report.ok += 1,
            "lost" => report.lost += 1,
            other => *report.failed.entry(other.to_owned()).or_default() += 1,
        }
        match runs.get(key) {
            None if outcome == "ok" => report.invented += 1,
            Some(2..) => report.twice.push(key.clone()),
            _ => {}
        }
    }
    report
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ended = self.calls - self.lost;
        let failed: Vec<_> = self.failed.iter().map(|(how, count)| format!("{count} × {how}")).collect();
        let slowest = format!("{:.2} s", self.slowest.as_secs_f64());
        write!(
            f,
            "{:>7} {ended:>7} {:>7} {:>9} {:>5} {slowest:>9}  {}",
            self.calls,
            self.ok,
            self.twice.len(),
            self.lost,
            failed.join(", ")
        )
    }
}

impl Report {
    /// The header of the columns of a printed report.
    pub const HEADER: &str = "  calls   ended      ok ran twice  lost   slowest  other ends";

    /// Adds the counts of another report.
    pub fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.ok += other.ok;
        for (outcome, calls) in other.failed {
            *self.failed.entry(outcome).or_default() += calls;
        }
        self.twice.extend(other.twice);
        self.lost += other.lost;
        self.invented += other.invented;
        self.slowest = self.slowest.max(other.slowest);
    }

    /// Checks that no call ran twice, that no call was left without an end, and that every result comes from a run.
    ///
    /// # Panics
    ///
    /// Panics otherwise.
    pub fn assert_sound(&self) {
        assert!(self.calls > 0, "at least one call was made");
        assert!(self.twice.is_empty(), "ran twice: {:?}", &self.twice[..self.twice.len().min(10)]);
        assert_eq!((self.lost, self.invented), (0, 0), "calls without an end, and without a run\n{self}");
    }

    /// Checks that at least `percent` of the calls have a result.
    ///
    /// # Panics
    ///
    /// Panics otherwise.
    pub fn assert_ok(&self, percent: usize) {
        assert!(self.ok * 100 >= self.calls * percent, "fewer than {percent} % are ok\n{}\n{self}", Self::HEADER);
    }
}
