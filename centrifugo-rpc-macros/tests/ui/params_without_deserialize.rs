#![allow(unused_variables)]

use centrifugo_rpc::{Connection, websocket_rpc};

#[derive(schemars::JsonSchema)]
struct Params {
    user_id: String,
}

#[websocket_rpc("tasks.a")]
async fn plain(conn: Connection, params: Params) {}

fn main() {}
