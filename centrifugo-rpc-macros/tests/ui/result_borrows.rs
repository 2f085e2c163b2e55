use centrifugo_rpc::websocket_rpc;

#[websocket_rpc("borrow.a")]
async fn text(params: &str) -> &str {
    params
}

#[websocket_rpc("borrow.b")]
async fn hidden() -> impl serde::Serialize {
    1
}

fn main() {}
