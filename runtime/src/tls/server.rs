use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;
use rustls::ServerConfig;
use tokio_util::sync::CancellationToken;

use super::certificate::{TlsError, load};
use super::metrics::{EXPIRES, LOADS, REFUSED};
use crate::report::chain;
use crate::watched_files::{Contents, ReadError, WatchedFiles};

/// The TLS configuration of a server, which follows its certificate files. Cheap to clone; clones share the certificate.
#[derive(Debug, Clone)]
pub struct ServerTls {
    server: &'static str,
    paths: [PathBuf; 2],
    alpn: &'static [&'static [u8]],
    current: Arc<RwLock<Arc<ServerConfig>>>,
}

impl ServerTls {
    /// Reads a certificate chain and its key (PEM), and follows their files until `stop`. Must be called inside a Tokio runtime.
    ///
    /// `server` names the server in logs and metrics. `alpn`: the protocols that it speaks; empty for none.
    pub fn start(
        server: &'static str,
        certificate: &Path,
        key: &Path,
        alpn: &'static [&'static [u8]],
        stop: CancellationToken,
    ) -> Result<Self, TlsError> {
        let files = WatchedFiles::new([certificate, key]);
        let paths = [certificate.to_owned(), key.to_owned()];
        let loaded = load_files(server, files.contents(), &paths, alpn)?;
        let this = Self { server, paths, alpn, current: Arc::new(RwLock::new(loaded)) };
        tokio::spawn({
            let this = this.clone();
            async move {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = this.follow(files) => {}
                }
            }
        });
        Ok(this)
    }

    /// Whether the files can be used now, for the check of a configuration.
    pub fn check(certificate: &Path, key: &Path) -> Result<(), TlsError> {
        let files = WatchedFiles::new([certificate, key]);
        let names = [certificate, key].map(|path| path.display().to_string());
        load(files.contents().as_ref().map_err(Clone::clone)?, [&names[0], &names[1]], &[]).map(drop)
    }

    /// The configuration for the next connection.
    pub fn current(&self) -> Arc<ServerConfig> {
        self.current.read().clone()
    }

    async fn follow(&self, mut files: WatchedFiles<2>) {
        loop {
            match load_files(self.server, files.changed().await, &self.paths, self.alpn) {
                Ok(config) => {
                    *self.current.write() = config;
                    tracing::info!(server = self.server, "certificate reloaded");
                }
                Err(error) => {
                    let error = chain(&error);
                    tracing::error!(server = self.server, %error, "new certificate refused, the old one is served");
                }
            }
        }
    }
}

fn load_files(
    server: &str,
    contents: &Result<Contents<2>, ReadError>,
    paths: &[PathBuf; 2],
    alpn: &[&[u8]],
) -> Result<Arc<ServerConfig>, TlsError> {
    let [certificate, key] = paths.each_ref().map(|path| path.display().to_string());
    let loaded = contents
        .as_ref()
        .map_err(|error| TlsError::from(error.clone()))
        .and_then(|contents| load(contents, [&certificate, &key], alpn));
    let outcome = if loaded.is_ok() { "loaded" } else { "refused" };
    LOADS.with_label_values(&[server, outcome]).inc();
    REFUSED.with_label_values(&[server]).set(loaded.is_err().into());
    let loaded = loaded?;
    EXPIRES.with_label_values(&[server]).set(loaded.expires.as_secs().cast_signed());
    Ok(loaded.config)
}
