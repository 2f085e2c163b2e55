use centrifugo_rpc::websocket_rpc;

#[websocket_rpc("sums.add")]
async fn add(a: u32, b: u32) -> u32 {
    a + b
}

fn main() {}
