use centrifugo_rpc::{RpcError, websocket_rpc};

#[websocket_rpc("tasks.a", no_wait)]
async fn plain() -> u32 {
    1
}

#[websocket_rpc("tasks.b", no_wait)]
async fn in_a_result() -> Result<String, RpcError> {
    Ok(String::new())
}

fn main() {}
