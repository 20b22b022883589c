use std::path::Path;

use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use crate::watched_files::{ReadError, WatchedFiles};

/// The CA certificates of a client cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("the CA certificates in {path} cannot be used: {reason}")]
    Unusable { path: String, reason: String },
}

/// Whom a client trusts: the CA certificates in a PEM file, or the system's if the path is empty.
pub fn roots(path: &Path) -> Result<RootCertStore, RootsError> {
    let mut roots = RootCertStore::empty();
    if path.as_os_str().is_empty() {
        // If the system has none, the TLS handshake fails with a clear message.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return Ok(roots);
    }
    let fail = |reason: String| RootsError::Unusable { path: path.display().to_string(), reason };
    let file = WatchedFiles::new([path]);
    let [pem] = file.contents().as_ref().map_err(Clone::clone)?;
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| fail(error.to_string()))?;
        roots.add(certificate).map_err(|error| fail(error.to_string()))?;
    }
    if roots.is_empty() { Err(fail("there is none".to_owned())) } else { Ok(roots) }
}
