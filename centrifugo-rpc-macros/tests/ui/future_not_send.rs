#![allow(unused_variables)]

use std::rc::Rc;

use centrifugo_rpc::{Connection, websocket_rpc};

async fn something_else() {}

#[websocket_rpc("tasks.get_stats")]
async fn get_stats(conn: Connection) -> u32 {
    let count = Rc::new(1);
    something_else().await;
    *count
}

fn main() {}
