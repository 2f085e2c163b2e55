//! A private certificate authority, like a company's own.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// A server's certificate for `localhost`, and the authority that signed it.
#[derive(Debug)]
pub struct Certificates {
    /// The authority's certificate, as PEM.
    pub ca: String,
    /// The server's certificate, as PEM.
    pub certificate: String,
    /// The server's private key, as PEM.
    pub key: String,
}

impl Certificates {
    /// Creates a new authority and a certificate for `localhost` and `127.0.0.1` signed by it.
    #[must_use]
    pub fn for_localhost() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        params.distinguished_name.push(DnType::CommonName, "the authority of a test");
        let authority = CertifiedIssuer::self_signed(params, new_key()).expect("an authority signs itself");

        let key = new_key();
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let certificate = CertificateParams::new(names)
            .and_then(|params| params.signed_by(&key, &authority))
            .expect("the authority signs the server's certificate");
        Self { ca: authority.pem(), certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

/// Returns the configuration of a client that trusts `ca`, or no authority without one: plain connections need no
/// roots.
#[must_use]
pub fn trusting(ca: Option<&str>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    if let Some(ca) = ca {
        let certificate = CertificateDer::from_pem_slice(ca.as_bytes()).expect("the authority is a PEM certificate");
        roots.add(certificate).expect("the authority is a root");
    }
    // The provider is explicit, so that the tests need no process-wide default and set none for the code under test.
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring speaks TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

fn new_key() -> KeyPair {
    KeyPair::generate().expect("a key is generated")
}
