//! The age of requests that were published while the worker was away.

use std::time::Duration;

use super::*;

/// Creates a request that needs a reply, from user 42.
fn call(key: &str, reply_to: &str, timeout_ms: u64) -> Value {
    json!({
        "method": "demo.append", "params": {"key": key}, "correlation_id": key, "reply_to": reply_to, "timeout_ms": timeout_ms,
    })
}

#[tokio::test]
async fn a_request_that_waited_longer_than_its_caller_does_not_run() {
    let server = centrifugo().await;
    let (proxy, far) = TcpProxy::before(&server).await;
    let demo = Demo::start_with(&far, &[("CENTRIFUGO_API_URL", &server.api_url)]).await;
    let (mut caller, reply_to) = caller_of(&server).await;
    proxy.refuse().await;
    proxy.cut();
    caller.publish("rpc:requests", &call("late", &reply_to, 50)).await.expect("published");
    // Only the passing of time brings this state about.
    tokio::time::sleep(Duration::from_millis(200)).await;
    proxy.accept().await;
    let reply = caller.publication(&reply_to).await["data"].take();
    assert_eq!(reply["error"]["code"], 408, "{reply}");
    assert_eq!(demo.runs(), Vec::<String>::new());
}

/// Waits until a worker has subscribed.
async fn subscribed(server: &Server) {
    eventually("the worker to subscribe", async || {
        let presence = server.api().ok("presence", json!({"channel": "rpc:requests"})).await;
        presence["presence"].as_object().is_some_and(|workers| !workers.is_empty()).then_some(())
    })
    .await;
}

/// Checks that calls with a timeout shorter than the interruption run if they are made right after the worker is back.
/// `missed` requests were published meanwhile.
async fn fresh_calls_after_an_interruption_with(missed: usize) {
    let server = centrifugo().await;
    let (proxy, far) = TcpProxy::before(&server).await;
    let _demo = Demo::start_with(&far, &[("CENTRIFUGO_API_URL", &server.api_url)]).await;
    let (mut caller, reply_to) = caller_of(&server).await;
    proxy.refuse().await;
    proxy.cut();
    for key in 0..missed {
        caller.publish("rpc:requests", &append(key)).await.expect("published");
    }
    // Only time makes an interruption long.
    tokio::time::sleep(Duration::from_millis(1200)).await;
    proxy.accept().await;
    subscribed(&server).await;
    for key in 0..50 {
        let request = call(&key.to_string(), &reply_to, 1000);
        caller.publish("rpc:requests", &request).await.expect("published");
        let reply = caller.publication(&reply_to).await["data"].take();
        assert_eq!(reply["result"], json!({}), "a fresh call: {reply}");
    }
}

#[tokio::test]
async fn an_interruption_makes_no_later_request_old() {
    fresh_calls_after_an_interruption_with(0).await;
}

#[tokio::test]
async fn requests_that_wait_behind_missed_ones_are_not_taken_for_missed() {
    fresh_calls_after_an_interruption_with(1000).await;
}
