use centrifugo_rpc::websocket_rpc;

struct TaskError;

#[websocket_rpc("tasks.a")]
async fn own_type() -> Result<u32, TaskError> {
    Ok(1)
}

#[websocket_rpc("tasks.b")]
async fn of_the_standard_library() -> std::io::Result<u32> {
    Ok(1)
}

fn main() {}
