//! The folder where TensorRT keeps built engines: one folder for each model's weights, named by their digest.
//!
//! If TensorRT's provider cannot write there, it reports no error and leaves a partial file, on which the next start fails. So the
//! free space is checked before an engine is built. Engines that nobody has used for long are deleted, and the oldest ones if all
//! together are too large. A program that uses engines holds a lock in their folder, so that no other one deletes it.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::BackendError;

/// The limits of the space that is checked. An engine is about as large as its model, and the timings lie beside it.
const MIN_BYTES: u64 = 16 << 20;
const MAX_BYTES: u64 = 1 << 30;

/// The file with the lock. Its time is that of the last start.
const IN_USE: &str = "in-use";
/// In the folder of all models: held while one of its folders is opened or deleted.
const LOCK: &str = "lock";
const LOCK_PATIENCE: Duration = Duration::from_secs(10);

/// Engines that were not used for so long are deleted.
const MAX_UNUSED: Duration = Duration::from_hours(90 * 24);

/// The folder of one model's engines. Not deleted by another program while this value lives.
#[derive(Debug)]
pub(super) struct EngineCache {
    _lock: File,
}

impl EngineCache {
    /// Creates the folder `digest` in `root`, checks that it has room for the engines of a model of `model_bytes` bytes, and deletes
    /// old folders of other models, until all together are not larger than `max_bytes`.
    pub fn open(root: &Path, digest: &str, model_bytes: u64, max_bytes: u64) -> Result<Self, BackendError> {
        let folder = root.join(digest);
        let fail = |source| BackendError::EngineCache { path: folder.clone(), source };
        fs::create_dir_all(root).map_err(fail)?;
        let all = File::options().create(true).append(true).open(root.join(LOCK)).map_err(fail)?;
        let alone = lock_soon(&all);
        fs::create_dir_all(&folder).map_err(fail)?;
        let lock = use_folder(&folder).map_err(fail)?;
        if alone {
            delete_old(root, digest, max_bytes, SystemTime::now());
        } else {
            tracing::warn!(folder = %root.display(), "another program is at the engine cache: old engines are not looked for");
        }
        prepare(&folder, model_bytes)?;
        Ok(Self { _lock: lock })
    }
}

/// Whether the lock was taken before the patience ended.
fn lock_soon(file: &File) -> bool {
    let started = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return true,
            Err(TryLockError::WouldBlock) if started.elapsed() < LOCK_PATIENCE => {
                thread::sleep(Duration::from_millis(50));
            }
            Err(_) => return false,
        }
    }
}

/// Marks the folder as used now, for as long as the file is open.
fn use_folder(folder: &Path) -> io::Result<File> {
    let file = File::options().create(true).append(true).open(folder.join(IN_USE))?;
    file.try_lock_shared().map_err(io::Error::from)?;
    file.set_modified(SystemTime::now())?;
    Ok(file)
}

/// The engines of one model.
struct Engines {
    folder: PathBuf,
    bytes: u64,
    last_use: SystemTime,
}

/// Deletes the folders in `root`, except that of `own`, that were not used for long, and then the oldest ones until all together are not
/// larger than `max_bytes`. What cannot be deleted is logged: it is no reason not to start.
fn delete_old(root: &Path, own: &str, max_bytes: u64, now: SystemTime) {
    let mut engines: Vec<Engines> = match fs::read_dir(root) {
        Ok(entries) => entries.flatten().filter_map(|entry| Engines::read(&entry.path())).collect(),
        Err(error) => {
            tracing::warn!(folder = %root.display(), %error, "cannot look for old engines");
            return;
        }
    };
    engines.sort_unstable_by_key(|engines| engines.last_use);
    let mut all: u64 = engines.iter().map(|engines| engines.bytes).sum();
    for old in engines.iter().filter(|engines| engines.folder.file_name().is_some_and(|name| name != own)) {
        let unused = now.duration_since(old.last_use).unwrap_or_default();
        if unused <= MAX_UNUSED && all <= max_bytes {
            continue;
        }
        match old.delete() {
            Ok(true) => {
                all -= old.bytes;
                let (folder, mib, days) = (old.folder.display(), old.bytes >> 20, unused.as_secs() / 86_400);
                tracing::info!(%folder, mib, unused_days = days, "old TensorRT engines deleted");
            }
            Ok(false) => {}
            Err(error) => tracing::warn!(folder = %old.folder.display(), %error, "cannot delete old TensorRT engines"),
        }
    }
}

impl Engines {
    /// `None` if this is not a folder of engines: its name must be a digest, and it must hold plain files only.
    fn read(folder: &Path) -> Option<Self> {
        let name = folder.file_name()?.to_str()?;
        let is_digest = name.len() == 12 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        // Not of what a link leads to.
        if !is_digest || !folder.symlink_metadata().ok()?.is_dir() {
            return None;
        }
        let (mut bytes, mut newest) = (0, SystemTime::UNIX_EPOCH);
        for entry in fs::read_dir(folder).ok()? {
            let facts = entry.ok()?.metadata().ok()?;
            if !facts.is_file() {
                return None;
            }
            bytes += facts.len();
            newest = newest.max(facts.modified().ok()?);
        }
        // Folders of earlier versions have no such file.
        let last_use = folder.join(IN_USE).metadata().and_then(|facts| facts.modified()).unwrap_or(newest);
        Some(Self { folder: folder.to_owned(), bytes, last_use })
    }

