use std::cell::Cell;

use centrifugo_rpc::{State, websocket_rpc};

#[websocket_rpc("tasks.count")]
async fn count(counter: State<Cell<u32>>) -> u32 {
    counter.get()
}

fn main() {}
