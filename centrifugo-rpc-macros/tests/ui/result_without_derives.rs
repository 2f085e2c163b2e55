use centrifugo_rpc::{RpcError, websocket_rpc};

struct Stats {
    total: u32,
}

#[websocket_rpc("tasks.get_stats")]
async fn get_stats() -> Result<Stats, RpcError> {
    Ok(Stats { total: 1 })
}

fn main() {}
