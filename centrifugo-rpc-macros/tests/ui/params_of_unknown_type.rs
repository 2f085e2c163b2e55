use centrifugo_rpc::{Connection, websocket_rpc};

#[websocket_rpc("tasks.get_stats")]
async fn get_stats(conn: Connection, params: Prams) -> Result<Stats, Eror> {
    todo!()
}

fn main() {}
