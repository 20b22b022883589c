//! Where `scripts/setup.sh` puts what is fetched rather than kept in git: ONNX Runtime, the demo's model and clip, and the
//! servers of the tests.

use std::path::PathBuf;

/// The folder: `VRU_CACHE`, else `$XDG_CACHE_HOME/vru`, else `$HOME/.cache/vru`.
pub fn cache_dir() -> PathBuf {
    let from = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    from("VRU_CACHE")
        .or_else(|| from("XDG_CACHE_HOME").map(|cache| cache.join("vru")))
        .unwrap_or_else(|| from("HOME").unwrap_or_else(|| PathBuf::from("/var/cache")).join(".cache/vru"))
}

/// A file or folder in it that must be there; the error says how to get it.
pub fn require(relative: &str) -> Result<PathBuf, MissingAsset> {
    let path = cache_dir().join(relative);
    if path.exists() { Ok(path) } else { Err(MissingAsset { path }) }
}

/// Something that `make setup` fetches is not there.
#[derive(Debug, thiserror::Error)]
#[error("{} is missing: run `make setup`, or set VRU_CACHE to the folder it filled", path.display())]
pub struct MissingAsset {
    /// Where it was looked for.
    pub path: PathBuf,
}
