//! The data folder: used by one process at a time.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use vru_runtime::child::is_root;

/// More than PostgreSQL allocates at once.
const PROBE_BYTES: usize = 256 * 1024;

/// A data folder, locked until it is dropped.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    _lock: File,
}

/// The data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    #[error("{what} {}", path.display())]
    Io {
        what: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the data folder {} is in use by another vru: stop that one, or give another folder with --data", .0.display())]
    InUse(PathBuf),
}

impl DataFolder {
    /// Creates the folder if there is none, and locks it.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let fail = |what, path: &Path| {
            let path = path.to_owned();
            move |source| DataError::Io { what, path, source }
        };
        fs::create_dir_all(path).map_err(fail("create the data folder", path))?;
        let path = path.canonicalize().map_err(fail("open the data folder", path))?;
        let file = path.join("lock");
        let lock = File::options().create(true).append(true).open(&file).map_err(fail("open", &file))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(DataError::InUse(path)),
            Err(TryLockError::Error(source)) => Err(DataError::Io { what: "lock", path: file, source }),
        }
    }

    /// Whether the disk is full: writes a file to find out. Blocks for a moment.
    pub fn is_full(&self) -> bool {
        let probe = self.join("space");
        let written = fs::write(&probe, vec![0; PROBE_BYTES]);
        // If the file could not be created, there is nothing to remove.
        drop(fs::remove_file(&probe));
        written.is_err_and(|error| matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded))
    }

    /// A path in the folder.
    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// The default data folder. For root it is not in root's home, which PostgreSQL's account cannot enter.
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
    fn a_folder_is_used_by_one_process_at_a_time() {
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
