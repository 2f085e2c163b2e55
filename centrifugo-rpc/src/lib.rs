//! Typed RPC for browsers, apps and services over Centrifugo.

pub mod centrifugo;
#[cfg(feature = "hub")]
pub mod hub;
