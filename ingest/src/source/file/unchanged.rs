//! A file that cannot be read is not read again before it changes.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio_util::sync::CancellationToken;
use vru_storage::s3::{Bucket, ObjectStamp};

const POLL: Duration = Duration::from_secs(1);

/// An object seldom changes, and each look at it is a request.
const OBJECT_POLL: Duration = Duration::from_secs(30);

/// A version of a file: differs after each change.
#[derive(Debug, Clone)]
pub enum FileStamp {
    File {
        path: PathBuf,
        /// `None`: the file cannot be examined.
        version: Option<(SystemTime, u64, u64)>,
    },
    Object {
        bucket: Bucket,
        key: String,
        /// `None`: there is none, or it cannot be examined.
        version: Option<ObjectStamp>,
    },
}

impl FileStamp {
    /// The file as it is now.
    pub fn of(path: &Path) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        let version =
            std::fs::metadata(path).ok().and_then(|file| Some((file.modified().ok()?, file.len(), file.ino())));
        Self::File { path: path.to_owned(), version }
    }

    /// The object as it is now.
    pub async fn of_object(bucket: &Bucket, key: &str) -> Self {
        let version = bucket.stamp(key).await.ok().flatten();
        Self::Object { bucket: bucket.clone(), key: key.to_owned(), version }
    }

    async fn is_current(&self) -> bool {
        match self {
            Self::File { path, version } => {
                matches!(Self::of(path), Self::File { version: now, .. } if now == *version)
            }
            Self::Object { bucket, key, version } => bucket.stamp(key).await.is_ok_and(|now| now == *version),
        }
    }

    /// Waits until the file is another one; false if stopped before.
    pub async fn changed(&self, stop: &CancellationToken) -> bool {
        let poll = if matches!(self, Self::File { .. }) { POLL } else { OBJECT_POLL };
        loop {
            tokio::select! {
                () = stop.cancelled() => return false,
                () = tokio::time::sleep(poll) => {}
            }
            if !self.is_current().await {
                return true;
            }
        }
    }
}
