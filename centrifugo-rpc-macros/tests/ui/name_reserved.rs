use centrifugo_rpc::websocket_rpc;

#[websocket_rpc("system.contract")]
async fn contract() {}

fn main() {}