    /// Deletes the folder; false if it is in use.
    fn delete(&self) -> io::Result<bool> {
        let file = File::options().create(true).append(true).open(self.folder.join(IN_USE))?;
        match file.try_lock() {
            Ok(()) => fs::remove_dir_all(&self.folder).map(|()| true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// Checks that the folder has room for the engines of a model of `model_bytes` bytes.
fn prepare(folder: &Path, model_bytes: u64) -> Result<(), BackendError> {
    let bytes = model_bytes.saturating_mul(2).clamp(MIN_BYTES, MAX_BYTES);
    let probe = Probe(folder.join(format!("space-{}", std::process::id())));
    let filled = File::create(&probe.0).and_then(|file| fill(file, bytes));
    filled.map_err(|source| BackendError::EngineCacheFull { path: folder.to_owned(), mebibytes: bytes >> 20, source })
}

/// A temporary file that tests for free space. Removed on drop.
struct Probe(PathBuf);

impl Drop for Probe {
    fn drop(&mut self) {
        // Fails if the file could not be created; then there is nothing to remove.
        drop(fs::remove_file(&self.0));
    }
}

fn fill(mut file: impl Write, bytes: u64) -> io::Result<()> {
    io::copy(&mut io::Read::take(io::repeat(0), bytes), &mut file)?;
    file.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LARGE: u64 = 1 << 40;

    /// A folder of engines of `bytes` bytes that was last used `days` days ago.
    fn engines(root: &Path, digest: &str, bytes: usize, days: u64) -> PathBuf {
        let folder = root.join(digest);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("model.engine"), vec![0; bytes]).unwrap();
        let file = File::create(folder.join(IN_USE)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_hours(24 * days)).unwrap();
        folder
    }

    #[test]
    fn a_folder_with_room_holds_only_the_mark_of_its_use() {
        let root = tempfile::tempdir().unwrap();
        let cache = EngineCache::open(&root.path().join("a"), "0123456789ab", 5_000_000, LARGE).unwrap();
        let names: Vec<_> =
            fs::read_dir(root.path().join("a/0123456789ab")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, [IN_USE]);
        drop(cache);
    }

    #[test]
    fn engines_unused_for_long_are_deleted_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let old = engines(root.path(), "00000000000a", 10, 91);
        let recent = engines(root.path(), "00000000000b", 10, 89);
        let own = engines(root.path(), "00000000000c", 10, 1000);
        let others = [engines(root.path(), "notes", 10, 1000), engines(root.path(), "00000000000D", 10, 1000)];
        let nested = engines(root.path(), "00000000000e", 10, 1000);
        fs::create_dir(nested.join("more")).unwrap();
        std::os::unix::fs::symlink(&others[0], root.path().join("00000000000f")).unwrap();
        let _cache = EngineCache::open(root.path(), "00000000000c", 0, LARGE).unwrap();
        assert!(!old.exists());
        for kept in [&recent, &own, &others[0], &others[1], &nested] {
            assert!(kept.join("model.engine").exists(), "{}", kept.display());
        }
    }

    #[test]
    fn of_too_many_bytes_the_engines_that_were_used_the_longest_ago_are_deleted() {
        let root = tempfile::tempdir().unwrap();
        let [oldest, middle, newest] = [("00000000000a", 30), ("00000000000b", 20), ("00000000000c", 10)]
            .map(|(name, days)| engines(root.path(), name, 1000, days));
        delete_old(root.path(), "00000000000d", 2500, SystemTime::now());
        assert!(!oldest.exists() && middle.exists() && newest.exists());
    }

    #[test]
    fn engines_in_use_are_kept_until_they_are_not() {
        let root = tempfile::tempdir().unwrap();
        let used = EngineCache::open(root.path(), "00000000000a", 0, LARGE).unwrap();
        let folder = root.path().join("00000000000a");
        let later = SystemTime::now() + 2 * MAX_UNUSED;
        delete_old(root.path(), "00000000000b", 0, later);
        assert!(folder.exists());
        let second = EngineCache::open(root.path(), "00000000000a", 0, LARGE).unwrap();
        drop(used);
        delete_old(root.path(), "00000000000b", 0, later);
        assert!(folder.exists(), "a second program uses it");
        drop(second);
        delete_old(root.path(), "00000000000b", 0, later);
        assert!(!folder.exists());
    }

    #[test]
    fn a_full_disk_is_an_error_before_anything_is_built() {
        // Every write to this device fails with `no space left on device`.
        let full = File::options().write(true).open("/dev/full").unwrap();
        assert_eq!(fill(full, MIN_BYTES).unwrap_err().kind(), io::ErrorKind::StorageFull);
    }

    #[test]
    fn the_error_names_the_folder_the_space_and_the_setting() {
        let source = io::Error::from(io::ErrorKind::StorageFull);
        let error = BackendError::EngineCacheFull { path: "/cache/engines".into(), mebibytes: 32, source };
        let text = vru_runtime::report::chain(&error).to_string();
        for words in ["/cache/engines", "32 MiB", "model.engine_cache", "no storage space"] {
            assert!(text.contains(words), "`{words}` is not in: {text}");
        }
    }
}
