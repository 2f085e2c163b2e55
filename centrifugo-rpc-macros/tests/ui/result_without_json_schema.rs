use centrifugo_rpc::{RpcError, websocket_rpc};

#[derive(serde::Serialize)]
struct Stats {
    total: u32,
}

type Outcome = Result<Stats, RpcError>;

#[websocket_rpc("tasks.a")]
async fn plain() -> Stats {
    Stats { total: 1 }
}

#[websocket_rpc("tasks.b")]
async fn in_a_result() -> Result<Vec<Stats>, RpcError> {
    Ok(Vec::new())
}

#[websocket_rpc("tasks.c")]
async fn in_an_alias() -> Outcome {
    Ok(Stats { total: 1 })
}

fn main() {}
