//! The backend for NATS request and reply.

use futures_util::StreamExt;

use super::{Params, Stats};

pub(super) async fn run(address: &str) {
    let client = async_nats::connect(address).await.expect("a NATS server");
    let mut requests = client.subscribe(super::METHOD).await.expect("a subscription");
    client.flush().await.expect("a NATS server");
    println!("serving");
    while let Some(request) = requests.next().await {
        let client = client.clone();
        // Handlers may wait, so each request gets a task.
        tokio::spawn(async move {
            let params: Params = serde_json::from_slice(&request.payload).expect("params");
            let stats = serde_json::to_vec(&Stats::of(&params)).expect("JSON");
            let reply = request.reply.expect("a request");
            client.publish(reply, stats.into()).await.expect("a NATS server");
        });
    }
}
