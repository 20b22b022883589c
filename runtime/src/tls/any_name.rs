use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use sha2::{Digest as _, Sha256};

/// Which certificates of a server are accepted, for any host name.
#[derive(Debug, Clone)]
pub enum Trust {
    Any,
    /// The one with this SHA-256 fingerprint.
    Pinned([u8; 32]),
    /// Those that one of these authorities signed.
    SignedBy(Arc<RootCertStore>),
}

/// Verifies a server for a client that does not compare host names.
#[derive(Debug)]
pub struct AnyName {
    pub trust: Trust,
    pub provider: Arc<CryptoProvider>,
}

#[derive(Debug)]
struct WrongFingerprint([u8; 32]);

impl fmt::Display for WrongFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("its certificate has the SHA-256 fingerprint ")?;
        for byte in self.0 {
            write!(f, "{byte:02x}")?;
        }
        f.write_str(", which is not the configured one")
    }
}

impl std::error::Error for WrongFingerprint {}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.trust {
            Trust::Any => {}
            Trust::Pinned(pin) => {
                let seen = Sha256::digest(certificate);
                if pin[..] != seen[..] {
                    let error = OtherError(Arc::new(WrongFingerprint(seen.into())));
                    return Err(Error::InvalidCertificate(CertificateError::Other(error)));
                }
            }
            Trust::SignedBy(roots) => {
                let certificate = ParsedCertificate::try_from(certificate)?;
                let algorithms = self.provider.signature_verification_algorithms.all;
                verify_server_cert_signed_by_trust_anchor(&certificate, roots, intermediates, now, algorithms)?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    /// The server must have the key of its certificate, or a copy of the certificate would be enough.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
