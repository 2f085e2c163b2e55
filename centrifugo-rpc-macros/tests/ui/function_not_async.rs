use centrifugo_rpc::websocket_rpc;

#[websocket_rpc("tasks.count")]
fn count() -> u32 {
    1
}

fn main() {
    // The function stays in place, so that its callers do not become errors too.
    let _: u32 = count();
}
