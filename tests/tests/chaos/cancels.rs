//! Callers that cancel before a worker has run their call.

use std::collections::HashMap;

use serde_json::{Value, json};
use tests::{Crew, Raw, parts, unique};

use crate::{Place, turn};

/// A caller that can cancel its calls.
struct Caller {
    raw: Raw,
    replies: String,
}

impl Caller {
    async fn connect(place: &Place) -> Self {
        let mut raw = place.server(0).connect("42").await;
        let replies = format!("reply:{}#42", unique("session"));
        raw.subscribe(&replies, None).await.expect("subscribed");
        Self { raw, replies }
    }

    async fn call(&mut self, method: &str, key: &str) {
        let request = self.request(method, key);
        self.raw.publish("rpc:requests", &request).await.expect("published");
    }

    /// Publishes several calls in one publication.
    async fn call_together(&mut self, calls: &[(&str, &str)]) {
        let requests: Vec<_> = calls.iter().map(|(method, key)| self.request(method, key)).collect();
        self.raw.publish("rpc:requests", &json!({ "batch": requests })).await.expect("published");
    }

    fn request(&self, method: &str, key: &str) -> Value {
        json!({"method": method, "params": {"key": key}, "correlation_id": key, "reply_to": self.replies})
    }

    async fn cancel(&mut self, key: &str) {
        let request = json!({"cancel": key, "reply_to": self.replies});
        self.raw.publish("rpc:requests", &request).await.expect("published");
    }

    /// Waits for the outcomes of `calls` calls: each key with its code, 0 for a result.
    async fn ends(&mut self, calls: usize) -> HashMap<String, u64> {
        let mut ends = HashMap::new();
        while ends.len() < calls {
            let publication = self.raw.publication(&self.replies).await;
            for reply in parts(&publication["data"]) {
                let code = reply.pointer("/error/code").and_then(Value::as_u64).unwrap_or(0);
                let key = reply["correlation_id"].as_str().expect("an ID").to_owned();
                assert!(ends.insert(key, code).is_none(), "answered twice: {reply}");
            }
        }
        ends
    }
}

/// Starts two workers and a caller, and freezes the first worker: requests that the group assigns to it are unfinished
/// when it is killed.
async fn before_a_worker_dies(place: &Place) -> (Crew, Caller) {
    let mut crew = Crew::new();
    for _ in 0..2 {
        crew.start(place.server(0)).await;
    }
    let caller = Caller::connect(place).await;
    crew.freeze(0);
    (crew, caller)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_cancelled_before_a_worker_comes_does_not_run() {
    let _turn = turn().await;
    let place = Place::memory().await;
    let mut crew = Crew::new();
    crew.start(place.server(0)).await;
    crew.stop(0).await;
    let mut caller = Caller::connect(&place).await;
    for key in ["given up", "kept"] {
        caller.call("demo.append", key).await;
    }
    caller.call_together(&[("demo.append", "kept too"), ("demo.append", "given up too")]).await;
    caller.cancel("given up").await;
    caller.cancel("given up too").await;
    crew.start(place.server(0)).await;
    let expected = [("given up", 499), ("kept", 0), ("kept too", 0), ("given up too", 499)];
    assert_eq!(caller.ends(4).await, HashMap::from(expected.map(|(key, code)| (key.to_owned(), code))));
    assert_eq!(crew.runs(), HashMap::from(["kept", "kept too"].map(|key| (key.to_owned(), 1))));
    // The ID of a cancelled call can be used again.
    caller.call("demo.append", "given up").await;
    assert_eq!(caller.ends(1).await, HashMap::from([("given up".to_owned(), 0)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_cancelled_while_its_worker_is_dead_is_not_run_by_another() {
    const CALLS: usize = 20;
    let _turn = turn().await;
    let place = Place::memory().await;
    let (crew, mut caller) = before_a_worker_dies(&place).await;
    let keys: Vec<_> = (0..CALLS).map(|number| format!("call-{number}")).collect();
    for key in &keys {
        caller.call("demo.append_idempotent", key).await;
    }
    for key in &keys {
        caller.cancel(key).await;
    }
    crew.kill(0);
    let ends = caller.ends(CALLS).await;
    let cancelled = ends.values().filter(|code| **code == 499).count();
    let ran = ends.values().filter(|code| **code == 0).count();
    assert!(cancelled >= CALLS / 4 && cancelled + ran == CALLS, "{ends:?}");
    assert_eq!(crew.runs().len(), ran, "{ends:?}\n{:?}", crew.runs());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_calls_that_went_together_to_a_worker_that_died_each_ends_as_its_method_may() {
    const PUBLICATIONS: usize = 12;
    let _turn = turn().await;
    let place = Place::memory().await;
    let (crew, mut caller) = before_a_worker_dies(&place).await;
    for number in 0..PUBLICATIONS {
        let [once, again, given_up] = ["once", "again", "given up"].map(|kind| format!("{kind} {number}"));
        let idempotent = "demo.append_idempotent";
        caller.call_together(&[("demo.append", &once), (idempotent, &again), (idempotent, &given_up)]).await;
    }
    for number in 0..PUBLICATIONS {
        caller.cancel(&format!("given up {number}")).await;
    }
    crew.kill(0);
    let ends = caller.ends(PUBLICATIONS * 3).await;
    let of = |kind: &str, code: u64| ends.iter().filter(|(key, end)| key.starts_with(kind) && **end == code).count();
    let lost = of("once", 504);
    assert!((PUBLICATIONS / 4..=PUBLICATIONS * 3 / 4).contains(&lost), "{ends:?}");
    assert_eq!((of("once", 0), of("again", 0)), (PUBLICATIONS - lost, PUBLICATIONS), "{ends:?}");
    // The surviving worker may have run its calls before the cancellation arrived.
    assert!(of("given up", 499) >= lost && of("given up", 499) + of("given up", 0) == PUBLICATIONS, "{ends:?}");
    let runs = crew.runs();
    assert!(runs.values().all(|count| *count == 1), "{runs:?}");
    assert_eq!(runs.len(), ends.values().filter(|code| **code == 0).count(), "{ends:?}\n{runs:?}");
}
