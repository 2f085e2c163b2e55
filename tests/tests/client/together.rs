//! Batching of concurrent calls into one publication.

use futures_util::future::{join_all, poll_fn};
use futures_util::{FutureExt, StreamExt, stream};
use tests::api::parts;

use super::*;

/// Makes `count` concurrent calls, each with its index as params, and returns the outcomes.
async fn calls(client: &Client, count: usize) -> Vec<Result<usize, CallError>> {
    join_all((0..count).map(|number| async move { client.call("a.b", &number).await })).await
}

/// Waits for `count` requests, in any number of publications.
async fn publications(worker: &mut Worker, count: usize) -> Vec<Value> {
    let (mut publications, mut seen) = (Vec::new(), 0);
    while seen < count {
        let publication = worker.request().await;
        seen += parts(&publication).len();
        publications.push(publication);
    }
    publications
}

fn sizes(publications: &[Value]) -> Vec<usize> {
    publications.iter().map(|publication| parts(publication).len()).collect()
}

/// Replies to all of them in one publication, which shows the client that this worker reads batches, too.
async fn answer_together(worker: &Worker, publications: &[Value]) {
    let requests: Vec<_> = publications.iter().flat_map(parts).collect();
    let reply = |request: &&Value| json!({ "correlation_id": request["correlation_id"], "result": request["params"] });
    let replies: Vec<_> = requests.iter().map(reply).collect();
    let channel = requests[0]["reply_to"].as_str().expect("a reply channel");
    worker.api.publish(channel, &json!({ "batch": replies })).await;
}

/// Connects a client, and shows it that its worker reads batches.
async fn connect_and_learn(server: &Server, worker: &mut Worker) -> Client {
    let client = connect(server, "42").await;
    let (results, ()) = tokio::join!(calls(&client, 5), async {
        let publications = publications(worker, 5).await;
        assert_eq!(sizes(&publications), [1; 5], "nothing is known of the worker yet");
        assert!(publications.iter().all(|publication| publication["batch"] == true), "{publications:?}");
        answer_together(worker, &publications).await;
    });
    assert!(results.into_iter().map(Result::unwrap).eq(0..5));
    client
}

#[tokio::test]
async fn calls_of_a_moment_go_together_in_their_order() {
    let centrifugo = Centrifugo::start_default().await;
    let mut worker = Worker::start(&centrifugo).await;
    let client = connect_and_learn(&centrifugo, &mut worker).await;
    let (results, ()) = tokio::join!(calls(&client, 30), async {
        let publications = publications(&mut worker, 30).await;
        assert_eq!(sizes(&publications), [1, 29], "the first has no company yet");
        let numbers: Vec<_> = publications.iter().flat_map(parts).map(|request| request["params"].clone()).collect();
        assert_eq!(json!(numbers), json!((0..30).collect::<Vec<_>>()));
        answer_together(&worker, &publications).await;
    });
    assert!(results.into_iter().map(Result::unwrap).eq(0..30));

    // A single call is not batched.
    let (result, ()) = tokio::join!(client.call::<usize>("a.b", &7), async {
        let publication = worker.request().await;
        assert_eq!(publication["params"], 7);
        worker.answer(&publication, json!(7)).await;
    });
    assert_eq!(result.expect("a result"), 7);
}

#[tokio::test]
async fn what_is_large_goes_alone_and_no_publication_becomes_larger_than_16_kib() {
    let centrifugo = Centrifugo::start_default().await;
    let mut worker = Worker::start(&centrifugo).await;
    let client = connect_and_learn(&centrifugo, &mut worker).await;
    let texts = [10, 5000, 5000, 5000, 5000, 20_000, 30, 40].map(|size| "x".repeat(size));
    let all = join_all(texts.iter().map(|text| client.call::<String>("a.b", text)));
    let (results, ()) = tokio::join!(all, async {
        let publications = publications(&mut worker, 8).await;
        assert_eq!(sizes(&publications), [1, 3, 1, 1, 2]);
        answer_together(&worker, &publications).await;
    });
    assert!(results.into_iter().map(Result::unwrap).eq(texts));
}

