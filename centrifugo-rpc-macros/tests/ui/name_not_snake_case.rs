use centrifugo_rpc::websocket_rpc;

#[websocket_rpc("Tasks.GetStats")]
async fn upper_case() {}

#[websocket_rpc("tasks/get-stats")]
async fn other_separators() {}

#[websocket_rpc("tasks.2fa")]
async fn begins_with_a_digit() {}

#[websocket_rpc("")]
async fn empty() {}

fn main() {}
