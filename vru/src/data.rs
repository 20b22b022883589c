//! The data folder: used by one process at a time.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use vru_runtime::child::is_root;
use vru_runtime::secret::Secret;

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

    /// Whether the folder could be opened, or created. Leaves nothing behind, and does not say whether it is in use.
    pub fn check(path: &Path) -> Result<(), DataError> {
        let existing = path.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(path);
        let existing = if existing.as_os_str().is_empty() { Path::new(".") } else { existing };
        let fail = |source| DataError::Io { what: "write to the data folder, in", path: existing.to_owned(), source };
        let probe = existing.join(format!(".vru-check-{}", std::process::id()));
        File::create_new(&probe).and_then(|_| fs::remove_file(&probe)).map_err(fail)
    }

    /// Whether the disk is full: writes a file to find out. Blocks for a moment.
    pub fn is_full(&self) -> bool {
        let probe = self.join("space");
        let written = fs::write(&probe, vec![0; PROBE_BYTES]);
        // If the file could not be created, there is nothing to remove.
        drop(fs::remove_file(&probe));
        written.is_err_and(|error| matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded))
    }

    /// The secret in a file of the folder, which its owner alone may read: 64 hexadecimal digits, made at the first use.
    pub fn secret(&self, name: &str) -> Result<Secret, DataError> {
        let path = self.join(name);
        let fail = |what| {
            let path = path.clone();
            move |source| DataError::Io { what, path, source }
        };
        match fs::read_to_string(&path) {
            Ok(text) => return Ok(Secret::new(text.trim_end())),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(fail("read")(error)),
        }
        let text = hex::encode(rand::random::<[u8; 32]>());
        // A file that is only half written when the power fails must not be taken for the secret. `mode` applies to a new file only.
        let new = self.join(&format!("{name}.new"));
        match fs::remove_file(&new) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(fail("remove")(error)),
            _ => {}
        }
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(&new).map_err(fail("write"))?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(fail("write"))?;
        fs::rename(&new, &path).map_err(fail("write"))?;
        Ok(Secret::new(text))
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
    use std::os::unix::fs::PermissionsExt as _;

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

    #[test]
    fn a_secret_is_made_once_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(folder.path()).unwrap();
        // What an earlier run left when the power failed.
        fs::write(folder.path().join("key.new"), "half").unwrap();
        let secret = data.secret("key").unwrap();
        assert_eq!(secret.expose().len(), 64);
        assert_eq!(data.secret("key").unwrap(), secret);
        assert_ne!(data.secret("other").unwrap(), secret);
        let mode = fs::metadata(folder.path().join("key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::remove_file(folder.path().join("key")).unwrap();
        fs::create_dir(folder.path().join("key")).unwrap();
        assert!(data.secret("key").unwrap_err().to_string().contains("key"));
    }

    #[test]
    fn a_check_says_whether_the_folder_could_be_written_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        DataFolder::check(&folder.path().join("not/yet/there")).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        for bad in [file.clone(), file.join("below"), PathBuf::from("/proc/nowhere")] {
            let error = DataFolder::check(&bad).unwrap_err().to_string();
            assert!(error.contains("data folder"), "{error}");
        }
    }
}
