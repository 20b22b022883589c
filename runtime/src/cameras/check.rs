//! What a camera of the cameras file names: secrets, certificates and video files.

use std::path::Path;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use vru_proto::v1;
use vru_proto::v1::camera_config::Source;
use vru_proto::v1::camera_tls::Verify;

use super::config::CamerasConfig;
use super::references::References;
use crate::config::Problems;
use crate::report::chain;

/// For `--check-config`: adds what the cameras of the file name and the start would miss. What is wrong with the file itself is found
/// when the configuration is validated.
pub fn check_file(config: &CamerasConfig, problems: &mut Problems) {
    let references = References::new(config);
    for (id, camera) in config.cameras().unwrap_or_default() {
        if camera.enabled {
            for problem in problems_of(&camera, &references) {
                problems.at("cameras.file", format!("{}: camera `{id}`: {problem}", config.file.display()));
            }
        }
    }
}

/// One text for each thing that the camera could not be started with.
fn problems_of(camera: &v1::CameraConfig, references: &References) -> Vec<String> {
    let mut problems = Vec::new();
    let credentials = match &camera.source {
        Some(Source::Pull(pull)) => {
            if let Some(Verify::CaFile(path)) = pull.tls.as_ref().and_then(|tls| tls.verify.as_ref()) {
                problems.extend(certificates(references, path).err());
            }
            pull.credentials.as_ref()
        }
        Some(Source::Push(push)) => push.credentials.as_ref(),
        Some(Source::File(file)) => {
            // Whether an object exists is known when it is read.
            if file.object.is_empty() {
                problems.extend(video_file(Path::new(&file.path)).err());
            }
            None
        }
        None => None,
    };
    if let Some(Err(error)) = credentials.map(|credentials| references.login_blocking(credentials)) {
        problems.push(chain(&error).to_string());
    }
    problems
}

fn certificates(references: &References, path: &str) -> Result<(), String> {
    let wrong = |problem: String| format!("tls.ca_file {path}: {problem}");
    let text = references.file(path).map_err(|error| wrong(error.to_string()))?;
    let mut found = 0;
    for certificate in CertificateDer::pem_slice_iter(text.as_bytes()) {
        certificate.map_err(|error| wrong(error.to_string()))?;
        found += 1;
    }
    if found == 0 { Err(wrong("holds no certificate".to_owned())) } else { Ok(()) }
}

fn video_file(path: &Path) -> Result<(), String> {
    let wrong = |problem: String| format!("file.path {}: {problem}", path.display());
    let file = std::fs::File::open(path).map_err(|error| wrong(error.to_string()))?;
    let metadata = file.metadata().map_err(|error| wrong(error.to_string()))?;
    if metadata.is_file() { Ok(()) } else { Err(wrong("is not a regular file".to_owned())) }
}
