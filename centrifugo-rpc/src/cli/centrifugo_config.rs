//! The command `centrifugo_config`.

use std::path::PathBuf;

use clap::Args;

use crate::centrifugo::endpoints::Front;
use crate::centrifugo::server_config::CentrifugoConfig;
use crate::channels::{NOT_A_SERVICE, is_service};
use crate::config::Config;
use crate::error::Error;

/// Properties of Centrifugo that the settings do not contain.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// A web page's origin that may connect, like `https://example.com`; repeat for more
    #[arg(long = "origin", value_name = "ORIGIN", default_value = "http://localhost:*")]
    origins: Vec<String>,
    /// Another service on the same Centrifugo, by its name; repeat for more
    #[arg(long = "service", value_name = "NAME", value_parser = service)]
    services: Vec<String>,
    /// Let callers without a token connect and call
    #[arg(long)]
    anonymous: bool,
    /// The URLs are those of a proxy wherever they have TLS or no port
    #[arg(long, conflicts_with_all = ["tls_cert", "tls_key"])]
    behind_proxy: bool,
    /// Centrifugo's certificate, if the URLs have TLS
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
}

impl Options {
    pub(super) fn configuration(self, config: &Config) -> Result<CentrifugoConfig, Error> {
        let front = match (self.behind_proxy, self.tls_cert, self.tls_key) {
            (true, ..) => Front::Proxy,
            (false, Some(certificate), Some(key)) => Front::Tls { certificate, key },
            (false, ..) => Front::Plain,
        };
        let centrifugo = config.centrifugo_config_behind(&front)?.allowed_origins(self.origins);
        let centrifugo = self.services.iter().fold(centrifugo, |centrifugo, service| centrifugo.also_for(service));
        Ok(if self.anonymous { centrifugo.allow_anonymous() } else { centrifugo })
    }
}

fn service(name: &str) -> Result<String, String> {
    if is_service(name) { Ok(name.to_owned()) } else { Err(format!("this {NOT_A_SERVICE}")) }
}
