//! The parts of a connection to Centrifugo that a worker and the Rust client share: trusted certificates, Centrifugo's codes, and the
//! settings of the SDK.

use centrifuge::{ClientBuilder, ProxyConfig, TlsConfig};

pub(crate) mod codes;
pub(crate) mod tls;

use tls::Tls;

/// Makes a connection trust the certificates of `tls`.
pub(crate) fn with_tls(builder: ClientBuilder, tls: &Tls) -> Result<ClientBuilder, centrifuge::Error> {
    if tls.no_roots() {
        // Never used with TLS: this is the only way to start the SDK on a system without certificates.
        return Ok(builder.tls(TlsConfig::new().danger_accept_invalid_certs()).proxy(ProxyConfig::None));
    }
    match tls.pem() {
        Some(pem) => Ok(builder.tls(TlsConfig::new().add_root_pem(pem)?)),
        None => Ok(builder),
    }
}
