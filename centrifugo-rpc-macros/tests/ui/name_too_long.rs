use centrifugo_rpc::websocket_rpc;

#[websocket_rpc("tasks.a_name_that_goes_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on")]
async fn long() {}

fn main() {}
