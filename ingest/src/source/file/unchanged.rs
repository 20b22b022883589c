//! A file that cannot be read is not read again before it changes.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio_util::sync::CancellationToken;

const POLL: Duration = Duration::from_secs(1);

/// A version of a file: differs after each change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileStamp {
    path: PathBuf,
    /// `None`: the file cannot be examined.
    version: Option<(SystemTime, u64, u64)>,
}

impl FileStamp {
    /// The file as it is now.
    pub fn of(path: &Path) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        let version =
            std::fs::metadata(path).ok().and_then(|file| Some((file.modified().ok()?, file.len(), file.ino())));
        Self { path: path.to_owned(), version }
    }

    /// Waits until the file is another one; false if stopped before.
    pub async fn changed(&self, stop: &CancellationToken) -> bool {
        loop {
            tokio::select! {
                () = stop.cancelled() => return false,
                () = tokio::time::sleep(POLL) => {}
            }
            if Self::of(&self.path) != *self {
                return true;
            }
        }
    }
}
