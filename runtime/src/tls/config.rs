use std::path::PathBuf;

use serde::Deserialize;

use super::ServerTls;
use crate::config::{Problems, Validate};
use crate::report::chain;

/// The section `tls` of a server.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// File with the certificate chain (PEM).
    pub certificate: PathBuf,
    /// File with its private key (PEM).
    pub key: PathBuf,
}

impl TlsConfig {
    pub fn is_on(&self) -> bool {
        !self.certificate.as_os_str().is_empty()
    }
}

impl Validate for TlsConfig {
    fn validate(&self, problems: &mut Problems) {
        let (certificate, key) = (self.certificate.as_os_str().is_empty(), self.key.as_os_str().is_empty());
        problems.require(certificate == key, "certificate", "and `key` must both be set, or both be empty");
        if self.is_on()
            && certificate == key
            && let Err(error) = ServerTls::check(&self.certificate, &self.key)
        {
            problems.at("certificate", chain(&error));
        }
    }
}
