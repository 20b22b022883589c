//! Finds and loads ONNX Runtime, once for the process.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ort::environment::Environment;
use ort::logging::LogLevel;
use parking_lot::Mutex;
use vru_runtime::assets;

use super::BackendError;
use super::placement;

/// The environment variable that names the library where the configuration does not.
const DYLIB_PATH: &str = "ORT_DYLIB_PATH";
/// Where setup puts it in the cache folder.
const CACHED: &str = "onnxruntime/libonnxruntime.so";
/// As the system's loader finds it.
const SYSTEM: &str = "libonnxruntime.so";

// ONNX Runtime allows one environment in a process, and that one cannot be made again.
static LOADED: Mutex<Option<(PathBuf, Environment)>> = Mutex::new(None);

/// The environment of the library that the configuration names, or the nearest one.
pub(super) fn environment(configured: Option<&Path>) -> Result<Environment, BackendError> {
    let path = locate(configured);
    let mut loaded = LOADED.lock();
    if let Some((from, environment)) = &*loaded {
        if *from != path {
            tracing::warn!(loaded = %from.display(), asked = %path.display(), "onnx runtime is loaded already, the first one stays");
        }
        return Ok(environment.clone());
    }
    let fail = |source: Box<dyn std::error::Error + Send + Sync>| BackendError::Library { path: path.clone(), source };
    // A library of a wrong version is unloaded again; without this check its absence would be reported by a panic.
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

fn log(level: LogLevel, category: &str, _id: &str, place: &str, message: &str) {
    match level {
        LogLevel::Verbose => {
            placement::note(message);
            tracing::trace!(category, place, message, "onnx runtime");
        }
        LogLevel::Info => tracing::debug!(category, place, message, "onnx runtime"),
        LogLevel::Warning => tracing::warn!(category, place, message, "onnx runtime"),
        LogLevel::Error | LogLevel::Fatal => tracing::error!(category, place, message, "onnx runtime"),
    }
}
