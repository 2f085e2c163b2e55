#![allow(unused_variables)]

use std::rc::Rc;

use centrifugo_rpc::{Connection, websocket_rpc};

#[derive(schemars::JsonSchema)]
struct Params {
    user_id: Rc<str>,
}

impl<'de> serde::Deserialize<'de> for Params {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Ok(Self { user_id: "".into() })
    }
}

#[websocket_rpc("tasks.get_stats")]
async fn get_stats(conn: Connection, params: Params) -> u32 {
    0
}

fn main() {}
