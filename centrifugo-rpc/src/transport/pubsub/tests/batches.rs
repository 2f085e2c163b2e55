//! Several requests in one publication, and the work that one publication may cause.

use super::*;
use crate::engine::incoming::CallId;
use crate::protocol::{MAX_CALLS, MAX_REQUESTS, MAX_TOGETHER, MIN_REQUEST};
use crate::transport::pubsub::rejections::request_count;
use crate::transport::pubsub::replies::completion::CompletionGuard;
use crate::transport::pubsub::worst;

#[tokio::test(start_paused = true)]
async fn requests_that_come_together_are_calls_like_others_and_over_when_all_are() {
    let worker = Worker::new();
    let finished = Arc::default();
    let completion = CompletionGuard::new(&finished, 7, 9);
    let over = || {
        let mut over = Vec::new();
        finished.drain(|generation, offset| over.push((generation, offset)));
        over
    };
    let batch = json!({ "batch": [
        call("1", "t.echo", &json!([1])),
        { "method": "t.sleep" },
        5,
        call("2", "t.sleep", &json!(null)),
        call("3", "t.fail", &json!({})),
    ] });
    let caller = Caller::user("42").client("c");
    worker.endpoint.accept(&batch.to_string().into(), caller, Duration::from_secs(25), Some(completion));
    assert_eq!(worker.reply().await, json!({ "correlation_id": "1", "result": [1] }));
    let failed = worker.reply().await;
    assert_eq!((&failed["correlation_id"], &failed["error"]["code"]), (&json!("3"), &json!(1007)));
    assert_eq!(over(), []);
    let late = worker.reply().await;
    assert_eq!((&late["correlation_id"], &late["error"]["code"]), (&json!("2"), &json!(408)), "each has 5 s left");
    assert_eq!(over(), [(7, 9)]);
}

#[tokio::test(start_paused = true)]
async fn each_call_of_a_batch_that_does_not_run_is_rejected() {
    let worker = Worker::new();
    let batch =
        json!({ "batch": [call("1", "t.echo", &json!(1)), { "method": "t.echo" }, call("2", "t.count", &json!(2))] });
    let data = Bytes::from(batch.to_string());
    let caller = Caller::user("42");
    worker.endpoint.reject_lost(&data, &caller, Duration::ZERO);
    worker.endpoint.reject_cancelled(&data, &caller);
    worker.endpoint.reject_unserved(&data, &caller);
    for code in [504, 499, 503] {
        for id in ["1", "2"] {
            let reply = worker.reply().await;
            assert_eq!((&reply["correlation_id"], &reply["error"]["code"]), (&json!(id), &json!(code)));
        }
    }
}

