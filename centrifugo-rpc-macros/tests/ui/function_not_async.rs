use centrifugo_rpc::websocket_rpc;

#[websocket_rpc("tasks.count")]
fn count() -> u32 {
    1
}

fn main() {
    // The function is there, so that its callers are not errors too.
    let _: u32 = count();
}
