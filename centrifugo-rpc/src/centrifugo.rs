//! The driver of Centrifugo: tokens, the server API, the connection, the checks, the matching configuration.

#[cfg(feature = "server")]
use std::sync::Arc;

#[cfg(feature = "server")]
use crate::{config::Config, error::Error};

#[cfg(feature = "server")]
pub(crate) mod api;
#[cfg(feature = "server")]
pub(crate) mod api_error;
#[cfg(feature = "server")]
pub(crate) mod backoff;
#[cfg(feature = "server")]
pub(crate) mod checks;
pub(crate) mod codes;
#[cfg(feature = "server")]
#[cfg_attr(not(feature = "cli"), expect(dead_code, reason = "only the command line names the endpoints in front"))]
pub(crate) mod endpoints;
#[cfg(feature = "server")]
pub(crate) mod identity;
pub(crate) mod sdk;
#[cfg(feature = "server")]
pub mod server_config;
#[cfg(feature = "server")]
mod setup;
#[cfg(feature = "server")]
pub(crate) mod socket;
pub(crate) mod tls;
#[cfg(feature = "server")]
pub(crate) mod tokens;
#[cfg(feature = "server")]
pub(crate) mod trouble;

/// The Centrifugo that a configuration names. Makes no connection by itself; clones share their HTTP connections.
#[cfg(feature = "server")]
#[derive(Debug, Clone)]
pub(crate) struct Centrifugo {
    pub config: Arc<Config>,
    pub tokens: tokens::Tokens,
    pub api: api::Api,
    pub tls: tls::Tls,
}

#[cfg(feature = "server")]
impl Centrifugo {
    /// Loads the certificates and sets up the clients.
    ///
    /// # Errors
    ///
    /// A certificate file, a key or a URL that cannot work.
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let encrypted = tls::is_encrypted(&config.centrifugo_url) || tls::is_encrypted(&config.centrifugo_api_url);
        let tls = tls::Tls::load(config.ca_file.as_deref(), "ca_file (CENTRIFUGO_CA_FILE)", encrypted)?;
        let api = api::Api::new(config, &tls)?;
        Ok(Self { config: Arc::new(config.clone()), tokens: tokens::Tokens::new(config), api, tls })
    }
}
