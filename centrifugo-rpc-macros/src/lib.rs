//! The `#[websocket_rpc]` attribute of `centrifugo-rpc`; use it through that crate.
