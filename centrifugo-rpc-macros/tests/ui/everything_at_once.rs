#![allow(unused_variables)]

use centrifugo_rpc::websocket_rpc;

#[websocket_rpc("Tasks.Get", no_wiat, timeout = 5, max_concurrency = 0)]
unsafe fn many_mistakes<T>(user: &str, item: T) -> &str {
    user
}

fn main() {}
