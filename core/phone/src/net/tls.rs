//! TLS towards relays: rustls on ring, the browsers' roots, and the operator's own where a relay is self-hosted.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// Extra trusted certificates could not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RootsError {
    /// The text holds no PEM certificate, or a broken one.
    #[error("not PEM certificates")]
    Pem,
    /// A certificate cannot serve as a root.
    #[error("a certificate cannot be trusted as a root")]
    Certificate,
    /// TLS could not be set up.
    #[error("TLS could not be set up")]
    Setup,
}

/// Reads the certificates of a PEM text, for [`crate::PhoneParts::extra_roots`].
///
/// # Errors
/// [`RootsError::Pem`] unless there is at least one and all are well-formed.
pub fn roots_from_pem(pem: &[u8]) -> Result<Vec<Vec<u8>>, RootsError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let roots: Vec<_> = read.map_err(|_| RootsError::Pem)?.iter().map(|cert| cert.to_vec()).collect();
    if roots.is_empty() { Err(RootsError::Pem) } else { Ok(roots) }
}

/// The configuration for all relays of this phone; `extra` are DER certificates that are trusted as roots too.
pub(crate) fn client_config(extra: &[Vec<u8>]) -> Result<Arc<ClientConfig>, RootsError> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    for der in extra {
        roots.add(CertificateDer::from(der.clone())).map_err(|_| RootsError::Certificate)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| RootsError::Setup)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
