//! The callers' part of docs/protocol.md, rule by rule.

use std::time::{Duration, Instant};

use centrifugo_rpc::{BoxError, CallError, CallOptions, Client};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::Outcome;
use crate::world::{Key, Sleep, Text, World, ensure, ensure_eq, unique, whoami};

/// Marks calls that take too long for a worker: the control server replies to them.
const LONG: u32 = 50_000;
const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[derive(Debug, Deserialize)]
struct Report {
    /// The number of requests in each publication.
    publications: Vec<usize>,
    sessions: usize,
    last: Value,
}

/// Waits until the user has published `count` requests, and returns a report about them.
async fn published(world: &World, user: &str, count: usize) -> Result<Report, BoxError> {
    Ok(serde_json::from_str(&world.post(&format!("published?user={user}&count={count}")).await?)?)
}

async fn answer(world: &World, user: &str, how: &str) -> Result<String, BoxError> {
    world.post(&format!("answer?user={user}&how={how}")).await
}

/// Makes a call to which the control server replies.
fn long(client: &Client, number: u32) -> JoinHandle<Result<Sleep, CallError>> {
    let client = client.clone();
    tokio::spawn(async move { client.call("demo.sleep", &Sleep { ms: LONG + number }).await })
}

fn calls(client: &Client, count: u32) -> Vec<JoinHandle<Result<Sleep, CallError>>> {
    (0..count).map(|number| long(client, number)).collect()
}

async fn all_right(calls: Vec<JoinHandle<Result<Sleep, CallError>>>) -> Outcome {
    for (number, call) in (0..).zip(calls) {
        ensure_eq!(call.await??, Sleep { ms: LONG + number });
    }
    Ok(())
}

