//! Files that `scripts/setup.sh` downloads because git does not hold them: ONNX Runtime, the demo's model and clip, and the servers of
//! the tests.

use std::path::PathBuf;

/// The download folder: `$VRU_CACHE`, else `$XDG_CACHE_HOME/vru`, else `$HOME/.cache/vru`, else `/var/cache/.cache/vru`.
pub fn cache_dir() -> PathBuf {
    let from = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    from("VRU_CACHE")
        .or_else(|| from("XDG_CACHE_HOME").map(|cache| cache.join("vru")))
        .unwrap_or_else(|| from("HOME").unwrap_or_else(|| PathBuf::from("/var/cache")).join(".cache/vru"))
}

/// The path of a file or folder in [`cache_dir`]. The error tells how to fetch it.
pub fn require(relative: &str) -> Result<PathBuf, MissingAsset> {
    let path = cache_dir().join(relative);
    if path.exists() { Ok(path) } else { Err(MissingAsset { path }) }
}

/// A file that `make setup` fetches is missing.
#[derive(Debug, thiserror::Error)]
#[error("{} is missing: run `make setup`, or set VRU_CACHE to the folder that it filled", path.display())]
pub struct MissingAsset {
    pub path: PathBuf,
}
