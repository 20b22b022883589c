//! Whether a connection is encrypted, and how the server's certificate is verified. The modes mean what they mean in libpq.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde::Deserialize;
use thiserror::Error;
use vru_runtime::tls::{AnyName, Trust};

/// Value of `ssl_ca` and `sslrootcert` that stands for the system's CA certificates.
const SYSTEM: &str = "system";

/// Whether the connection is encrypted and what is verified. Later modes are stricter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SslMode {
    /// Never encrypted.
    Disable,
    /// Encrypted if the server supports it.
    Prefer,
    /// Always encrypted. The server's certificate is verified only if `ssl_ca` is set, as by `verify-ca`.
    Require,
    /// Encrypted, and a CA in `ssl_ca` signed the server's certificate. Its host name is not verified.
    VerifyCa,
    /// Encrypted, a CA in `ssl_ca` or a CA of the system signed the server's certificate, and the certificate names the host.
    VerifyFull,
}

impl SslMode {
    /// The names of all modes, from the least strict.
    pub(super) const NAMES: [(&'static str, Self); 5] = [
        ("disable", Self::Disable),
        ("prefer", Self::Prefer),
        ("require", Self::Require),
        ("verify-ca", Self::VerifyCa),
        ("verify-full", Self::VerifyFull),
    ];

    pub(super) fn name(self) -> &'static str {
        Self::NAMES[self as usize].0
    }
}

/// The files that TLS needs; an empty path is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TlsFiles {
    /// CA certificates.
    pub(super) ca: PathBuf,
    /// The client's certificate.
    pub(super) certificate: PathBuf,
    /// The client's key.
    pub(super) key: PathBuf,
}

impl TlsFiles {
    fn any(&self) -> bool {
        [&self.ca, &self.certificate, &self.key].iter().any(|path| !path.as_os_str().is_empty())
    }
}

/// TLS settings that cannot work.
#[derive(Debug, Error)]
pub enum TlsError {
    #[error("cannot read {what} from {}", path.display())]
    File {
        what: &'static str,
        path: PathBuf,
        #[source]
        source: rustls_pki_types::pem::Error,
    },
    #[error("{} contains no certificate", path.display())]
    Empty { path: PathBuf },
    #[error("cannot use {what}")]
    Unusable {
        what: String,
        #[source]
        source: rustls::Error,
    },
    #[error("cannot find CA certificates of the system: set `ssl_ca`")]
    NoSystemCertificates,
    /// Settings that contradict each other.
    #[error("{0}")]
    Contradiction(String),
}

/// The mode if none is set. A password must not reach a server that only claims to be ours, unless it is on this machine.
pub(super) fn default_mode(loopback: bool, files: &TlsFiles) -> SslMode {
    if loopback && !files.any() { SslMode::Prefer } else { SslMode::VerifyFull }
}

/// The rustls configuration; `None` if the connection is not encrypted. Reads the files.
pub(super) fn client_config(mode: SslMode, files: &TlsFiles) -> Result<Option<ClientConfig>, TlsError> {
    let contradiction = |text: String| Err(TlsError::Contradiction(text));
    let system = files.ca == Path::new(SYSTEM);
    let own_ca = !system && !files.ca.as_os_str().is_empty();
    if files.certificate.as_os_str().is_empty() != files.key.as_os_str().is_empty() {
        return contradiction("`ssl_cert` and `ssl_key` must both be set or both be empty".to_owned());
    }
    match mode {
        SslMode::Disable if files.any() => {
            return contradiction("certificates are set, but the SSL mode is `disable`".to_owned());
        }
        SslMode::Disable => return Ok(None),
        SslMode::VerifyCa if !own_ca && !system => {
            return contradiction("the SSL mode `verify-ca` needs `ssl_ca`".to_owned());
        }
        // Anybody can get a certificate from one of the system's CAs, so without the host name it proves nothing.
        SslMode::Prefer | SslMode::Require | SslMode::VerifyCa if system => {
            let name = mode.name();
            return contradiction(format!(
                "`ssl_ca` is `system`, which needs the SSL mode `verify-full`, not `{name}`"
            ));
        }
        _ => {}
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let roots = match mode {
        SslMode::Prefer | SslMode::Require if !own_ca => None,
        _ => Some(Arc::new(if own_ca { file_roots(&files.ca)? } else { system_roots()? })),
    };
    let verifier: Arc<dyn ServerCertVerifier> = match roots {
        Some(roots) if mode == SslMode::VerifyFull => {
            WebPkiServerVerifier::builder_with_provider(roots, provider.clone())
                .build()
                .map_err(|error| TlsError::Contradiction(error.to_string()))?
        }
        // Any host name, as libpq does for all modes below `verify-full`.
        roots => Arc::new(AnyName { trust: roots.map_or(Trust::Any, Trust::SignedBy), provider: provider.clone() }),
    };
    let unusable = |what: &str| {
        let what = what.to_owned();
        move |source| TlsError::Unusable { what, source }
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unusable("TLS"))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let config = if files.certificate.as_os_str().is_empty() {
        builder.with_no_client_auth()
    } else {
        let chain = certificates("the client certificate", &files.certificate)?;
        let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|source| TlsError::File {
            what: "the client's key",
            path: files.key.clone(),
            source,
        })?;
        let what = format!("the client certificate {} with its key", files.certificate.display());
        builder.with_client_auth_cert(chain, key).map_err(unusable(&what))?
    };
    Ok(Some(config))
}

fn certificates(what: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let fail = |source| TlsError::File { what, path: path.to_owned(), source };
    let found = CertificateDer::pem_file_iter(path).map_err(fail)?.collect::<Result<Vec<_>, _>>().map_err(fail)?;
    if found.is_empty() { Err(TlsError::Empty { path: path.to_owned() }) } else { Ok(found) }
}

fn file_roots(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates("the CA certificates", path)? {
        let fail = |source| TlsError::Unusable { what: format!("a CA certificate of {}", path.display()), source };
        roots.add(certificate).map_err(fail)?;
    }
    Ok(roots)
}

fn system_roots() -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() { Err(TlsError::NoSystemCertificates) } else { Ok(roots) }
}