async fn disconnected(world: &World, client: &Client) -> Outcome {
    world.post("refuse").await?;
    while client.is_connected() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

pub(crate) async fn on_the_wire(world: &World) -> Outcome {
    let user = unique("user");
    let client = world.client(&user).await?;
    let calling = {
        let client = client.clone();
        let options = CallOptions::new().timeout(Duration::from_secs(5)).traceparent(TRACE);
        tokio::spawn(async move { client.call_with::<Sleep>("demo.sleep", &Sleep { ms: LONG }, options).await })
    };
    let last = published(world, &user, 1).await?.last;
    ensure!(last["timeout_ms"].as_u64().is_some_and(|ms| (1..=5000).contains(&ms)), "{last}");
    ensure_eq!(last["traceparent"], TRACE);
    client.notify("scenario.note", &Key { key: &unique("note") }).await?;
    ensure_eq!(published(world, &user, 2).await?.last["method"], "scenario.note");
    calling.abort();
    ensure!(published(world, &user, 3).await?.last["cancel"].is_string(), "no cancellation");
    disconnected(world, &client).await?;
    world.post("accept").await?;
    whoami(&client).await?;
    ensure_eq!(published(world, &user, 4).await?.sessions, 1);
    whoami(&world.client(&user).await?).await?;
    ensure_eq!(published(world, &user, 5).await?.sessions, 2);
    Ok(())
}

pub(crate) async fn requests_that_go_together(world: &World) -> Outcome {
    let user = unique("user");
    let client = world.client(&user).await?;
    let alone = calls(&client, 8);
    ensure_eq!(published(world, &user, 8).await?.publications, [1; 8]);
    answer(world, &user, "together").await?;
    all_right(alone).await?;
    let mut count = 8;
    let mut largest = 1;
    while largest == 1 {
        let together = calls(&client, 200);
        let cancelled = long(&client, 0);
        let large = {
            let client = client.clone();
            let text = Text::new("x".repeat(20_000));
            tokio::spawn(async move { client.call::<Text>("demo.echo", &text).await.map(|echoed| echoed == text) })
        };
        count += 202;
        let sizes = published(world, &user, count).await?.publications;
        largest = sizes[8..].iter().copied().max().unwrap_or(1);
        // The cancellation must be a publication of its own.
        cancelled.abort();
        count += 1;
        published(world, &user, count).await?;
        answer(world, &user, "together").await?;
        all_right(together).await?;
        ensure!(large.await??, "another text");
    }
    disconnected(world, &client).await?;
    let anew = calls(&client, 8);
    world.post("accept").await?;
    let sizes = published(world, &user, count + 8).await?.publications;
    ensure_eq!(sizes[sizes.len() - 8..], [1; 8]);
    answer(world, &user, "each").await?;
    all_right(anew).await
}

pub(crate) async fn replies_that_change_nothing(world: &World) -> Outcome {
    let user = unique("user");
    let client = world.client(&user).await?;
    let calls = calls(&client, 3);
    published(world, &user, 3).await?;
    answer(world, &user, "hostile").await?;
    all_right(calls).await?;
    whoami(&client).await?;
    Ok(())
}

/// Makes one more call, whose reply is published while the caller is disconnected.
async fn missed(world: &World, user: &str, client: &Client, count: usize) -> Outcome {
    let one = calls(client, 1);
    published(world, user, count).await?;
    disconnected(world, client).await?;
    answer(world, user, "each").await?;
    world.post("accept").await?;
    all_right(one).await
}

pub(crate) async fn replies_without_an_offset(world: &World) -> Outcome {
    let user = unique("user");
    let client = world.client(&user).await?;
    for (count, how) in [(1, "each"), (2, "unremembered")] {
        let one = calls(&client, 1);
        published(world, &user, count).await?;
        answer(world, &user, how).await?;
        all_right(one).await?;
    }
    missed(world, &user, &client, 3).await
}

pub(crate) async fn more_replies_than_the_history_keeps(world: &World) -> Outcome {
    let user = unique("user");
    let client = world.client(&user).await?;
    let calls = calls(&client, 140);
    published(world, &user, 140).await?;
    disconnected(world, &client).await?;
    answer(world, &user, "each").await?;
    world.post("accept").await?;
    while calls.iter().filter(|call| call.is_finished()).count() < 128 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    whoami(&client).await?;
    client.close().await;
    let (mut kept, mut lost) = (0, 0);
    for (number, call) in (0..).zip(calls) {
        match call.await? {
            Ok(result) => {
                ensure_eq!(result, Sleep { ms: LONG + number });
                kept += 1;
            }
            Err(CallError::Connection(_)) => lost += 1,
            Err(error) => return Err(error.into()),
        }
    }
    ensure_eq!((kept, lost), (128, 12));
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Gate {
    key: String,
    number: u32,
}

pub(crate) async fn replies_after_a_restart(world: &World) -> Outcome {
    let user = unique("user");
    let client = world.client(&user).await?;
    let waiting: Vec<_> = (0..100)
        .map(|number| {
            let (client, gate) = (client.clone(), Gate { key: user.clone(), number });
            tokio::spawn(
                async move { client.call::<Gate>("scenario.gate", &gate).await.map(|through| through == gate) },
            )
        })
        .collect();
    published(world, &user, 100).await?;
    disconnected(world, &client).await?;
    world.post("restart").await?;
    world.post(&format!("open?key={user}")).await?;
    world.post(&format!("answered?user={user}&count=100")).await?;
    world.post("accept").await?;
    for call in waiting {
        ensure!(call.await??, "another result");
    }
    // The client recovers from the next loss in the usual way.
    missed(world, &user, &client, 101).await
}

pub(crate) async fn replies_lost_twice(world: &World) -> Outcome {
    let user = unique("user");
    let client = world.client(&user).await?;
    for count in 1..=2 {
        let one = calls(&client, 1);
        published(world, &user, count).await?;
        disconnected(world, &client).await?;
        world.post("restart").await?;
        answer(world, &user, "each").await?;
        world.post("accept").await?;
        all_right(one).await?;
    }
    // With an empty history Centrifugo cannot recover from 128 replies back either.
    let lost = long(&client, 0);
    published(world, &user, 3).await?;
    disconnected(world, &client).await?;
    answer(world, &user, "each").await?;
    world.post(&format!("forget?user={user}")).await?;
    world.post("accept").await?;
    whoami(&client).await?;
    ensure!(!lost.is_finished(), "the lost call ended with {:?}", lost.await);
    lost.abort();
    published(world, &user, 5).await?;
    missed(world, &user, &client, 6).await
}

pub(crate) async fn giving_up(world: &World) -> Outcome {
    let user = unique("user");
    let client = world.client(&user).await?;
    world.post("pause").await?;
    let outcome = unanswered(world, &user, &client).await;
    world.post("resume").await?;
    outcome
}

async fn unanswered(world: &World, user: &str, client: &Client) -> Outcome {
    let started = Instant::now();
    let options = CallOptions::new().timeout(Duration::from_secs(1));
    let result = client.call_with::<Sleep>("demo.sleep", &Sleep { ms: LONG }, options).await;
    let took = started.elapsed();
    ensure!(matches!(result, Err(CallError::Timeout { published: true, .. })), "it ended with {result:?}");
    ensure!(took >= Duration::from_millis(1200), "it waited {took:?}, no longer than the worker");
    ensure!(published(world, user, 2).await?.last["cancel"].is_string(), "no cancellation");
    Ok(())
}
