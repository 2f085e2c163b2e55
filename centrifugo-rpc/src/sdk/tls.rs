//! Trusted certificates: the system's certificate authorities and those of `ca_file`, with one crypto provider (ring).

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;
use url::Url;

use crate::error::{Error, ErrorKind};

/// The trusted certificates, for every kind of connection.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    pem: Option<Arc<[u8]>>,
    config: rustls::ClientConfig,
    no_roots: bool,
}

impl Tls {
    /// Loads the system's certificates and those of `ca_file`, if it is set. `setting` is the name of `ca_file` in
    /// messages; `encrypted` is true if any URL needs certificates.
    ///
    /// # Errors
    ///
    /// A `ca_file` that cannot be read or contains no certificate; no certificate at all although a URL needs one.
    pub(crate) fn load(ca_file: Option<&Path>, setting: &str, encrypted: bool) -> Result<Self, Error> {
        let mut pem = None;
        let mut roots = Vec::new();
        if let Some(path) = ca_file {
            let problem = |what: &str| Error::config(format!("{setting} {what}: `{}`", path.display()));
            let text = std::fs::read(path).map_err(|error| problem("cannot be read").because(error))?;
            roots = CertificateDer::pem_slice_iter(&text)
                .collect::<Result<Vec<_>, _>>()
                .map_err(|error| problem("is not a PEM file of certificates").because(error.to_string()))?;
            if roots.is_empty() {
                return Err(problem("holds no PEM certificate (`-----BEGIN CERTIFICATE-----`)"));
            }
            pem = Some(Arc::from(text));
        }
        // A separate provider, because the program that uses this crate may install another one for the whole process.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let (config, no_roots) = match Verifier::new_with_extra_roots(roots, provider.clone()) {
            Ok(verifier) => {
                (builder(provider)?.dangerous().with_custom_certificate_verifier(Arc::new(verifier)), false)
            }
            // Small container images have no certificates, and plain `ws://` and `http://` need none.
            Err(_) if pem.is_none() && !encrypted => return Self::without_roots(provider),
            Err(error) => {
                return Err(Error::config(format!(
                    "no usable CA certificates: install the system's (package `ca-certificates`) or set {setting} to a valid \
                     PEM file"
                ))
                .because(error));
            }
        };
        Ok(Self { pem, config: config.with_no_client_auth(), no_roots })
    }

    fn without_roots(provider: Arc<CryptoProvider>) -> Result<Self, Error> {
        let config = builder(provider)?.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
        Ok(Self { pem: None, config, no_roots: true })
    }

    /// The contents of `ca_file`.
    pub(crate) fn pem(&self) -> Option<&[u8]> {
        self.pem.as_deref()
    }

    /// Returns whether no certificate is trusted, so that only connections without TLS work.
    pub(crate) fn no_roots(&self) -> bool {
        self.no_roots
    }

    /// The rustls configuration for an HTTP client.
    pub(crate) fn client_config(&self) -> rustls::ClientConfig {
        self.config.clone()
    }
}

/// Returns whether connections to this URL use TLS. Schemes are not case-sensitive; a malformed URL counts as one with
/// TLS.
pub(crate) fn is_encrypted(url: &str) -> bool {
    !Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "ws" | "http"))
}

fn builder(
    provider: Arc<CryptoProvider>,
) -> Result<rustls::ConfigBuilder<rustls::ClientConfig, rustls::WantsVerifier>, Error> {
    rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::new(ErrorKind::Other, "TLS cannot be set up").because(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(content: Option<&str>) -> Result<Tls, Error> {
        let path = std::env::temp_dir().join(format!("centrifugo-rpc-tls-{}", uuid::Uuid::new_v4()));
        if let Some(content) = content {
            std::fs::write(&path, content).expect("a file");
        }
        let loaded = Tls::load(Some(&path), "ca_file", false);
        let _ = std::fs::remove_file(path);
        loaded
    }

    #[test]
    fn a_ca_file_that_is_missing_or_not_pem_is_named() {
        for (content, what) in [
            (None, "cannot be read"),
            (Some("hello"), "holds no PEM certificate"),
            (Some("-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n"), "not a PEM file"),
        ] {
            let error = load(content).expect_err("no certificate").to_string();
            assert!(error.starts_with("ca_file ") && error.contains(what) && error.contains("-tls-"), "{error}");
        }
    }

    #[test]
    fn a_url_in_capitals_is_encrypted_too() {
        assert!(is_encrypted("WSS://rt.example.com/") && is_encrypted("https://rt.example.com/api"));
        assert!(!is_encrypted("ws://localhost:8000/") && !is_encrypted("http://localhost:8000/api"));
    }
}
