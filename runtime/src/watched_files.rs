//! Files whose contents are used while the service runs: keys, certificates. They are polled, because a Kubernetes secret changes by a
//! symbolic link two folders up, and other tools replace or rewrite files: all look the same to a reader of the contents.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

const POLL: Duration = Duration::from_millis(500);
/// No key, certificate chain or set of keys is larger.
const MAX_BYTES: u64 = 1024 * 1024;

/// The contents of `N` files that belong together.
pub type Contents<const N: usize> = [Vec<u8>; N];

/// A file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path} cannot be read: {reason}")]
pub struct ReadError {
    pub path: String,
    pub reason: String,
}

/// Files that belong together, as a certificate and its key.
#[derive(Debug, Clone)]
pub struct WatchedFiles<const N: usize> {
    paths: [PathBuf; N],
    seen: Result<Contents<N>, ReadError>,
}

impl<const N: usize> WatchedFiles<N> {
    /// Reads the files for the first time.
    pub fn new(paths: [&Path; N]) -> Self {
        let paths = paths.map(Path::to_owned);
        let seen = read_all(&paths);
        Self { paths, seen }
    }

    /// What was read last.
    pub fn contents(&self) -> &Result<Contents<N>, ReadError> {
        &self.seen
    }

    /// Waits until the files differ from [`Self::contents`], and returns what they hold then. Files that are written one after the other are
    /// seen when all are written: the contents must be the same at two polls in a row.
    pub async fn changed(&mut self) -> &Result<Contents<N>, ReadError> {
        let mut before = None;
        loop {
            tokio::time::sleep(POLL).await;
            let paths = self.paths.clone();
            // A file system that hangs must not hold an async worker.
            let Ok(now) = tokio::task::spawn_blocking(move || read_all(&paths)).await else { continue };
            if now != self.seen && before.as_ref() == Some(&now) {
                self.seen = now;
                return &self.seen;
            }
            before = Some(now);
        }
    }
}

fn read_all<const N: usize>(paths: &[PathBuf; N]) -> Result<Contents<N>, ReadError> {
    let mut contents = [const { Vec::new() }; N];
    for (path, content) in paths.iter().zip(&mut contents) {
        *content =
            read(path).map_err(|error| ReadError { path: path.display().to_string(), reason: error.to_string() })?;
    }
    Ok(contents)
}

/// Refuses anything but a regular file, because a device such as `/dev/zero` may have no end.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    let mut content = Vec::new();
    let read = std::fs::File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut content)? as u64;
    if read > MAX_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 1 MiB"));
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[tokio::test]
    async fn rewritten_replaced_relinked_and_missing_files_are_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let (first, second) = (path("first"), path("second"));
        std::fs::write(path("target"), "a").unwrap();
        symlink(path("target"), &first).unwrap();
        std::fs::write(&second, "b").unwrap();
        let mut files = WatchedFiles::new([&first, &second]);
        let of = |first: &str, second: &str| Ok([first.as_bytes().to_vec(), second.as_bytes().to_vec()]);
        assert_eq!(*files.contents(), of("a", "b"));

        std::fs::write(&second, "c").unwrap();
        assert_eq!(*files.changed().await, of("a", "c"));

        std::fs::write(path("new"), "d").unwrap();
        std::fs::rename(path("new"), &second).unwrap();
        assert_eq!(*files.changed().await, of("a", "d"));

        std::fs::write(path("other target"), "e").unwrap();
        std::fs::remove_file(&first).unwrap();
        symlink(path("other target"), &first).unwrap();
        assert_eq!(*files.changed().await, of("e", "d"));

        std::fs::remove_file(path("other target")).unwrap();
        let error = files.changed().await.as_ref().unwrap_err();
        assert!(error.to_string().contains(first.to_str().unwrap()), "{error}");
    }

    #[test]
    fn devices_and_large_files_are_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let large = folder.path().join("large");
        std::fs::write(&large, vec![0; MAX_BYTES as usize + 1]).unwrap();
        for path in [Path::new("/dev/zero"), large.as_path(), folder.path()] {
            assert!(WatchedFiles::new([path]).contents().is_err(), "{}", path.display());
        }
    }
}
