//! TLS by rustls with ring: a certificate and its key from PEM files, exchanged while running.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// The certificate or its key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// No certificates could be read from the file.
    #[error("cannot read certificates from {0}")]
    Certificate(PathBuf),
    /// No private key could be read from the file.
    #[error("cannot read a private key from {0}")]
    Key(PathBuf),
    /// The key is of a kind that is not supported, or is not the certificate's.
    #[error("the private key does not fit the certificate")]
    Mismatch,
    /// The TLS library refused its settings.
    #[error("TLS cannot be set up")]
    Setup,
}

/// Where the certificate (leaf first, then intermediates) and its key are; PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate chain.
    pub certificate: PathBuf,
    /// The private key (PKCS #8, SEC 1 or PKCS #1).
    pub key: PathBuf,
}

impl TlsFiles {
    fn load(&self) -> Result<Arc<CertifiedKey>, TlsError> {
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|_| TlsError::Key(self.key.clone()))?;
        let key = CertifiedKey::from_der(chain(&self.certificate)?, key, &ring::default_provider())
            .map_err(|_| TlsError::Mismatch)?;
        Ok(Arc::new(key))
    }
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let error = |_| TlsError::Certificate(path.to_owned());
    let chain: Vec<_> =
        CertificateDer::pem_file_iter(path).map_err(error)?.collect::<Result<_, _>>().map_err(error)?;
    if chain.is_empty() { Err(TlsError::Certificate(path.to_owned())) } else { Ok(chain) }
}

/// The certificate in use. Clones share it.
#[derive(Debug, Clone)]
pub struct Tls {
    files: TlsFiles,
    current: Arc<Current>,
    config: Arc<ServerConfig>,
}

#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// [`TlsError`] when they cannot be used.
    pub fn new(files: TlsFiles) -> Result<Self, TlsError> {
        let current = Arc::new(Current(RwLock::new(files.load()?)));
        let resolver: Arc<dyn ResolvesServerCert> = current.clone();
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|_| TlsError::Setup)?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // Phones resume with tickets, which cost the relay no memory; one is enough.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.ticketer = ring::Ticketer::new().map_err(|_| TlsError::Setup)?;
        config.send_tls13_tickets = 1;
        Ok(Self { files, current, config: Arc::new(config) })
    }

    /// Reads the files again; the old certificate stays in use when they cannot be used.
    ///
    /// # Errors
    /// [`TlsError`] when they cannot be used.
    pub fn reload(&self) -> Result<(), TlsError> {
        let fresh = self.files.load()?;
        *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// Reads the files again at every SIGHUP, until `stop`.
    #[cfg(unix)]
    pub(super) async fn reload_on_hangup(self, stop: tokio_util::sync::CancellationToken) {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut hangup) = signal(SignalKind::hangup()) else {
            tracing::warn!("SIGHUP cannot be heard: a new certificate needs a restart");
            return;
        };
        while let Some(Some(())) = stop.run_until_cancelled(hangup.recv()).await {
            match self.reload() {
                Ok(()) => tracing::info!("certificate read again"),
                Err(error) => tracing::error!(%error, "the old certificate stays in use"),
            }
        }
    }

    pub(super) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }
}
