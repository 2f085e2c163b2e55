use centrifugo_rpc::websocket_rpc;

#[derive(schemars::JsonSchema)]
struct Stats {
    total: u32,
}

#[websocket_rpc("tasks.get_stats")]
async fn get_stats() -> Option<Stats> {
    None
}

fn main() {}
