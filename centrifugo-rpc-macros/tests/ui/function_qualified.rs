#![allow(unused_variables)]

use centrifugo_rpc::websocket_rpc;

#[websocket_rpc("tasks.a")]
async unsafe fn not_safe() {}

#[websocket_rpc("tasks.b")]
async extern "C" fn foreign() {}

#[websocket_rpc("tasks.c")]
const fn constant() {}

#[websocket_rpc("tasks.d")]
unsafe extern "C" fn variadic(first: u8, _: ...) {}

fn main() {}