#[tokio::test]
async fn a_call_that_is_dropped_before_it_goes_out_is_left_out() {
    let centrifugo = Centrifugo::start_default().await;
    let mut worker = Worker::start(&centrifugo).await;
    let client = connect_and_learn(&centrifugo, &mut worker).await;
    let numbers = [0, 1, 2, 3, 4];
    let mut all: Vec<_> = numbers.iter().map(|number| client.call::<usize>("a.b", number).boxed()).collect();
    poll_fn(|context| {
        assert!(all.iter_mut().all(|call| call.poll_unpin(context).is_pending()));
        std::task::Poll::Ready(())
    })
    .await;
    drop(all.remove(2));
    let notified = client.notify("a.mark", &());
    let (results, notified, ()) = tokio::join!(join_all(all), notified, async {
        let publications = publications(&mut worker, 5).await;
        assert_eq!(sizes(&publications), [1, 4]);
        let requests: Vec<_> = publications.iter().flat_map(parts).collect();
        let params: Vec<_> = requests.iter().map(|request| &request["params"]).collect();
        assert_eq!(json!(params), json!([0, 1, 3, 4, null]));
        assert_eq!(*requests[4], json!({ "method": "a.mark", "timeout_ms": 30_000 }));
        answer_together(&worker, &publications).await;
    });
    notified.expect("taken");
    assert!(results.into_iter().map(Result::unwrap).eq([0, 1, 3, 4]));
    assert_eq!(worker.requests().await, [] as [Value; 0], "nothing is cancelled");
}

#[tokio::test]
async fn each_call_of_a_publication_can_be_cancelled() {
    let centrifugo = Centrifugo::start_default().await;
    let mut worker = Worker::start(&centrifugo).await;
    let client = connect_and_learn(&centrifugo, &mut worker).await;
    let mut running: Vec<_> = (0..4).map(|number| call(&client, "a.b", json!(number))).collect();
    let publications = publications(&mut worker, 4).await;
    assert_eq!(sizes(&publications), [1, 3]);
    running.remove(2).abort();
    worker.cancelled(&publications[1]["batch"][1]).await;
    answer_together(&worker, &publications).await;
    let results: Vec<_> = stream::iter(running).then(outcome).map(Result::unwrap).collect().await;
    assert_eq!(results, [0, 1, 3]);
}

#[tokio::test]
async fn what_is_known_of_the_worker_ends_with_the_connection() {
    let centrifugo = Centrifugo::start_default().await;
    let (proxy, through) = TcpProxy::before(&centrifugo).await;
    let mut worker = Worker::start(&centrifugo).await;
    let client = connect_and_learn(&through, &mut worker).await;
    let running: Vec<_> = (0..4).map(|number| call(&client, "a.b", json!(number))).collect();
    let lost = publications(&mut worker, 4).await;
    assert_eq!(sizes(&lost), [1, 3]);
    proxy.refuse().await;
    proxy.cut();
    eventually("the loss to be noticed", async || (!client.is_connected()).then_some(())).await;
    let waiting: Vec<_> = (10..13).map(|number| call(&client, "a.b", json!(number))).collect();
    proxy.accept().await;
    let alone = publications(&mut worker, 3).await;
    assert_eq!(sizes(&alone), [1; 3]);
    for request in lost.iter().chain(&alone).flat_map(parts) {
        worker.answer(request, request["params"].clone()).await;
    }
    for (expected, call) in [0, 1, 2, 3, 10, 11, 12].into_iter().zip(running.into_iter().chain(waiting)) {
        assert_eq!(outcome(call).await.expect("a result"), expected);
    }
}

#[tokio::test]
async fn a_publication_that_centrifugo_refuses_fails_each_of_its_calls() {
    let closed = changed(&[(0, "allow_publish_for_client", json!(false))]);
    let counting = config::with(closed, json!({ "prometheus": { "enabled": true } }));
    let centrifugo = Centrifugo::start(counting).await;
    let client = connect(&centrifugo, "42").await;
    let channels = centrifugo.api().ok("channels", json!({ "pattern": "reply:*" })).await;
    let channel = channels["channels"].as_object().and_then(|all| all.keys().next()).expect("a reply channel").clone();
    let unknown = json!({ "batch": [{ "correlation_id": "unknown", "result": 1 }] });
    centrifugo.api().publish(&channel, &unknown).await;
    // The error of this call arrives after the batch, so the client has read the batch by then.
    client.call::<usize>("a.b", &0).await.expect_err("refused");
    let publishes = async || centrifugo.api().commands("publish").await;
    let before = publishes().await;
    for result in calls(&client, 10).await {
        let error = result.expect_err("refused");
        assert!(matches!(&error, CallError::Connection(error) if error.kind() == ErrorKind::Setup), "{error:?}");
        assert!(error.to_string().contains("allow_publish_for_client"), "{error}");
    }
    assert_eq!(publishes().await - before, 2);
}
