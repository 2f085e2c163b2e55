//! Typed RPC for browsers, apps and services over Centrifugo.

pub mod centrifugo;
