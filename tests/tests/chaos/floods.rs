//! One user who exceeds the limits by far, and another user with a modest load.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use centrifugo_rpc::{CallOptions, Client};
use serde_json::{Value, json};
use tests::load::client;
use tests::{Centrifugo, Crew, Raw, Server, eventually, unique, within};
use tokio::task::JoinSet;

use crate::{note, turn};

/// The limit of concurrent calls per user; the flood keeps ten times as many calls in flight.
const LIMIT: (&str, &str) = ("CENTRIFUGO_RPC_MAX_CONCURRENT_CALLS_PER_USER", "16");
const GREEDY_CALLERS: usize = 160;
const GREEDY_CONNECTIONS: usize = 4;

/// The largest params that Centrifugo accepts, less a little room for the rest of a request.
const LARGE: usize = 60_000;

/// The number of calls of the modest user, made one at a time.
const MODEST_CALLS: usize = 20;

/// Much longer than a call takes on any machine, and short enough to detect a stuck call.
const SLOW: Duration = Duration::from_secs(20);

/// The outcomes of the calls of a flood.
#[derive(Debug, Default)]
struct Tally {
    ok: AtomicU64,
    refused: AtomicU64,
    other: AtomicU64,
}

impl Tally {
    fn ok(&self) -> u64 {
        self.ok.load(Ordering::Relaxed)
    }

    fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

/// The latencies of the modest user's calls.
struct Took(Vec<Duration>);

impl fmt::Display for Took {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (median, slowest) = (self.0[self.0.len() / 2], self.0[self.0.len() - 1]);
        write!(f, "median {median:.1?}, slowest {slowest:.1?}")
    }
}

/// Makes the modest user's calls, one at a time. All must succeed.
async fn modest(client: &Client, prefix: &str) -> Took {
    let mut took = Vec::new();
    for number in 0..MODEST_CALLS {
        let started = Instant::now();
        let options = CallOptions::new().timeout(SLOW);
        let params = json!({ "key": format!("{prefix}-{number}") });
        let outcome = client.call_with::<Value>("demo.append", &params, options).await;
        outcome.unwrap_or_else(|error| panic!("{prefix}: the modest user's call {number} failed: {error}"));
        took.push(started.elapsed());
    }
    took.sort();
    Took(took)
}

