//! The data folder: who may use it, and what lies where.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use vru_runtime::child::is_root;

/// What PostgreSQL asks for at once is less.
const PROBE_BYTES: usize = 256 * 1024;

/// A data folder that belongs to this process until it is dropped.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    _lock: File,
}

/// Why a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The file system says no.
    #[error("{what} {}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// With which path.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// Another `vru` runs on it.
    #[error("the data folder {} is in use by another vru: stop that one, or give another folder with --data", .0.display())]
    InUse(PathBuf),
}

impl DataFolder {
    /// Makes the folder if there is none, and takes it.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let fail = |what, path: &Path| {
            let path = path.to_owned();
            move |source| DataError::Io { what, path, source }
        };
        fs::create_dir_all(path).map_err(fail("make the data folder", path))?;
        let path = path.canonicalize().map_err(fail("find", path))?;
        let file = path.join("lock");
        let lock = File::options().create(true).append(true).open(&file).map_err(fail("open", &file))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(DataError::InUse(path)),
            Err(TryLockError::Error(source)) => Err(DataError::Io { what: "lock", path: file, source }),
        }
    }

    /// Whether nothing more can be written here: tries it. Blocks for a moment.
    pub fn is_full(&self) -> bool {
        let probe = self.join("space");
        let written = fs::write(&probe, vec![0; PROBE_BYTES]);
        // Where it could not be made there is nothing to remove.
        drop(fs::remove_file(&probe));
        written.is_err_and(|error| matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded))
    }

    /// Something in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Where data lie when nobody says otherwise. As root not in root's home, which PostgreSQL's account cannot enter.
pub fn default_folder(name: &str) -> PathBuf {
    let from = |variable: &str| std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = if is_root() { Some(PathBuf::from("/var/lib")) } else { None };
    base.or_else(|| from("XDG_DATA_HOME"))
        .or_else(|| from("HOME").map(|home| home.join(".local/share")))
        .unwrap_or_else(|| PathBuf::from("/var/tmp"))
        .join("vru")
        .join(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_user_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        let first = DataFolder::open(&path).unwrap();
        assert!(matches!(DataFolder::open(&path), Err(DataError::InUse(_))));
        drop(first);
        let again = DataFolder::open(&path).unwrap();
        assert!(!again.is_full());
        assert_eq!(fs::read_dir(&path).unwrap().count(), 1, "only the lock is left");
    }
}
