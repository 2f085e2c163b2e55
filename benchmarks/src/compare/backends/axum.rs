//! Behind Centrifugo's HTTP proxy.

use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use super::{Params, Stats};

#[derive(Deserialize)]
struct Request {
    method: String,
    data: Params,
}

#[derive(Serialize)]
struct Response {
    result: Result_,
}

#[derive(Serialize)]
struct Result_ {
    data: Stats,
}

pub(super) async fn run() {
    let app = Router::new().route("/rpc", post(answer));
    axum::serve(super::listen().await, app).await.expect("it serves until it is killed");
}

async fn answer(Json(request): Json<Request>) -> Json<Response> {
    assert_eq!(request.method, crate::compare::METHOD);
    Json(Response { result: Result_ { data: Stats::of(&request.data) } })
}
