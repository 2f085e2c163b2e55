use centrifugo_rpc::websocket_rpc;

const NAME: &str = "tasks.get_stats";

#[websocket_rpc(42)]
async fn number() {}

#[websocket_rpc(NAME)]
async fn constant() {}

#[websocket_rpc(tasks.get_stats)]
async fn without_quotes() {}

#[websocket_rpc(["tasks.get_stats"])]
async fn list() {}

fn main() {}
