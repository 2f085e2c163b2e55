use centrifugo_rpc::websocket_rpc;

trait Tasks {
    #[websocket_rpc("tasks.count")]
    async fn count() -> u32;
}

fn main() {}
