use centrifugo_rpc::websocket_rpc;

#[websocket_rpc("tasks.get_stats")]
struct GetStats;

fn main() {
    let _ = GetStats;
}