/// Starts callers of one user that call again immediately after each reply, whatever the reply is.
async fn flood(server: &Server, bytes: usize, tally: &Arc<Tally>) -> JoinSet<()> {
    let mut clients = Vec::new();
    for _ in 0..GREEDY_CONNECTIONS {
        clients.push(client(server, "greedy").await);
    }
    let params = Arc::new(json!({"ms": 200, "padding": "x".repeat(bytes)}));
    let mut callers = JoinSet::new();
    for number in 0..GREEDY_CALLERS {
        let client = clients[number % GREEDY_CONNECTIONS].clone();
        let (params, tally) = (Arc::clone(&params), Arc::clone(tally));
        callers.spawn(async move {
            loop {
                let count = match client.call::<Value>("demo.sleep", &*params).await {
                    Ok(_) => &tally.ok,
                    Err(error) if error.code() == Some(429) => &tally.refused,
                    Err(_) => &tally.other,
                };
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    callers
}

#[tokio::test(flavor = "multi_thread")]
async fn one_user_floods_and_another_is_served() {
    let _turn = turn().await;
    let server = Centrifugo::start(crate::config()).await;
    let mut crew = Crew::new();
    crew.start_with(&server, &[LIMIT]).await;
    let other = client(&server, "modest").await;
    let quiet = modest(&other, "quiet").await;
    note(format!("without a flood: {quiet}"));
    let mut refused = 0;
    for (what, bytes) in [("small", 0), ("large", LARGE)] {
        let tally = Arc::new(Tally::default());
        let mut callers = flood(&server, bytes, &tally).await;
        let under_way = async || (tally.ok() > 0 && tally.refused() > 100).then_some(());
        eventually("the flood to be refused but for some calls", under_way).await;
        let took = modest(&other, what).await;
        callers.shutdown().await;
        let memory = crew.resident(0).unwrap_or_default() / 1024;
        note(format!("a flood of {what} calls: {took}; {tally:?}; the worker has {memory} MiB"));
        assert!(tally.ok() > 0, "what is within the limit runs: {tally:?}");
        assert_eq!(tally.other.load(Ordering::Relaxed), 0, "{tally:?}");
        assert!(memory < 512, "{memory} MiB");
        refused += tally.refused();
    }
    assert!(crew.runs().values().all(|runs| *runs == 1), "{:?}", crew.runs());

    // The log names the user and the limit of the refused calls, and their total.
    crew.stop(0).await;
    let line = crew.worker(0).line("a limit is reached").await;
    assert!(line.contains("limit=\"max_concurrent_calls_per_user\"") && line.contains("user=\"greedy\""), "{line}");
    let line = crew.worker(0).line("all calls have ended").await;
    let (_, counted) = line.split_once("429: ").expect("a count of refusals");
    let counted: u64 =
        counted.split(|end: char| !end.is_ascii_digit()).next().unwrap_or_default().parse().expect(&line);
    assert!(counted >= refused, "{counted} are counted, {refused} were seen");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_the_largest_requests_ends_and_lets_others_through() {
    const BURST: usize = 800;
    let _turn = turn().await;
    let server = Centrifugo::start(crate::config()).await;
    let mut crew = Crew::new();
    crew.start_with(&server, &[LIMIT]).await;
    let other = client(&server, "modest").await;
    let replies = format!("reply:{}#greedy", unique("session"));
    let mut frames = vec![Vec::new(); GREEDY_CONNECTIONS];
    for number in 0..BURST {
        let params = json!({"ms": 1, "padding": "x".repeat(LARGE)});
        let request = json!({"method": "demo.sleep", "params": params, "correlation_id": number.to_string(), "reply_to": replies});
        let publish = json!({"id": number + 100, "publish": {"channel": "rpc:requests", "data": request}});
        frames[number % GREEDY_CONNECTIONS].push(publish.to_string());
    }
    let mut greedy = server.connect("greedy").await;
    greedy.subscribe(&replies, None).await.expect("subscribed");
    let started = Instant::now();
    let mut senders = JoinSet::new();
    for frames in frames {
        let mut raw = server.connect("greedy").await;
        senders.spawn(async move {
            for frame in frames {
                raw.send(frame).await;
            }
            raw
        });
    }
    let counting = tokio::spawn(async move { (answered(&mut greedy, BURST).await, started.elapsed()) });
    eventually("the burst to arrive", async || {
        let history = server.api().ok("history", json!({"channel": "rpc:requests"})).await;
        (history["offset"].as_u64() > Some(50)).then_some(())
    })
    .await;
    let took = modest(&other, "modest").await;
    let _connected = senders.join_all().await;
    let (codes, elapsed) = within("the burst to be answered", counting).await.expect("answers");
    note(format!("a burst of {BURST} calls of {LARGE} bytes, over after {elapsed:.1?}: {took}; answers {codes:?}"));
    assert!(codes.iter().all(|code| matches!(code, None | Some(429))), "{codes:?}");
}

/// Builds a batch of as many of these requests as Centrifugo accepts in one publication.
fn full_of(request: &str) -> String {
    let count = LARGE / (request.len() + 1);
    format!(r#"{{"batch":[{}]}}"#, vec![request; count].join(","))
}

#[tokio::test(flavor = "multi_thread")]
async fn publications_that_ask_for_as_much_as_one_may_let_others_through() {
    const FLOOD: usize = 400;
    let _turn = turn().await;
    let server = Centrifugo::start(crate::config()).await;
    let mut crew = Crew::new();
    for _ in 0..2 {
        crew.start_with(&server, &[LIMIT]).await;
    }
    let other = client(&server, "modest").await;
    let replies = format!("reply:{}#greedy", unique("session"));
    let call = |members: &str| format!(r#"{{"reply_to":"{replies}","correlation_id":"c"{members}}}"#);
    for (kind, request) in [
        ("numbers", "1".to_owned()),
        ("empty objects", "{}".to_owned()),
        ("notifications that run", r#"{"method":"demo.notify","params":{"key":"flood"}}"#.to_owned()),
        ("calls of unknown methods", call(r#","method":"x""#)),
        ("malformed calls", call(r#","method":5"#)),
        ("calls that run already", call(r#","method":"demo.sleep","params":{"ms":1}"#)),
        ("cancellations in a batch", format!(r#"{{"reply_to":"{replies}","cancel":"c"}}"#)),
        ("foreign addresses", call(r#","method":"x""#).replace("#greedy", "#modest")),
    ] {
        let publish = json!({"id": 100, "publish": {"channel": "rpc:requests", "data": "DATA"}}).to_string();
        let frame = publish.replace("\"DATA\"", &full_of(&request));
        let mut senders = JoinSet::new();
        let started = Instant::now();
        for _ in 0..GREEDY_CONNECTIONS {
            let (mut raw, frame) = (server.connect("greedy").await, frame.clone());
            senders.spawn(async move {
                for _ in 0..FLOOD / GREEDY_CONNECTIONS {
                    raw.send(frame.clone()).await;
                }
                raw
            });
        }
        let took = modest(&other, kind).await;
        let _connected = senders.join_all().await;
        note(format!("{FLOOD} batches full of {kind}, taken after {:.1?}: {took}", started.elapsed()));
    }
    for number in 0..2 {
        crew.stop(number).await;
        let lines = crew.worker(number).lines();
        let with = |text: &str| lines.iter().filter(|line| line.contains(text)).count();
        // The excess requests of a batch are logged as one line, for at most one batch in 5 s.
        assert!(with("more requests than a worker takes") > 0, "{lines:?}");
        assert!(lines.len() < 300, "{} lines", lines.len());
    }
}

/// Waits for the replies to `calls` calls, and returns their codes.
async fn answered(caller: &mut Raw, calls: usize) -> HashSet<Option<u64>> {
    let (mut ended, mut codes) = (HashSet::new(), HashSet::new());
    while ended.len() < calls {
        let push = caller.push("a reply", |push| push.get("pub").is_some()).await;
        let reply = &push["pub"]["data"];
        assert!(ended.insert(reply["correlation_id"].as_str().expect("an ID").to_owned()), "answered twice: {reply}");
        codes.insert(reply.pointer("/error/code").and_then(Value::as_u64));
    }
    codes
}
