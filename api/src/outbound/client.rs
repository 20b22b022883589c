//! Who makes requests, and why one fails.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use rustls::ClientConfig;
use tokio_rustls::TlsConnector;
use vru_runtime::tls::roots;

use super::target::{Reach, Target};

pub(super) type Lookup = dyn Fn(String, u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync;

/// Makes requests. Cloning it shares it.
#[derive(Clone)]
pub(crate) struct Outbound {
    pub(super) tls: TlsConnector,
    pub(super) http_tls: TlsConnector,
    pub(super) reach: Reach,
    pub(crate) timeout: Duration,
    pub(super) lookup: Arc<Lookup>,
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outbound({:?}, {:?})", self.reach, self.timeout)
    }
}

/// Why a request has no answer, or not the one that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// For use as a metric label: `metrics.rs` lists them.
    pub(crate) reason: &'static str,
    /// For people.
    pub(crate) text: String,
    pub(crate) status: Option<u16>,
    /// How long the target asks us to wait.
    pub(crate) retry_after: Option<Duration>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for Failure {}

impl Failure {
    pub(crate) fn new(reason: &'static str, text: impl Into<String>) -> Self {
        Self { reason, text: text.into(), status: None, retry_after: None }
    }
}

impl Outbound {
    /// `ca`: instead of the system's certificates; empty for those. `timeout`: for all of a request.
    pub(crate) fn new(ca: &Path, reach: Reach, timeout: Duration) -> anyhow::Result<Self> {
        let lookup = |host: String, port| -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
            Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
        };
        Self::with_lookup(ca, reach, timeout, Arc::new(lookup))
    }

    pub(super) fn with_lookup(ca: &Path, reach: Reach, timeout: Duration, lookup: Arc<Lookup>) -> anyhow::Result<Self> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots(ca)?)
            .with_no_client_auth();
        let plain = TlsConnector::from(Arc::new(tls.clone()));
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { tls: plain, http_tls: TlsConnector::from(Arc::new(tls)), reach, timeout, lookup })
    }

    /// The address, if it has no clear mistake; else the problem.
    pub(crate) fn target(&self, text: &str) -> Result<Target, String> {
        Target::parse(text, &self.reach)
    }

    /// The address as it was stored: what is allowed may have changed since.
    pub(crate) fn checked(&self, url: &str) -> Result<Target, Failure> {
        self.target(url).map_err(|problem| Failure::new("target", format!("the address {problem}")))
    }

    pub(crate) fn late(&self, what: &str) -> Failure {
        Failure::new("timeout", format!("{what} within {:?}", self.timeout))
    }
}
