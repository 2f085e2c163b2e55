//! The backend behind Centrifugo's HTTP proxy.

use std::time::Duration;

use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{METHOD, Params, SLOW, Stats};

#[derive(Deserialize)]
struct Request<'a> {
    method: &'a str,
    #[serde(borrow)]
    data: &'a RawValue,
}

#[derive(Serialize)]
struct Answer<T> {
    result: Outcome<T>,
}

#[derive(Serialize)]
struct Outcome<T> {
    data: T,
}

#[derive(Serialize, Deserialize)]
struct Sleep {
    ms: u64,
}

pub(super) async fn run() {
    let app = Router::new().route("/rpc", post(answer));
    axum::serve(super::listen().await, app).await.expect("it serves until it is killed");
}

async fn answer(body: Bytes) -> Response {
    let request: Request<'_> = serde_json::from_slice(&body).expect("a request of the proxy");
    match request.method {
        METHOD => {
            let params: Params = serde_json::from_str(request.data.get()).expect("params");
            Json(Answer { result: Outcome { data: Stats::of(&params) } }).into_response()
        }
        SLOW => {
            let sleep: Sleep = serde_json::from_str(request.data.get()).expect("params");
            tokio::time::sleep(Duration::from_millis(sleep.ms)).await;
            Json(Answer { result: Outcome { data: sleep } }).into_response()
        }
        other => panic!("there is no method {other}"),
    }
}
