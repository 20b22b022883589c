//! Temporary folders of a test process. A later test process removes them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

const PREFIX: &str = "vru-test-";

/// A new, empty folder. It stays after the test, so that the logs of a failure can be read.
pub fn folder(name: &str) -> PathBuf {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let path = base().join(format!("{}-{name}", NEXT.fetch_add(1, Ordering::Relaxed)));
    make(&path);
    path
}

fn base() -> &'static Path {
    static BASE: OnceLock<PathBuf> = OnceLock::new();
    BASE.get_or_init(|| {
        remove_leftovers();
        let path = std::env::temp_dir().join(format!("{PREFIX}{}", std::process::id()));
        make(&path);
        path
    })
}

fn make(path: &Path) {
    fs::create_dir_all(path).unwrap_or_else(|error| panic!("cannot create {}: {error}", path.display()));
    // Servers that run as another user need access.
    let open = fs::Permissions::from_mode(0o755);
    fs::set_permissions(path, open).unwrap_or_else(|error| panic!("cannot open {}: {error}", path.display()));
}

/// Removes the folders of test processes that have ended. A test process cannot remove its own: its servers run until its end.
fn remove_leftovers() {
    let entries = fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(PREFIX)).and_then(|pid| pid.parse::<u32>().ok());
        if owner.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            // Fails when another test process removes it at the same time, or when it belongs to another user.
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}
