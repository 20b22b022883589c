//! An S3 server over a folder: one folder per bucket, one file per object. It listens on a loopback port of its own and
//! accepts only the random credentials that it makes at its start.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vru_runtime::secret::Secret;
use vru_storage::s3::BucketConfig;

/// How long open requests may take after the stop.
const DRAIN: Duration = Duration::from_secs(5);

/// The server could not be started. A retry does not help.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedS3Error {
    #[error("create the folder {} for the object store", path.display())]
    Folder {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("serve the folder {} as S3: {problem}", path.display())]
    Serve { path: PathBuf, problem: String },
    #[error("listen on a loopback port for the embedded object store")]
    Listen(#[source] std::io::Error),
}

/// A running server.
#[derive(Debug)]
pub struct EmbeddedS3 {
    address: SocketAddr,
    access_key: Secret,
    secret_key: Secret,
    stop: CancellationToken,
    connections: TaskTracker,
}

impl EmbeddedS3 {
    /// Serves `folder` with one bucket of the default name.
    pub async fn start(folder: &Path) -> Result<Self, EmbeddedS3Error> {
        let path = folder.join(BucketConfig::default().bucket);
        tokio::fs::create_dir_all(&path).await.map_err(|source| EmbeddedS3Error::Folder { path, source })?;
        // The error implements only `Debug`.
        let serve = |error| EmbeddedS3Error::Serve { path: folder.to_owned(), problem: format!("{error:?}") };
        let files = s3s_fs::FileSystem::new(folder).map_err(serve)?;
        let (access_key, secret_key) = (super::random_secret(), super::random_secret());
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(&*access_key, &*secret_key));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(EmbeddedS3Error::Listen)?;
        let address = listener.local_addr().map_err(EmbeddedS3Error::Listen)?;
        let (stop, connections) = (CancellationToken::new(), TaskTracker::new());
        connections.spawn(accept(listener, service.build(), stop.clone(), connections.clone()));
        Ok(Self {
            address,
            access_key: Secret::new(access_key),
            secret_key: Secret::new(secret_key),
            stop,
            connections,
        })
    }

    /// How to reach the bucket.
    pub fn bucket_config(&self) -> BucketConfig {
        BucketConfig {
            endpoint: format!("http://{}", self.address),
            access_key: self.access_key.clone(),
            secret_key: self.secret_key.clone(),
            ..BucketConfig::default()
        }
    }

    /// Stops accepting connections, and waits until the deadline for open requests.
    pub async fn stop(self) {
        self.stop.cancel();
        self.connections.close();
        if tokio::time::timeout(DRAIN, self.connections.wait()).await.is_err() {
            tracing::warn!("a request to the embedded S3 server was cut off at the deadline");
        }
    }
}

async fn accept(listener: TcpListener, service: S3Service, stop: CancellationToken, connections: TaskTracker) {
    loop {
        let socket = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => socket,
                Err(error) => {
                    // Most likely out of file handles: this passes when connections end.
                    tracing::warn!(%error, "the embedded S3 server cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            () = stop.cancelled() => return,
        };
        let (service, stop) = (service.clone(), stop.clone());
        connections.spawn(async move {
            let server = Builder::new(TokioExecutor::new());
            let connection = server.serve_connection(TokioIo::new(socket), service);
            tokio::pin!(connection);
            let served = tokio::select! {
                served = connection.as_mut() => served,
                () = stop.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = served {
                tracing::debug!(error, "a connection to the embedded S3 server failed");
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use vru_storage::s3::Bucket;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn long_keys_are_stored_and_wrong_credentials_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let s3 = EmbeddedS3::start(folder.path()).await.unwrap();
        let bucket = Bucket::new(&s3.bucket_config()).await;
        let key = format!("detections/date=2026-01-02/hour=03/camera=07/{}.parquet", "k".repeat(90));
        bucket.put(&key, "image/jpeg", Bytes::from_static(b"picture"), usize::MAX).await.unwrap();
        assert_eq!(bucket.get(&key).await.unwrap().as_deref(), Some(&b"picture"[..]));
        assert!(bucket.get("missing").await.unwrap().is_none());
        let wrong_secret = BucketConfig { secret_key: Secret::new("wrong"), ..s3.bucket_config() };
        assert!(Bucket::new(&wrong_secret).await.get(&key).await.is_err());
        s3.stop().await;
    }
}
