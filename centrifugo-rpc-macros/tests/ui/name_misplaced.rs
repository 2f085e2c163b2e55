use centrifugo_rpc::websocket_rpc;

#[websocket_rpc(no_wait, "tasks.late")]
async fn late() {}

#[websocket_rpc("tasks.one", "tasks.two")]
async fn two_names() {}

#[websocket_rpc(name = "tasks.get_stats")]
async fn as_an_option() {}

fn main() {}
