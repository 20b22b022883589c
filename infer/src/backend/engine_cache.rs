//! The folder where TensorRT keeps what takes minutes to build.
//!
//! TensorRT's provider does not say when it cannot write there: it leaves half a file, which the next start stumbles over. So
//! whether there is room is found out before anything is built.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::BackendError;

/// An engine is about as large as its model, and there are timings beside it; it is no use to try more than this.
const MOST: u64 = 1 << 30;
const LEAST: u64 = 16 << 20;

/// Makes the folder, and sees that engines of a model of so many bytes have room in it.
pub(super) fn prepare(folder: &Path, model_bytes: u64) -> Result<(), BackendError> {
    let fail = |source| BackendError::EngineCache { path: folder.to_owned(), source };
    fs::create_dir_all(folder).map_err(fail)?;
    let bytes = model_bytes.saturating_mul(2).clamp(LEAST, MOST);
    let probe = Probe(folder.join(format!("space-{}", std::process::id())));
    let filled = File::create(&probe.0).and_then(|file| fill(file, bytes));
    filled.map_err(|source| BackendError::EngineCacheFull { path: folder.to_owned(), mebibytes: bytes >> 20, source })
}

/// A file that is there only to see whether it has room.
struct Probe(PathBuf);

impl Drop for Probe {
    fn drop(&mut self) {
        // Where it could not be made there is nothing to remove.
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
    fn a_folder_with_room_is_left_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let engines = folder.path().join("a/b");
        prepare(&engines, 5_000_000).unwrap();
        assert_eq!(fs::read_dir(&engines).unwrap().count(), 0);
    }

    #[test]
    fn a_full_disk_is_an_error_before_anything_is_built() {
        // On this device every write finds no space left.
        let full = File::options().write(true).open("/dev/full").unwrap();
        assert_eq!(fill(full, LEAST).unwrap_err().kind(), io::ErrorKind::StorageFull);
    }

    #[test]
    fn what_is_said_names_the_folder_the_space_and_the_setting() {
        let source = io::Error::from(io::ErrorKind::StorageFull);
        let error = BackendError::EngineCacheFull { path: "/cache/engines".into(), mebibytes: 32, source };
        let text = vru_runtime::report::chain(&error).to_string();
        for words in ["/cache/engines", "32 MiB", "model.engine_cache", "no storage space"] {
            assert!(text.contains(words), "`{words}` is not in: {text}");
        }
    }
}
