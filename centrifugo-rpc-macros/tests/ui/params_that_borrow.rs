#![allow(unused_variables)]

use centrifugo_rpc::websocket_rpc;

// The signature shows no borrowed lifetime, so the compiler explains the error.
#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Params<'a> {
    user_id: &'a str,
}

#[websocket_rpc("tasks.get_stats")]
async fn get_stats(params: Params<'static>) {}

fn main() {}
