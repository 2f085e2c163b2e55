#![allow(unused_variables)]

use centrifugo_rpc::{Connection, websocket_rpc};

struct Params {
    user_id: String,
}

#[websocket_rpc("tasks.get_stats")]
async fn get_stats(conn: Connection, params: Params) -> u32 {
    0
}

fn main() {}
