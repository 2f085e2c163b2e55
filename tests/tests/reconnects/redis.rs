//! Redis comes back with older data: the streams are the same, and their offsets repeat.

use centrifugo_rpc::CallOptions;
use tests::{Crew, Redis, load};

use super::*;

/// Centrifugo itself checks for this every 40 s.
const SOON: Duration = Duration::from_secs(25);

async fn calls(client: &Client, count: usize) {
    for number in 0..count {
        client.call::<Value>("demo.append", &json!({ "key": format!("{count}-{number}") })).await.expect("a result");
    }
}

#[tokio::test]
async fn calls_are_answered_soon_after_redis_came_back_with_an_older_dump() {
    if !Redis::is_installed() {
        println!("`redis-server` is not installed: what is promised on Redis is not tested here");
        return;
    }
    let mut redis = Redis::start().await;
    let server = Centrifugo::start(redis.engine(config())).await;
    let mut crew = Crew::new();
    for _ in 0..2 {
        crew.start(&server).await;
    }
    let client = load::client(&server, "42").await;
    calls(&client, 20).await;
    redis.save().await;
    calls(&client, 200).await;
    redis.restore().await;
    let restored = Instant::now();
    let options = || CallOptions::new().timeout(Duration::from_secs(1));
    let params = json!({"key": "after it"});
    while client.call_with::<Value>("demo.append", &params, options()).await.is_err() {
        assert!(restored.elapsed() < SOON, "no call was answered for {SOON:?}");
    }
    // The same client works on, although its reply channel went back as well.
    calls(&client, 21).await;
    assert!(restored.elapsed() < SOON, "it took {:?}", restored.elapsed());
    for number in 0..2 {
        let line = crew.worker(number).line("went back in time").await;
        assert!(line.contains("ERROR"), "{line}");
        let told = crew.worker(number).lines();
        assert_eq!(told.iter().filter(|line| line.contains("went back in time")).count(), 1, "{told:?}");
    }
    let runs = crew.runs();
    let twice: Vec<_> = runs.iter().filter(|(key, runs)| *key != "after it" && **runs > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
}
