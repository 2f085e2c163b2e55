//! All that knows Centrifugo.

pub mod server_config;
