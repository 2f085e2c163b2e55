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
    #[arg(long = "origin", value_name = "ORIGIN", value_parser = origin, default_value = "http://localhost:*")]
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

/// Browsers send a scheme, a host in lower case and a port that is not the scheme's own. Centrifugo compares this with
/// its patterns, and refuses a page whose origin matches none.
fn origin(pattern: &str) -> Result<String, String> {
    let authority = pattern.split_once("://").map(|(_, authority)| authority);
    let can_match = authority.is_some_and(|authority| !authority.is_empty() && !authority.contains('/'));
    if pattern == "*" || can_match && !pattern.contains(char::is_uppercase) {
        return Ok(pattern.to_owned());
    }
    Err("no browser sends such an origin: write scheme, host in lower case and port, without a path, like \
         `https://example.com` or `http://localhost:*`"
        .to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_that_no_browser_sends_is_refused() {
        for can_match in
            ["*", "https://app.example.com", "http://localhost:*", "https://*.example.com", "app://localhost"]
        {
            assert_eq!(origin(can_match).as_deref(), Ok(can_match));
        }
        for cannot in ["app.example.com", "https://app.example.com/", "https://App.example.com", "https://", ""] {
            assert!(origin(cannot).is_err(), "{cannot}");
        }
    }
}
