//! Tokens, the server API, batched replies, the subscription: all that knows Centrifugo.

use std::sync::Arc;

use url::Url;

use crate::config::Config;
use crate::error::Error;

pub(crate) mod api;
pub(crate) mod api_error;
mod backoff;
pub(crate) mod checks;
pub(crate) mod replies;
pub mod server_config;
mod setup;
mod socket;
mod stream;
pub(crate) mod subscription;
mod tls;
pub(crate) mod tokens;
mod trouble;

/// Centrifugo, as a configuration names it. Connects to nothing by itself; clones share their HTTP connections.
#[derive(Debug, Clone)]
pub(crate) struct Centrifugo {
    pub config: Arc<Config>,
    pub tokens: tokens::Tokens,
    pub api: api::Api,
    tls: tls::Tls,
}

impl Centrifugo {
    /// # Errors
    ///
    /// A certificate file, a key or a URL that cannot work.
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let tls = tls::Tls::load(config)?;
        let api = api::Api::new(config, &tls)?;
        Ok(Self { config: Arc::new(config.clone()), tokens: tokens::Tokens::new(config), api, tls })
    }
}

/// A URL as messages show it: without a password, a query or a fragment, where secrets may be.
fn shown_url(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}
