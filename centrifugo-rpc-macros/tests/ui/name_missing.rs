use centrifugo_rpc::websocket_rpc;

#[websocket_rpc]
async fn no_arguments() {}

#[websocket_rpc()]
async fn empty_arguments() {}

#[websocket_rpc(no_wait)]
async fn only_options() {}

fn main() {}
