//! Calls in flight when the connection is lost.

use super::*;

#[tokio::test]
async fn a_reply_that_was_sent_while_the_caller_was_away_is_recovered() {
    let centrifugo = Centrifugo::start_default().await;
    let (proxy, through) = TcpProxy::before(&centrifugo).await;
    let mut worker = Worker::start(&centrifugo).await;
    let client = connect(&through, "42").await;
    let calls = [call(&client, "a.b", json!(0)), call(&client, "a.b", json!(1))];
    let requests = [worker.request().await, worker.request().await];
    proxy.refuse().await;
    proxy.cut();
    eventually("the loss to be noticed", async || (!client.is_connected()).then_some(())).await;
    for request in &requests {
        worker.answer(request, request["params"].clone()).await;
    }
    proxy.accept().await;
    for (i, call) in calls.into_iter().enumerate() {
        assert_eq!(outcome(call).await.expect("recovered"), i);
    }
    assert!(client.is_connected());
}

#[tokio::test]
async fn a_disconnect_by_the_server_ends_no_call() {
    let centrifugo = Centrifugo::start_default().await;
    let mut worker = Worker::start(&centrifugo).await;
    let client = connect(&centrifugo, "42").await;
    let calling = call(&client, "a.b", json!({}));
    let request = worker.request().await;
    let away = json!({ "user": "42", "disconnect": { "code": 3010, "reason": "come back" } });
    centrifugo.api().ok("disconnect", away).await;
    worker.answer(&request, json!("here")).await;
    assert_eq!(outcome(calling).await.expect("recovered"), "here");
}

#[tokio::test]
async fn a_call_made_without_a_connection_waits_for_it() {
    let centrifugo = Centrifugo::start_default().await;
    let (proxy, through) = TcpProxy::before(&centrifugo).await;
    let mut worker = Worker::start(&centrifugo).await;
    let client = connect(&through, "42").await;
    proxy.refuse().await;
    proxy.cut();
    eventually("the loss to be noticed", async || (!client.is_connected()).then_some(())).await;

    let error = client.call_with::<Value>("a.early", &(), millis(200)).await.expect_err("no connection");
    assert!(matches!(error, CallError::Timeout { published: false, .. }), "{error:?}");
    assert!(error.to_string().contains("no connection") && error.is_retryable(), "{error}");
    let dropped = call(&client, "a.dropped", json!({}));
    tokio::task::yield_now().await;
    dropped.abort();

    let calling = call(&client, "a.late", json!({}));
    tokio::time::sleep(Duration::from_millis(100)).await;
    proxy.accept().await;
    let request = worker.request().await;
    assert_eq!(request["method"], "a.late", "what was given up was never sent, nor cancelled");
    let left = request["timeout_ms"].as_u64().expect("a timeout");
    assert!(left < 29_950, "the time that was waited counts: {left}");
    worker.answer(&request, json!(1)).await;
    outcome(calling).await.expect("a result");
}

#[tokio::test]
async fn calls_survive_a_crash_of_centrifugo() {
    let mut centrifugo = Centrifugo::start_default().await;
    let mut worker = Worker::start(&centrifugo).await;
    let client = connect(&centrifugo, "42").await;
    let calling = call(&client, "a.b", json!({}));
    let request = worker.request().await;
    centrifugo.restart().await;
    eventually("the client to come back", async || client.is_connected().then_some(())).await;
    // The worker retries until there is a Centrifugo.
    worker.answer(&request, json!("kept")).await;
    assert_eq!(outcome(calling).await.expect("a result"), "kept");

    let mut worker = Worker::start(&centrifugo).await;
    let calling = call(&client, "a.c", json!({}));
    let request = worker.request().await;
    worker.answer(&request, json!("new")).await;
    assert_eq!(outcome(calling).await.expect("a result"), "new");
}

#[tokio::test]
async fn replies_to_a_caller_that_comes_back_after_centrifugo_did_are_not_lost() {
    let mut centrifugo = Centrifugo::start_default().await;
    let (proxy, through) = TcpProxy::before(&centrifugo).await;
    let mut worker = Worker::start(&centrifugo).await;
    let client = connect(&through, "42").await;
    // Advances the old stream, so that its position has another meaning in the new stream.
    for i in 0..3 {
        let calling = call(&client, "a.before", json!(i));
        let request = worker.request().await;
        worker.answer(&request, json!(i)).await;
        assert_eq!(outcome(calling).await.expect("a result"), i);
    }
    let calls: Vec<_> = (0..50).map(|i| call(&client, "a.b", json!(i))).collect();
    let mut requests = Vec::new();
    for _ in &calls {
        requests.push(worker.request().await);
    }
    proxy.refuse().await;
    proxy.cut();
    eventually("the loss to be noticed", async || (!client.is_connected()).then_some(())).await;
    centrifugo.restart().await;
    for request in &requests {
        worker.answer(request, request["params"].clone()).await;
    }
    proxy.accept().await;
    for (i, call) in calls.into_iter().enumerate() {
        assert_eq!(outcome(call).await.expect("read from the new stream"), i);
    }

    // The client goes on, and recovers from the next loss in the usual way.
    let mut worker = Worker::start(&centrifugo).await;
    let calling = call(&client, "a.after", json!("after"));
    let request = worker.request().await;
    proxy.refuse().await;
    proxy.cut();
    eventually("the loss to be noticed", async || (!client.is_connected()).then_some(())).await;
    worker.answer(&request, json!("after")).await;
    proxy.accept().await;
    assert_eq!(outcome(calling).await.expect("recovered"), "after");
}

