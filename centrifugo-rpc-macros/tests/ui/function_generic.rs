#![allow(unused_variables)]

use centrifugo_rpc::websocket_rpc;

#[websocket_rpc("generic.a")]
async fn type_parameter<T>(params: Vec<T>) {}

#[websocket_rpc("generic.b")]
async fn lifetime<'a>(params: std::borrow::Cow<'a, str>) {}

#[websocket_rpc("generic.c")]
async fn constant<const N: usize>(params: [u8; N]) {}

#[websocket_rpc("generic.d")]
async fn bounds()
where
    String: Clone,
{
}

#[websocket_rpc("generic.e")]
async fn impl_trait(params: impl Iterator<Item = u8>) {}

fn main() {}
