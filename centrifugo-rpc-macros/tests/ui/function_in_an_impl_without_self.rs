use centrifugo_rpc::websocket_rpc;

struct Tasks;

impl Tasks {
    #[websocket_rpc("tasks.count")]
    async fn count() -> u32 {
        0
    }
}

fn main() {}
