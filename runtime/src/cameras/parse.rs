//! Parses and validates a cameras file.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use vru_proto::{CameraId, v1, validate};

use super::schema::{CameraFile, CameraSettings};
use crate::report::{chain, toml_problem};

/// Why a cameras file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CameraFileError {
    #[error("cannot read the cameras file {}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the cameras file {} has mistakes: {}", path.display(), problems.join("; "))]
    Invalid {
        path: PathBuf,
        /// Every mistake in the file, one text each.
        problems: Vec<String>,
    },
}

impl CameraFileError {
    /// One text for each mistake.
    pub(super) fn problems(&self) -> Vec<String> {
        match self {
            Self::Read { .. } => vec![chain(self).to_string()],
            Self::Invalid { problems, .. } => problems.clone(),
        }
    }
}

/// Reads, parses and validates a cameras file. The error lists every mistake, except in a text that is not TOML: there the first
/// mistake ends the parsing.
pub fn parse(path: &Path) -> Result<Vec<(CameraId, v1::CameraConfig)>, CameraFileError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| CameraFileError::Read { path: path.to_owned(), source })?;
    parse_text(path, &text)
}

/// Like [`parse`], for the analysis of pictures that come from elsewhere: the sources of the cameras are not used, and may be missing or
/// unfit.
pub fn parse_views(path: &Path) -> Result<Vec<(CameraId, v1::CameraConfig)>, CameraFileError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| CameraFileError::Read { path: path.to_owned(), source })?;
    parse_with(path, &text, |camera| {
        let config = camera.view()?;
        validate::view(&config).map(|id| (id, config)).map_err(|error| error.to_string())
    })
}

/// Like [`parse`], on a text that is already read; `path` is only for the error.
pub fn parse_text(path: &Path, text: &str) -> Result<Vec<(CameraId, v1::CameraConfig)>, CameraFileError> {
    parse_with(path, text, |camera| {
        // It would have no effect.
        if camera.location().is_some() {
            return Err("`location` is for cameras that are added by the API".to_owned());
        }
        let config = camera.config()?;
        validate::camera(&config).map(|id| (id, config)).map_err(|error| error.to_string())
    })
}

