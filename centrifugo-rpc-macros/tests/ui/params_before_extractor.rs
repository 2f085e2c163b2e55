#![allow(unused_variables)]

use centrifugo_rpc::{Connection, websocket_rpc};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Params {
    user_id: String,
}

#[websocket_rpc("tasks.get_stats")]
async fn get_stats(params: Params, conn: Connection) -> u32 {
    0
}

fn main() {}
