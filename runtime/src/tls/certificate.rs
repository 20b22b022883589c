//! Reads and checks a certificate chain with its key.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

use crate::watched_files::{Contents, ReadError};

/// A server's certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Not PEM, or another kind of PEM.
    #[error("{path} holds no {wanted} in PEM")]
    Pem {
        path: String,
        wanted: &'static str,
        #[source]
        source: Option<pem::Error>,
    },
    #[error("the certificate in {path} is not valid: {reason}")]
    Certificate { path: String, reason: String },
    #[error("the certificate in {path} has expired: replace it")]
    Expired { path: String },
    /// The key is of an unknown kind, or belongs to another certificate.
    #[error("the certificate {certificate} cannot be used with the key {key}")]
    Pair {
        certificate: String,
        key: String,
        #[source]
        source: rustls::Error,
    },
}

/// A certificate that can be served.
pub(super) struct Loaded {
    pub(super) config: Arc<ServerConfig>,
    /// Since the Unix epoch.
    pub(super) expires: Duration,
}

/// Makes a configuration of the contents of a certificate file and a key file. `alpn`: the protocols that the server speaks.
pub(super) fn load(
    [certificate_pem, key_pem]: &Contents<2>,
    [certificate, key]: [&str; 2],
    alpn: &[&[u8]],
) -> Result<Loaded, TlsError> {
    let pem = |path: &str, wanted, source| TlsError::Pem { path: path.to_owned(), wanted, source };
    let chain: Vec<_> = CertificateDer::pem_slice_iter(certificate_pem)
        .collect::<Result<_, _>>()
        .map_err(|error| pem(certificate, "certificate", Some(error)))?;
    let first = chain.first().ok_or_else(|| pem(certificate, "certificate", None))?;
    let expires = expiry(first).map_err(|reason| TlsError::Certificate { path: certificate.to_owned(), reason })?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    if expires <= now {
        return Err(TlsError::Expired { path: certificate.to_owned() });
    }
    let private = PrivateKeyDer::from_pem_slice(key_pem).map_err(|error| pem(key, "private key", Some(error)))?;
    let pair = |source| TlsError::Pair { certificate: certificate.to_owned(), key: key.to_owned(), source };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private))
        .map_err(pair)?;
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(Loaded { config: Arc::new(config), expires })
}

fn expiry(certificate: &CertificateDer<'_>) -> Result<Duration, String> {
    let certificate = Certificate::from_der(certificate).map_err(|error| error.to_string())?;
    Ok(certificate.tbs_certificate.validity.not_after.to_unix_duration())
}