#[test]
fn a_publication_is_divided_by_its_requests() {
    let worker = Worker::new();
    let caller = Caller::user("42");
    let call = |id: &str| call(id, "t.echo", &json!(1)).to_string();
    let divide = |data: String| {
        let cancelled = |call: &CallId| &*call.correlation_id == "c";
        let (first, others) = worker.endpoint.split_cancelled(data.into(), &caller, cancelled);
        [first, others]
            .map(|data: Option<Bytes>| data.map(|data| String::from_utf8_lossy(&data).into_owned()).unwrap_or_default())
    };
    let (c, d, none) = (call("c"), call("d"), String::new);
    assert_eq!(divide("{}".to_owned()), [none(), "{}".to_owned()]);
    assert_eq!(divide(c.clone()), [c.clone(), none()]);
    assert_eq!(divide(format!(r#"{{"batch":[{d},{c}, {d}]}}"#)), [c.clone(), format!(r#"{{"batch":[{d},{d}]}}"#)]);
    assert_eq!(divide(format!(r#"{{"batch":[{c},{c}]}}"#)), [format!(r#"{{"batch":[{c},{c}]}}"#), none()]);
    // A request that is not allowed in a batch stays invalid when it is the only one left.
    let cancel = json!({ "cancel": "x", "reply_to": format!("reply:{SESSION}#42") });
    assert_eq!(divide(format!(r#"{{"batch":[{c},{cancel},{{"batch":[{d}]}},1]}}"#)), [c, none()]);
    assert_eq!((request_count(&Bytes::from("{}")), request_count(&Bytes::from(r#"{"batch":[1,2]}"#))), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_cannot_be_read_costs_no_other_of_its_batch() {
    let worker = Worker::new();
    let with = |id: &str, member: &[u8]| {
        // The error code shows that the handler ran.
        let head = format!(r#"{{"method":"t.fail","correlation_id":"{id}","reply_to":"reply:{SESSION}#42","#);
        [head.as_bytes(), member, b"}"].concat()
    };
    let requests = [
        with("ok", br#""params":"\ud800""#),
        with("params", b"\"params\":[\"\xff\"]"),
        with("name", b"\"\xc3\x28\":1"),
        with("half", br#""\ud800":1"#),
        with("ignored", b"\"later\":\"\xed\xa0\x80\",\"params\":1"),
        with("\\ud800", br#""params":1"#),
        b"{\"method\":\"\xff\"}".to_vec(),
        with("traceparent", br#""traceparent":"\ud800""#),
        with("last", b"\"params\":\"\xc3\xa4\""),
    ];
    let answers = async |publications: Vec<Vec<u8>>| {
        for data in publications {
            worker.endpoint.accept(&data.into(), Caller::user("42").client("c"), Duration::ZERO, None);
        }
        let mut answers = Vec::new();
        while let Ok(reply) = tokio::time::timeout(Duration::from_secs(1), worker.reply()).await {
            answers.push(format!("{} {}", reply["correlation_id"], reply["error"]["code"]));
        }
        answers.sort();
        answers
    };
    // An unreadable ID leaves no reply address.
    let expected = [
        r#""half" 400"#,
        r#""ignored" 1007"#,
        r#""last" 1007"#,
        r#""name" 400"#,
        r#""ok" 1007"#,
        r#""params" 400"#,
        r#""traceparent" 400"#,
    ];
    let batch = [b"{\"batch\":[", &requests.join(&b","[..])[..], b"]}"].concat();
    assert_eq!(answers(requests.into()).await, expected, "each alone");
    assert_eq!(answers(vec![batch]).await, expected, "together");
}

#[tokio::test(start_paused = true)]
async fn replies_to_a_batch_go_together_as_its_requests_did() {
    let worker = Worker::new();
    let calls = ["1", "2", "3"].map(|id| call(id, "t.nope", &json!(1)));
    for request in &calls {
        worker.publish("42", request);
    }
    worker.publish("42", &json!({ "batch": calls }));
    let publications = worker.reply_queue.next_batch(usize::MAX, usize::MAX).await;
    let replies: Vec<_> = publications.iter().map(|publication| publication.replies().len()).collect();
    assert_eq!(replies, [1, 1, 1, 3]);
}

/// The work that a publication caused.
#[derive(Debug, PartialEq, Eq)]
struct Work {
    /// The requests that ran, were refused or were dropped.
    requests: u64,
    replies: usize,
}

async fn work(worker: &Worker, data: &Bytes) -> Work {
    let before = worker.dispatcher.telemetry().handled();
    worker.endpoint.accept(data, Caller::user(worst::USER).client("c"), Duration::ZERO, None);
    // Every call ends within this time.
    tokio::time::sleep(Duration::from_secs(60)).await;
    let mut replies = 0;
    while worker.reply_queue.pending() > 0 {
        for publication in worker.reply_queue.next_batch(usize::MAX, usize::MAX).await {
            replies += publication.replies().len();
        }
    }
    Work { requests: worker.dispatcher.telemetry().handled() - before, replies }
}

#[tokio::test(start_paused = true)]
async fn one_publication_is_so_much_work_and_no_more() {
    let worker = Worker::new();
    assert_eq!(work(&worker, &worst::publications("t.echo")[1].1).await.requests, MAX_REQUESTS as u64 + 1, "numbers");
    for (kind, data) in worst::publications("t.echo") {
        assert!((60_000..65_536).contains(&data.len()), "{kind} has {} bytes", data.len());
        let Work { requests, replies } = work(&worker, &data).await;
        // A refused notification counts as dropped as well.
        assert!(requests <= 2 * MAX_REQUESTS as u64 + 1, "{kind}: {requests} requests");
        assert!(replies <= MAX_CALLS + 1, "{kind}: {replies} replies");
    }
}

#[tokio::test(start_paused = true)]
async fn the_rest_of_a_batch_that_is_too_large_is_refused_as_one() {
    let worker = Worker::new();
    let calls: Vec<_> = (0..1000).map(|id| call(&id.to_string(), "t.echo", &json!(1)).to_string()).collect();
    let data = Bytes::from(format!(r#"{{"batch":[{}]}}"#, calls.join(",")));
    worker.endpoint.accept(&data, Caller::user("42"), Duration::ZERO, None);
    let most = MAX_CALLS;
    let mut refused = Vec::new();
    for _ in 0..=most {
        let reply = worker.reply().await;
        if reply["error"].is_object() {
            refused.push(reply);
        }
    }
    assert_eq!(worker.reply_queue.pending(), 0, "there is no other reply");
    let [refused] = &refused[..] else { panic!("{refused:?}") };
    assert_eq!((&refused["correlation_id"], &refused["error"]["code"]), (&json!(most.to_string()), &json!(413)));
    let message = refused["error"]["message"].as_str().expect("a message");
    assert!(message.starts_with("a batch has at most 118 calls or 177 notifications"), "{message}");
    // A worker that answers for another one sends the same single refusal.
    worker.endpoint.reject_lost(&data, &Caller::user("42"), Duration::ZERO);
    let codes = async || worker.reply().await["error"]["code"].clone();
    let mut lost = Vec::new();
    for _ in 0..=most {
        lost.push(codes().await);
    }
    assert_eq!(lost.iter().filter(|code| **code == 413).count(), 1, "{lost:?}");
    assert_eq!(worker.reply_queue.pending(), 0);
}

#[test]
fn the_most_that_a_client_puts_together_is_not_too_much() {
    // The shortest possible names, and the IDs that all clients use.
    let id = "6ba7b810-9dad-41d1-80b4-00c04fd430c8";
    let call = format!(r#"{{"method":"a","correlation_id":"{id}","reply_to":"r:{id}#","batch":true,"timeout_ms":1}}"#);
    for (request, limit) in [(call.as_str(), MAX_CALLS), (r#"{"method":"a","timeout_ms":1}"#, MAX_REQUESTS)] {
        let most = (MAX_TOGETHER - r#"{"batch":[]}"#.len() + 1) / (request.len() + 1).max(MIN_REQUEST);
        assert!(most <= limit, "{most} of {request}");
    }
}
