use centrifugo_rpc::websocket_rpc;

const LIMIT: u32 = 16;

#[websocket_rpc("flags.a", no_wait = true)]
async fn flag_with_a_value() {}

#[websocket_rpc("flags.b", idempotent(false))]
async fn flag_with_arguments() {}

#[websocket_rpc("timeouts.a", timeout)]
async fn timeout_without_a_value() {}

#[websocket_rpc("timeouts.b", timeout = )]
async fn timeout_with_nothing() {}

#[websocket_rpc("timeouts.c", timeout = 5)]
async fn timeout_as_a_number() {}

#[websocket_rpc("timeouts.d", timeout = "5 parsecs")]
async fn timeout_in_parsecs() {}

#[websocket_rpc("timeouts.e", timeout = "0s")]
async fn timeout_of_zero() {}

#[websocket_rpc("timeouts.f", timeout = "25h")]
async fn timeout_of_more_than_a_day() {}

#[websocket_rpc("limits.a", max_concurrency = "16")]
async fn limit_as_a_string() {}

#[websocket_rpc("limits.b", max_concurrency = 0)]
async fn limit_of_zero() {}

#[websocket_rpc("limits.c", max_concurrency = -1)]
async fn limit_below_zero() {}

#[websocket_rpc("limits.d", max_concurrency = 4294967296)]
async fn limit_too_large() {}

#[websocket_rpc("limits.e", max_concurrency = LIMIT * 2)]
async fn limit_as_an_expression() {}

#[websocket_rpc("deprecated.a", deprecated)]
async fn deprecated_without_a_value() {}

#[websocket_rpc("deprecated.b", deprecated = " ")]
async fn deprecated_with_nothing_to_say() {}

#[websocket_rpc("crates.a", crate)]
async fn crate_without_a_path() {}

#[websocket_rpc("crates.b", crate = "centrifugo_rpc")]
async fn crate_as_a_string() {}

#[websocket_rpc("commas.a" idempotent)]
async fn comma_missing() {}

fn main() {}
