//! Outcomes of calls on a stable connection.

use std::time::{Duration, Instant};

use centrifugo_rpc::{CallError, CallOptions};
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Outcome;
use crate::world::{Empty, Key, Large, Text, World, code, ensure, ensure_eq, unique, until, whoami};

#[derive(Debug, Serialize)]
struct TaskStatsParams {
    user_id: String,
}

#[derive(Debug, PartialEq, Deserialize)]
struct TaskStatsResult {
    total: u32,
    completed: u32,
}

#[derive(Debug, Serialize)]
struct Answer {
    code: u16,
}

pub(crate) async fn result(world: &World) -> Outcome {
    let client = world.client(&unique("user")).await?;
    let params = TaskStatsParams { user_id: "123".into() };
    let stats: TaskStatsResult = client.call("tasks.get_stats", &params).await?;
    ensure_eq!(stats, TaskStatsResult { total: 100, completed: 75 });
    Ok(())
}

pub(crate) async fn every_error_code(world: &World) -> Outcome {
    let client = world.client(&unique("user")).await?;
    for asked in [400, 401, 403, 404, 408, 413, 429, 499, 500, 503, 504] {
        let result: Result<Empty, _> = client.call("scenario.answer", &Answer { code: asked }).await;
        let Err(CallError::Rpc(error)) = result else { return Err(format!("{asked} gave {result:?}").into()) };
        ensure_eq!(error.code(), asked);
        ensure_eq!(error.is_retryable(), [429, 503].contains(&asked));
        ensure!(!error.message().is_empty(), "{asked} has no message");
        ensure_eq!(error.data::<Value>(), Some(json!({ "asked": asked })));
    }
    Ok(())
}

pub(crate) async fn application_error_with_data(world: &World) -> Outcome {
    let client = world.client(&unique("user")).await?;
    let result: Result<Empty, _> = client.call("scenario.answer", &Answer { code: 1404 }).await;
    let Err(CallError::Rpc(error)) = result else { return Err(format!("gave {result:?}").into()) };
    ensure_eq!((error.code(), error.message()), (1404, "as asked"));
    ensure_eq!(error.data::<Value>(), Some(json!({ "asked": 1404 })));
    ensure!(!error.is_retryable(), "only the application knows whether its errors are retryable");
    Ok(())
}

pub(crate) async fn unknown_method(world: &World) -> Outcome {
    let client = world.client(&unique("user")).await?;
    ensure_eq!(code(client.call::<Empty>("scenario.unknown", &()).await)?, 404);
    Ok(())
}

pub(crate) async fn invalid_params(world: &World) -> Outcome {
    let client = world.client(&unique("user")).await?;
    let Err(CallError::Rpc(error)) = client.call::<Empty>("demo.echo", &json!({ "text": 5 })).await else {
        return Err("a number passed for a text".into());
    };
    ensure_eq!(error.code(), 400);
    ensure!(error.message().contains("text"), "the message does not name the field: {error}");
    Ok(())
}

pub(crate) async fn params_too_large(world: &World) -> Outcome {
    let client = world.client(&unique("user")).await?;
    let before = whoami(&client).await?.client;
    ensure_eq!(code(client.call::<Text>("demo.echo", &Text::new("x".repeat(70_000))).await)?, 413);
    ensure_eq!(whoami(&client).await?.client, before);
    Ok(())
}

pub(crate) async fn timeout(world: &World) -> Outcome {
    let client = world.client(&unique("user")).await?;
    let key = unique("hold");
    let started = Instant::now();
    let options = CallOptions::new().timeout(Duration::from_millis(300));
    let result = client.call_with::<Empty>("scenario.hold", &Key { key: &key }, options).await;
    ensure!(result.as_ref().is_err_and(centrifugo_rpc::CallError::is_timeout), "it ended with {result:?}");
    ensure_eq!(code(result)?, 408);
    let took = started.elapsed();
    ensure!(took >= Duration::from_millis(300) && took < Duration::from_secs(5), "ended after {took:?}");
    until(&client, "scenario.running", &key, 0).await
}

