//! How the certificate of a camera is verified.

use std::sync::Arc;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{CertificateError, ClientConfig, Error, RootCertStore};
use vru_proto::pull_source::fingerprint;
use vru_proto::v1::CameraTls;
use vru_proto::v1::camera_tls::Verify;
use vru_runtime::cameras::References;
use vru_runtime::tls::{AnyName, Trust};

/// Reads the certificate authorities again, so that replaced ones take effect. Blocks.
pub(super) fn client_config(tls: Option<&CameraTls>, references: &References) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let dangerous = |trust| {
        let verifier = Arc::new(AnyName { trust, provider });
        builder.clone().dangerous().with_custom_certificate_verifier(verifier)
    };
    let config = match tls.and_then(|tls| tls.verify.as_ref()) {
        None => builder.with_root_certificates(system_roots()?).with_no_client_auth(),
        Some(Verify::CaFile(path)) => {
            builder.with_root_certificates(read_roots(path, references)?).with_no_client_auth()
        }
        Some(Verify::CertificateSha256(digits)) => {
            let pin = fingerprint(digits).ok_or("the fingerprint is not 64 hexadecimal digits")?;
            dangerous(Trust::Pinned(pin)).with_no_client_auth()
        }
        Some(Verify::Insecure(true)) => dangerous(Trust::Any).with_no_client_auth(),
        Some(Verify::Insecure(false)) => return Err("`insecure` is false: remove it".to_owned()),
    };
    Ok(Arc::new(config))
}

fn system_roots() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err("this host has no certificate authorities: install them, or set `tls` of the camera".to_owned());
    }
    Ok(roots)
}

fn read_roots(path: &str, references: &References) -> Result<RootCertStore, String> {
    let pem = references.file(path).map_err(|error| format!("cannot read the CA file {path}: {error}"))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let added = certificate
            .map_err(|error| error.to_string())
            .and_then(|certificate| roots.add(certificate).map_err(|error| error.to_string()));
        added.map_err(|error| format!("the CA file {path} has a certificate that cannot be used: {error}"))?;
    }
    if roots.is_empty() {
        return Err(format!("the CA file {path} has no certificate in PEM form"));
    }
    Ok(roots)
}

/// What a failed handshake means for the operator.
pub(super) fn problem(error: &std::io::Error) -> String {
    let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else { return error.to_string() };
    match tls {
        Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "its certificate has expired".to_owned()
        }
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "its certificate is for another host name".to_owned(),
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "no trusted certificate authority has signed its certificate".to_owned()
        }
        Error::InvalidCertificate(CertificateError::Other(other))
            if other.to_string().contains("CaUsedAsEndEntity") =>
        {
            "its certificate is self-signed: set its fingerprint as `certificate_sha256`".to_owned()
        }
        tls => tls.to_string(),
    }
}
