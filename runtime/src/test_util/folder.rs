//! Folders of a test process, below one that is removed when a later test process finds its owner gone.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

const PREFIX: &str = "vru-test-";

/// A new, empty folder of this process. Its logs stay after a failure.
pub fn folder(name: &str) -> PathBuf {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let path = base().join(format!("{}-{name}", NEXT.fetch_add(1, Ordering::Relaxed)));
    make(&path);
    path
}

fn base() -> &'static Path {
    static BASE: OnceLock<PathBuf> = OnceLock::new();
    BASE.get_or_init(|| {
        sweep();
        let path = std::env::temp_dir().join(format!("{PREFIX}{}", std::process::id()));
        make(&path);
        path
    })
}

fn make(path: &Path) {
    fs::create_dir_all(path).unwrap_or_else(|error| panic!("cannot make {}: {error}", path.display()));
    // Servers that run as another user must get in.
    let open = fs::Permissions::from_mode(0o755);
    fs::set_permissions(path, open).unwrap_or_else(|error| panic!("cannot open {}: {error}", path.display()));
}

/// Servers of a test process live until its end, when no code of ours runs any more; so the next one cleans up.
fn sweep() {
    let entries = fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(PREFIX)).and_then(|pid| pid.parse::<u32>().ok());
        if owner.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            // Another test process may be at it as well, or it belongs to another user.
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}
