#![allow(unused_variables)]

use centrifugo_rpc::{Connection, websocket_rpc};

#[derive(serde::Deserialize)]
struct Params {
    user_id: String,
}

#[websocket_rpc("tasks.a")]
async fn plain(conn: Connection, params: Params) {}

#[websocket_rpc("tasks.b")]
async fn in_a_container(params: Vec<Option<Params>>) {}

fn main() {}