#[tokio::test]
async fn of_more_replies_than_centrifugo_keeps_the_last_arrive() {
    let centrifugo = Centrifugo::start_default().await;
    let (proxy, through) = TcpProxy::before(&centrifugo).await;
    let mut worker = Worker::start(&centrifugo).await;
    let client = connect(&through, "42").await;
    let mut calls = Vec::new();
    let mut requests = Vec::new();
    for i in 0..140 {
        let client = client.clone();
        calls.push(tokio::spawn(async move { client.call_with::<Value>("a.b", &i, seconds(3)).await }));
        requests.push(worker.request().await);
    }
    proxy.refuse().await;
    proxy.cut();
    eventually("the loss to be noticed", async || (!client.is_connected()).then_some(())).await;
    for request in &requests {
        worker.answer(request, request["params"].clone()).await;
    }
    proxy.accept().await;
    for (i, call) in calls.into_iter().enumerate() {
        let outcome = outcome(call).await;
        // 128 is the size of the history.
        assert_eq!(outcome.is_ok(), i >= 140 - 128, "{i}: {outcome:?}");
    }
}

#[tokio::test]
async fn more_missed_replies_than_centrifugo_queues_for_a_connection_do_not_keep_a_caller_away() {
    // The `client.queue_max_size` of this Centrifugo is 1 MiB.
    let centrifugo = Centrifugo::start_default().await;
    let (proxy, through) = TcpProxy::before(&centrifugo).await;
    let mut worker = Worker::start(&centrifugo).await;
    let client = connect(&through, "42").await;
    let calls: Vec<_> = (0..40).map(|i| call(&client, "a.b", json!(i))).collect();
    let mut requests = Vec::new();
    for _ in &calls {
        requests.push(worker.request().await);
    }
    proxy.refuse().await;
    proxy.cut();
    eventually("the loss to be noticed", async || (!client.is_connected()).then_some(())).await;
    let large = "x".repeat(400_000);
    for request in &requests {
        worker.answer(request, json!(large)).await;
    }
    proxy.accept().await;
    for (i, call) in calls.into_iter().enumerate() {
        assert_eq!(outcome(call).await.expect("recovered"), large.as_str(), "{i}");
    }
}

#[tokio::test]
async fn a_request_that_was_perhaps_sent_is_not_sent_again() {
    let centrifugo = Centrifugo::start_default().await;
    let (proxy, through) = TcpProxy::before(&centrifugo).await;
    let mut worker = Worker::start(&centrifugo).await;
    let client = connect(&through, "42").await;
    proxy.black_hole(true);
    let calling = {
        let client = client.clone();
        tokio::spawn(async move { client.call_with::<Value>("a.lost", &(), seconds(2)).await })
    };
    tokio::time::sleep(Duration::from_millis(100)).await;
    proxy.cut();
    eventually("the loss to be noticed", async || (!client.is_connected()).then_some(())).await;
    proxy.black_hole(false);
    let error = outcome(calling).await.expect_err("lost");
    assert!(matches!(error, CallError::Timeout { published: true, .. }), "{error:?}");
    client.notify("a.mark", &()).await.expect("taken");
    let requests = loop {
        let requests = worker.requests().await;
        if requests.iter().any(|request| request["method"] == "a.mark") {
            break requests;
        }
    };
    assert!(requests.iter().all(|request| request["method"] != "a.lost"), "{requests:?}");
}

#[tokio::test]
async fn a_client_whose_runtime_has_ended_says_so_at_once() {
    let centrifugo = Centrifugo::start_default().await;
    let mut worker = Worker::start(&centrifugo).await;
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let connecting = runtime.spawn(client(&centrifugo, "42").timeout(Duration::from_secs(3600)).connect());
    let client = within("the client to connect", connecting).await.expect("no panic").expect("a client");
    let calling = call(&client, "a.b", json!({}));
    worker.request().await;
    runtime.shutdown_background();
    let error = outcome(calling).await.expect_err("the connection has ended");
    assert!(matches!(error, CallError::Connection(_)) && error.to_string().contains("runtime"), "{error}");
    let error = outcome(call(&client, "a.b", json!({}))).await.expect_err("the client has ended");
    assert!(matches!(error, CallError::Connection(_)) && error.to_string().contains("runtime"), "{error}");
    within("the client to close", client.close()).await;
}
