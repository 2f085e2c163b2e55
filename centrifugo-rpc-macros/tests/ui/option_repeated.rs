use centrifugo_rpc::websocket_rpc;

#[websocket_rpc("tasks.a", timeout = "5s", idempotent, timeout = "6s", idempotent)]
async fn twice() {}

fn main() {}
