//! The folder where TensorRT keeps built engines.
//!
//! If TensorRT's provider cannot write there, it reports no error and leaves a partial file, on which the next start fails. So the
//! free space is checked before an engine is built.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::BackendError;

/// The limits of the space that is checked. An engine is about as large as its model, and the timings lie beside it.
const MIN_BYTES: u64 = 16 << 20;
const MAX_BYTES: u64 = 1 << 30;

/// Creates the folder, and checks that it has room for the engines of a model of `model_bytes` bytes.
pub(super) fn prepare(folder: &Path, model_bytes: u64) -> Result<(), BackendError> {
    let fail = |source| BackendError::EngineCache { path: folder.to_owned(), source };
    fs::create_dir_all(folder).map_err(fail)?;
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

    #[test]
    fn a_folder_with_room_is_left_empty() {
        let folder = tempfile::tempdir().unwrap();
        let engines = folder.path().join("a/b");
        prepare(&engines, 5_000_000).unwrap();
        assert_eq!(fs::read_dir(&engines).unwrap().count(), 0);
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
