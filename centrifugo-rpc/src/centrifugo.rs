//! The driver of Centrifugo: tokens, the server API, the connection, the checks, the matching configuration.

use std::sync::Arc;

use crate::config::Config;
use crate::error::Error;
use crate::sdk::tls::{Tls, is_encrypted};

pub(crate) mod api;
pub(crate) mod api_error;
pub(crate) mod backoff;
pub(crate) mod checks;
#[cfg_attr(not(feature = "cli"), expect(dead_code, reason = "only the command line names the endpoints in front"))]
pub(crate) mod endpoints;
pub(crate) mod identity;
pub mod server_config;
mod setup;
pub(crate) mod socket;
pub(crate) mod tokens;
pub(crate) mod trouble;

/// The Centrifugo that a configuration names. Makes no connection by itself; clones share their HTTP connections.
#[derive(Debug, Clone)]
pub(crate) struct Centrifugo {
    pub config: Arc<Config>,
    pub tokens: tokens::Tokens,
    pub api: api::Api,
    pub tls: Tls,
}

impl Centrifugo {
    /// Loads the certificates and sets up the clients.
    ///
    /// # Errors
    ///
    /// A certificate file, a key or a URL that cannot work.
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let encrypted = is_encrypted(&config.centrifugo_url) || is_encrypted(&config.centrifugo_api_url);
        let tls = Tls::load(config.ca_file.as_deref(), "ca_file (CENTRIFUGO_CA_FILE)", encrypted)?;
        let api = api::Api::new(config, &tls)?;
        Ok(Self { config: Arc::new(config.clone()), tokens: tokens::Tokens::new(config), api, tls })
    }
}
