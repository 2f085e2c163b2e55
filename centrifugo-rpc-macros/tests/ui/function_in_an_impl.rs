use centrifugo_rpc::websocket_rpc;

struct Tasks;

impl Tasks {
    #[websocket_rpc("tasks.a")]
    async fn by_reference(&self) {}

    #[websocket_rpc("tasks.b")]
    async fn by_value(self) {}

    #[websocket_rpc("tasks.c")]
    async fn constructor() -> Self {
        Self
    }
}

fn main() {}
