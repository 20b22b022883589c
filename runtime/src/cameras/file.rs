//! Cameras in a TOML file, read again when it changes.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use vru_proto::{CameraId, v1, validate};

use super::schema::{Camera, CameraFile};
use super::{CameraEvent, Follow, REFUSED};
use crate::report::{chain, toml_problem};

/// How often the file is looked at; a change takes effect within 2 s.
const POLL: Duration = Duration::from_millis(500);

/// Why a file of cameras cannot be used. The cameras go on with what was last read.
#[derive(Debug, thiserror::Error)]
pub enum CameraFileError {
    /// It cannot be read.
    #[error("the file of cameras {} cannot be read", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is not such a file.
    #[error("the file of cameras {} is wrong: {}", path.display(), problems.join("; "))]
    Wrong {
        /// Which file.
        path: PathBuf,
        /// Everything that is wrong with it.
        problems: Vec<String>,
    },
}

impl CameraFileError {
    /// Each mistake by itself.
    fn problems(&self) -> Vec<String> {
        match self {
            Self::Read { .. } => vec![chain(self).to_string()],
            Self::Wrong { problems, .. } => problems.clone(),
        }
    }
}

/// Parses and validates a whole file of cameras; the error lists every mistake in it. Only where the text is no TOML at all the
/// first ends the search.
pub fn parse(path: &Path) -> Result<Vec<(CameraId, v1::CameraConfig)>, CameraFileError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| CameraFileError::Read { path: path.to_owned(), source })?;
    parse_text(path, &text)
}

/// As [`parse`], with the file's text at hand.
pub fn parse_text(path: &Path, text: &str) -> Result<Vec<(CameraId, v1::CameraConfig)>, CameraFileError> {
    let wrong = |problems: Vec<String>| CameraFileError::Wrong { path: path.to_owned(), problems };
    let file: CameraFile = toml::from_str(text).map_err(|error| wrong(vec![toml_problem(text, &error)]))?;
    let mut problems = Vec::new();
    let mut seen = HashSet::new();
    let mut cameras = Vec::new();
    for (number, given) in file.cameras.into_iter().enumerate() {
        // What has no name yet is named by its place.
        let name =
            given.get("id").and_then(toml::Value::as_str).map_or(format!("{}", number + 1), |id| format!("`{id}`"));
        match camera(given) {
            Ok((id, _)) if !seen.insert(id.clone()) => problems.push(format!("camera {name} is there twice")),
            Ok(camera) => cameras.push(camera),
            Err(problem) => problems.push(format!("camera {name}: {problem}")),
        }
    }
    if problems.is_empty() { Ok(cameras) } else { Err(wrong(problems)) }
}

fn camera(given: toml::Value) -> Result<(CameraId, v1::CameraConfig), String> {
    let camera: Camera = given.try_into().map_err(|error| toml_problem("", &error))?;
    let config = camera.config()?;
    let id = validate::camera(&config).map_err(|error| error.to_string())?;
    Ok((id, config))
}

pub(super) async fn follow(path: PathBuf, mut follow: Follow) {
    let mut seen = None;
    loop {
        let now = stamp(&path);
        if seen != Some(now) {
            seen = Some(now);
            if !read(&path, &mut follow).await {
                return;
            }
        }
        tokio::select! {
            () = follow.stop.cancelled() => return,
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

/// Changes when the file does; editors replace files, so the inode counts too.
fn stamp(path: &Path) -> Option<(std::time::SystemTime, u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len(), metadata.ino()))
}

/// False when nobody listens any more.
async fn read(path: &Path, follow: &mut Follow) -> bool {
    let cameras = match parse(path) {
        Ok(cameras) => cameras,
        Err(error) => {
            let problems = error.problems();
            REFUSED.with_label_values(&["file"]).inc();
            for problem in &problems {
                tracing::error!(file = %path.display(), problem, "mistake in the file of cameras");
            }
            tracing::error!(file = %path.display(), mistakes = problems.len(), "the cameras stay as they were");
            if follow.known.cameras.is_empty() {
                follow.ready.not_ready(chain(&error).to_string());
            }
            return follow.send(None).await;
        }
    };
    let kept = cameras.iter().map(|(id, _)| id.clone()).collect();
    let mut events = follow.known.retain(&kept);
    events.extend(cameras.into_iter().filter_map(|(id, config)| follow.known.upsert(0, id, config)));
    events.push(CameraEvent::Settled);
    for event in events {
        if !follow.send(Some(event)).await {
            return false;
        }
    }
    follow.ready.ready();
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_cameras_zones_and_rules() {
        let cameras = parse_text(
            Path::new("cameras.toml"),
            "[[cameras]]\nid = 'crossing'\npull = { url = 'rtsp://10.0.0.5/stream', username = 'u', password = 'env:P' }\n\
             output = { encoding = 'passthrough', max_fps = 5.0 }\n\
             zones = [{ id = 'z', polygon = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]] }]\n\
             rules = [{ id = 'r', severity = 'critical', zone_presence = { zone = 'z', min_frames = 5, classes = ['cyclist'] } }]\n",
        )
        .unwrap();
        let (id, config) = &cameras[0];
        assert_eq!(id.as_str(), "crossing");
        assert!(config.enabled);
        assert_eq!(config.output.as_ref().unwrap().encoding(), v1::Encoding::H264);
        assert_eq!(config.rules[0].severity(), v1::Severity::Critical);
    }

    #[test]
    fn every_mistake_is_listed() {
        let text = "[[cameras]]\nid = 'a'\npush = {}\nfps = 1\n[[cameras]]\nid = 'b'\n[[cameras]]\nid = 'c'\npush = {}\n\
                    [[cameras]]\nid = 'c'\npull = { url = 'rtsp://h/x' }";
        let error = parse_text(Path::new("cameras.toml"), text).unwrap_err();
        assert_eq!(error.problems().len(), 3, "{error}");
        for (camera, what) in [("`a`", "fps"), ("`b`", "exactly one"), ("`c`", "twice")] {
            let listed = error.problems().iter().any(|problem| problem.contains(camera) && problem.contains(what));
            assert!(listed, "{camera} {what}: {error}");
        }
    }

    #[test]
    fn mistakes_name_the_camera() {
        for (text, wanted) in [
            ("[[cameras]]\nid = 'a'", "exactly one"),
            ("[[cameras]]\nid = 'a/b'\npush = {}", "a/b"),
            ("[[cameras]]\nid = 'a'\npush = {}\n[[cameras]]\nid = 'a'\npush = {}", "twice"),
            ("[[cameras]]\nid = 'a'\npush = {}\nrules = [{ id = 'r', zone_presence = { zone = 'z' } }]", "no zone"),
            ("[[cameras]]\nid = 'a'\npush = {}\nfps = 1", "fps"),
            ("[[cameras]]\npush = {}", "camera 1"),
        ] {
            let error = parse_text(Path::new("cameras.toml"), text).unwrap_err().to_string();
            assert!(error.contains(wanted), "`{error}` does not say `{wanted}`");
        }
    }
}
