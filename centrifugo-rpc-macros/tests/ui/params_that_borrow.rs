#![allow(unused_variables)]

use centrifugo_rpc::websocket_rpc;

// Without a lifetime to be seen, this is the compiler's to explain.
#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Params<'a> {
    user_id: &'a str,
}

#[websocket_rpc("tasks.get_stats")]
async fn get_stats(params: Params<'static>) {}

fn main() {}
