use centrifugo_rpc::websocket_rpc;

#[websocket_rpc("tasks.a", no_wiat)]
async fn mistyped() {}

#[websocket_rpc("tasks.b", time_out = "5s")]
async fn mistyped_with_a_value() {}

#[websocket_rpc("tasks.c", retries(3))]
async fn unknown() {}

fn main() {}
