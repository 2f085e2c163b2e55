#![allow(unused_variables)]

use std::borrow::Cow;

use centrifugo_rpc::{Connection, websocket_rpc};

#[websocket_rpc("borrow.a")]
async fn text(text: &str) {}

#[websocket_rpc("borrow.b")]
async fn connection(connection: &Connection, numbers: &[Option<u32>]) {}

#[websocket_rpc("borrow.c")]
async fn inside(names: Vec<&str>) {}

#[websocket_rpc("borrow.d")]
async fn lifetime(name: Cow<'_, str>) {}

#[websocket_rpc("borrow.e")]
async fn cfg(#[cfg(test)] connection: Connection) {}

fn main() {}