fn parse_with(
    path: &Path,
    text: &str,
    read: impl Fn(CameraSettings) -> Result<(CameraId, v1::CameraConfig), String>,
) -> Result<Vec<(CameraId, v1::CameraConfig)>, CameraFileError> {
    let invalid = |problems: Vec<String>| CameraFileError::Invalid { path: path.to_owned(), problems };
    let file: CameraFile = toml::from_str(text).map_err(|error| invalid(vec![toml_problem(text, &error)]))?;
    let mut problems = Vec::new();
    let mut seen = HashSet::new();
    let mut cameras = Vec::new();
    for (index, entry) in file.cameras.into_iter().enumerate() {
        // A camera without an id is named by its position in the file.
        let name =
            entry.get("id").and_then(toml::Value::as_str).map_or(format!("{}", index + 1), |id| format!("`{id}`"));
        match entry.try_into().map_err(|error| toml_problem("", &error)).and_then(&read) {
            Ok((id, _)) if !seen.insert(id.clone()) => problems.push(format!("camera {name} is defined twice")),
            Ok(camera) => cameras.push(camera),
            Err(problem) => problems.push(format!("camera {name}: {problem}")),
        }
    }
    if problems.is_empty() { Ok(cameras) } else { Err(invalid(problems)) }
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

    /// A rule without a severity is the same rule on the topic: `camera.proto` names the default, INFO.
    #[test]
    fn a_rule_without_a_severity_is_info() {
        let text = "[[cameras]]\nid = 'a'\npush = { allow_anonymous = true }\n\
                    zones = [{ id = 'z', polygon = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]] }]\n\
                    rules = [{ id = 'r', zone_presence = { zone = 'z' } }]\n";
        let cameras = parse_text(Path::new("cameras.toml"), text).unwrap();
        assert_eq!(cameras[0].1.rules[0].severity(), v1::Severity::Info);
    }

    #[test]
    fn every_mistake_is_listed() {
        let text = "[[cameras]]\nid = 'a'\npush = { allow_anonymous = true }\nfps = 1\n[[cameras]]\nid = 'b'\n[[cameras]]\nid = 'c'\npush = { allow_anonymous = true }\n\
                    [[cameras]]\nid = 'c'\npull = { url = 'rtsp://h/x' }";
        let error = parse_text(Path::new("cameras.toml"), text).unwrap_err();
        assert_eq!(error.problems().len(), 3, "{error}");
        for (camera, what) in [("`a`", "fps"), ("`b`", "exactly one"), ("`c`", "twice")] {
            let listed = error.problems().iter().any(|problem| problem.contains(camera) && problem.contains(what));
            assert!(listed, "{camera} {what}: {error}");
        }
    }

    #[test]
    fn a_source_that_nobody_can_use_or_everybody_could_use_is_a_mistake() {
        for (source, wanted) in [
            ("push = {}", "are missing"),
            ("push = { password = 'env:P' }", "username"),
            ("push = { username = 'u' }", "password"),
            ("push = { username = '', password = '' }", "username"),
            ("push = { username = 'u', password = '' }", "password"),
            ("push = { username = 'u', password = 'file:' }", "without a name"),
            ("push = { username = 'u', password = 'p', allow_anonymous = true }", "together"),
            ("push = { password = '', allow_anonymous = true }", "username"),
            ("push = { allow_anonymous = true, path = '/door' }", "slash"),
            ("push = { allow_anonymous = true, path = 'a//b' }", "slash"),
            ("push = { allow_anonymous = true, path = 'a%20b' }", "%"),
            ("push = { allow_anonymous = true, path = 'a/../b' }", ".."),
            ("pull = { url = 'rtsp://h/x', password = 'p' }", "username"),
            ("pull = { url = 'rtsp://h/x', username = 'u' }", "password"),
            ("pull = { url = 'rtsp://h/x', username = 'u', password = 'env:' }", "without a name"),
        ] {
            let text = format!("[[cameras]]\nid = 'a'\n{source}");
            let error = parse_text(Path::new("cameras.toml"), &text).unwrap_err().to_string();
            assert!(error.contains(wanted) && error.contains("`a`"), "{source}: `{error}` does not say `{wanted}`");
        }
        for source in ["push = { allow_anonymous = true }", "push = { username = 'u', password = 'env:P' }"] {
            parse_text(Path::new("cameras.toml"), &format!("[[cameras]]\nid = 'a'\n{source}")).unwrap();
        }
    }

    #[test]
    fn a_camera_of_an_analysis_needs_no_source_and_its_zones_are_checked() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cameras.toml");
        let camera = |source: &str, corner: &str| {
            let zone = format!("zones = [{{ id = 'z', polygon = [[0, 0], [1, 0], {corner}] }}]");
            std::fs::write(&file, format!("[[cameras]]\nid = 'a'\n{source}\n{zone}")).unwrap();
            parse_views(&file)
        };
        for source in ["", "push = {}", "pull = { url = '' }"] {
            assert_eq!(camera(source, "[1, 1]").unwrap()[0].1.zones.len(), 1, "{source}");
            let error = camera(source, "[0.5, 0]").unwrap_err().to_string();
            assert!(error.contains("no area") && error.contains("`a`"), "{error}");
        }
        assert!(camera("pusch = {}", "[1, 1]").is_err());
    }

    #[test]
    fn each_mistake_names_its_camera() {
        for (text, wanted) in [
            ("[[cameras]]\nid = 'a'", "exactly one"),
            ("[[cameras]]\nid = 'a/b'\npush = { allow_anonymous = true }", "a/b"),
            (
                "[[cameras]]\nid = 'a'\npush = { allow_anonymous = true }\n[[cameras]]\nid = 'a'\npush = { allow_anonymous = true }",
                "twice",
            ),
            (
                "[[cameras]]\nid = 'a'\npush = { allow_anonymous = true }\nrules = [{ id = 'r', zone_presence = { zone = 'z' } }]",
                "a zone that does not exist",
            ),
            ("[[cameras]]\nid = 'a'\npush = { allow_anonymous = true }\nfps = 1", "fps"),
            (
                "[[cameras]]\nid = 'a'\npush = { allow_anonymous = true }\nlocation = { latitude = 1.0, longitude = 2.0 }",
                "added by the API",
            ),
            ("[[cameras]]\npush = { allow_anonymous = true }", "camera 1"),
        ] {
            let error = parse_text(Path::new("cameras.toml"), text).unwrap_err().to_string();
            assert!(error.contains(wanted), "`{error}` does not say `{wanted}`");
        }
    }
}
