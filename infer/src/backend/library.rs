//! Finds and loads ONNX Runtime, once in the process.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ort::environment::Environment;
use ort::logging::LogLevel;
use parking_lot::Mutex;
use vru_runtime::assets;

use super::BackendError;
use super::placement;

/// The environment variable that names the library if the configuration does not.
const DYLIB_PATH: &str = "ORT_DYLIB_PATH";
/// Where setup puts the library in the cache folder.
const CACHED: &str = "onnxruntime/libonnxruntime.so";
/// The name on the system's library path.
const SYSTEM: &str = "libonnxruntime.so";

// ONNX Runtime allows one environment in a process, and it cannot be created a second time.
static LOADED: Mutex<Option<(PathBuf, Environment)>> = Mutex::new(None);

/// The environment of the configured library, or of the first default that exists. The first call loads the library; later
/// calls return the same environment, even if they name another library.
pub(super) fn environment(configured: Option<&Path>) -> Result<Environment, BackendError> {
    let path = locate(configured);
    let mut loaded = LOADED.lock();
    if let Some((from, environment)) = &*loaded {
        if *from != path {
            tracing::warn!(loaded = %from.display(), configured = %path.display(), "another onnx runtime is already loaded, keeping it");
        }
        return Ok(environment.clone());
    }
    let fail = |source: Box<dyn std::error::Error + Send + Sync>| BackendError::Library { path: path.clone(), source };
    // Check first, because `ort` panics if the file does not exist. A library of a wrong version is an ordinary error, and is
    // unloaded again.
    if path.components().count() > 1 && !path.exists() {
        return Err(fail("there is no such file".into()));
    }
    let builder = ort::init_from(&path).map_err(|error| fail(error.to_string().into()))?;
    let environment = builder
        .with_name("vru")
        .with_telemetry(false)
        .with_logger(Arc::new(log))
        .build()
        .map_err(|error| fail(error.to_string().into()))?;
    environment.set_log_level(LogLevel::Warning);
    tracing::info!(library = %path.display(), build = ort::info(), "onnx runtime loaded");
    *loaded = Some((path, environment.clone()));
    Ok(environment)
}

fn locate(configured: Option<&Path>) -> PathBuf {
    if let Some(path) = configured {
        return path.to_owned();
    }
    if let Some(path) = std::env::var_os(DYLIB_PATH).filter(|value| !value.is_empty()) {
        return path.into();
    }
    let cached = assets::cache_dir().join(CACHED);
    if cached.exists() { cached } else { SYSTEM.into() }
}

fn log(level: LogLevel, category: &str, _id: &str, location: &str, message: &str) {
    match level {
        LogLevel::Verbose => {
            placement::log_line(message);
            tracing::trace!(category, location, message, "onnx runtime");
        }
        LogLevel::Info => tracing::debug!(category, location, message, "onnx runtime"),
        LogLevel::Warning => tracing::warn!(category, location, message, "onnx runtime"),
        LogLevel::Error | LogLevel::Fatal => tracing::error!(category, location, message, "onnx runtime"),
    }
}