pub(crate) async fn cancel(world: &World) -> Outcome {
    let client = world.client(&unique("user")).await?;
    let key = unique("hold");
    let holding = {
        let (client, key) = (client.clone(), key.clone());
        tokio::spawn(async move { client.call::<Empty>("scenario.hold", &Key { key: &key }).await })
    };
    until(&client, "scenario.running", &key, 1).await?;
    holding.abort();
    until(&client, "scenario.running", &key, 0).await
}

pub(crate) async fn cancel_before_sending(world: &World) -> Outcome {
    let client = world.client(&unique("user")).await?;
    let key = unique("note");
    drop(client.call::<()>("scenario.note", &Key { key: &key }));

    world.post("refuse").await?;
    while client.is_connected() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let waited = tokio::time::timeout(Duration::ZERO, client.call::<()>("scenario.note", &Key { key: &key })).await;
    ensure!(waited.is_err(), "a call without a connection ended with {waited:?}");
    world.post("accept").await?;
    // Requests arrive in their order: when this call ends, an earlier request would have run.
    client.call::<Value>("demo.whoami", &()).await?;
    let noted: u32 = client.call("scenario.noted", &Key { key: &key }).await?;
    ensure_eq!(noted, 0);
    Ok(())
}

pub(crate) async fn concurrent_1000(world: &World) -> Outcome {
    let client = world.client(&unique("user")).await?;
    let calls = (0..1000).map(|i| {
        let client = &client;
        async move {
            let sent = Text::new(format!("text {i}"));
            let text: Text = client.call("demo.echo", &sent).await?;
            Ok::<_, CallError>((sent, text))
        }
    });
    for result in join_all(calls).await {
        let (sent, text) = result?;
        ensure_eq!(text, sent);
    }
    Ok(())
}

pub(crate) async fn no_wait(world: &World) -> Outcome {
    let client = world.client(&unique("user")).await?;
    let key = unique("note");
    for _ in 0..3 {
        client.notify("scenario.note", &Key { key: &key }).await?;
    }
    until(&client, "scenario.noted", &key, 3).await
}

pub(crate) async fn unicode(world: &World) -> Outcome {
    let client = world.client(&unique("user")).await?;
    for text in [
        "",
        "żółć \"quoted\" \\ back / slash",
        "日本語 🦀 👩‍👩‍👧‍👦 e\u{301}",
        "\u{0}\u{1}\u{7f}\u{80}\u{2028}\u{2029}\u{feff}\u{fffd}\u{ffff}\u{10ffff}",
        "line\r\nline\ttab",
        "</script> ${x} %s {{}}",
    ] {
        let sent = Text::new(text);
        let answered: Text = client.call("scenario.unicode", &sent).await?;
        ensure_eq!(answered, sent);
    }
    Ok(())
}

pub(crate) async fn large_payloads(world: &World) -> Outcome {
    let client = world.client(&unique("user")).await?;
    let up = Text::new("ä".repeat(25_000));
    let echoed: Text = client.call("demo.echo", &up).await?;
    ensure!(echoed == up, "50 KB up came back as {} bytes", echoed.text.len());
    let down: Text = client.call("scenario.large", &Large { bytes: 400_000 }).await?;
    ensure!(down.text == "x".repeat(400_000), "400 KB down are {} bytes", down.text.len());
    Ok(())
}

pub(crate) async fn contract_check(world: &World) -> Outcome {
    #[derive(Deserialize)]
    struct Contract {
        hash: String,
        version: Value,
    }

    let client = world.client(&unique("user")).await?;
    let contract: Contract = client.call("system.contract", &()).await?;
    ensure!(!contract.hash.is_empty() && !contract.version.is_null(), "{} and {}", contract.hash, contract.version);
    Ok(())
}

pub(crate) async fn overload(world: &World) -> Outcome {
    let client = world.client(&unique("user")).await?;
    let limited = || client.call::<Empty>("scenario.limited", &());
    let results = [limited(), limited(), limited()];
    let (passed, refused): (Vec<_>, Vec<_>) = join_all(results).await.into_iter().partition(Result::is_ok);
    ensure_eq!((passed.len(), refused.len()), (1, 2));
    for result in refused {
        let error = result.expect_err("one of those refused");
        ensure_eq!(error.code(), Some(429));
        ensure!(error.is_retryable(), "429 is retryable");
    }
    limited().await?;
    Ok(())
}
