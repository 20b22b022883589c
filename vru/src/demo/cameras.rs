//! The demo's cameras, and the file that configures them for the services.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use anyhow::Context as _;
use vru_runtime::secret::Secret;

use crate::config::UpConfig;
use crate::data::DataFolder;
use crate::embedded::push_camera::PushCamera;
use crate::embedded::random_secret;
use crate::embedded::rtsp_cameras::RtspCameras;

/// Pictures between the start positions of two cameras in the clip, so that they show different scenes.
const START_DISTANCE: usize = 260;
const PUSH_USER: &str = "vru";

/// One camera of the demo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DemoCamera {
    pub(super) id: String,
    /// The camera connects to ingest; ingest connects to the others.
    pub(super) pushes: bool,
    /// The camera sends H.265; the others send H.264.
    pub(super) h265: bool,
    /// Index of the picture of the clip to begin with.
    pub(super) first: usize,
}

/// The first camera is pulled, the second pushes, the third sends H.265, and so on.
pub(super) fn plan(count: u16) -> Vec<DemoCamera> {
    let camera = |index: usize| DemoCamera {
        id: format!("cam-{}", index + 1),
        pushes: index == 1,
        h265: index % 3 == 2,
        // ffmpeg pushes the clip from its beginning.
        first: if index == 1 { 0 } else { (index + 1) * START_DISTANCE },
    };
    (0..usize::from(count)).map(camera).collect()
}

/// Zones where people walk in the sample clip, and one for any other video; corners as fractions of the picture.
const CROSSING: &str = "[[0.555, 0.385], [0.835, 0.345], [0.96, 0.565], [0.80, 0.70], [0.565, 0.565]]";
const PATH: &str = "[[0.02, 0.375], [0.53, 0.38], [0.545, 0.57], [0.46, 0.55], [0.02, 0.42]]";
const MIDDLE: &str = "[[0.25, 0.4], [0.75, 0.4], [0.85, 0.95], [0.15, 0.95]]";

/// Lines across the ways that people take through these zones.
const CROSSING_LINE: &str = "[[0.70, 0.33], [0.70, 0.72]]";
const PATH_LINE: &str = "[[0.30, 0.34], [0.30, 0.56]]";
const MIDDLE_LINE: &str = "[[0.5, 0.3], [0.5, 1.0]]";
/// Longer than it takes to walk through a zone of the sample clip.
const DWELL_SECONDS: u32 = 8;

/// Writes the cameras file. Returns the password of the cameras that push.
pub(super) fn write_file(
    config: &UpConfig,
    plan: &[DemoCamera],
    senders: &RtspCameras,
    sample: bool,
) -> anyhow::Result<Secret> {
    let push_password = Secret::new(random_secret());
    let mut text = String::from("# The demo's cameras. A change here takes effect within two seconds.\n");
    for camera in plan {
        camera.write(&mut text, senders, &push_password, sample);
    }
    let path = &config.cameras.file;
    // It holds passwords, and `mode` applies only to a new file.
    if path.exists() {
        fs::remove_file(path).with_context(|| format!("replace {}", path.display()))?;
    }
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).with_context(|| format!("write {}", path.display()))?;
    Ok(push_password)
}

impl DemoCamera {
    fn write(&self, text: &mut String, senders: &RtspCameras, push_password: &Secret, sample: bool) {
        let codec = if self.h265 && sample { "H.265" } else { "H.264" };
        let way = if self.pushes { "pushed" } else { "pulled" };
        let (zone, name, polygon, severity) = match (sample, self.pushes) {
            (true, false) => ("crossing", "Crossing", CROSSING, "warning"),
            (true, true) => ("path", "Footpath", PATH, "info"),
            (false, _) => ("middle", "Middle", MIDDLE, "warning"),
        };
        let source = if self.pushes {
            format!(
                "push = {{ path = '{}', username = '{PUSH_USER}', password = '{}' }}",
                self.id,
                push_password.expose()
            )
        } else {
            let (url, user, password) = senders.address(&self.id);
            format!("pull = {{ url = '{url}', username = '{user}', password = '{}' }}", password.expose())
        };
        let line = match (sample, self.pushes) {
            (true, false) => CROSSING_LINE,
            (true, true) => PATH_LINE,
            (false, _) => MIDDLE_LINE,
        };
        let written = write!(
            text,
            "\n[[cameras]]\nid = '{id}'\nname = '{id}, {codec}, {way}'\n{source}\n\
             zones = [{{ id = '{zone}', name = '{name}', polygon = {polygon} }}]\n\
             lines = [{{ id = '{zone}-line', name = 'Line', points = {line} }}]\n\
             rules = [\n  \
             {{ id = '{zone}-occupied', severity = '{severity}', zone_presence = {{ zone = '{zone}', min_seconds = 0.4 }} }},\n  \
             {{ id = '{zone}-long', severity = 'warning', dwell = {{ zone = '{zone}', seconds = {DWELL_SECONDS} }} }},\n  \
             {{ id = '{zone}-count', line_crossing = {{ line = '{zone}-line' }} }},\n]\n",
            id = self.id,
        );
        written.expect("writing to a string does not fail");
    }
}

/// The process of a camera that pushes.
pub(super) fn pusher(
    camera: &DemoCamera,
    config: &UpConfig,
    password: &Secret,
    clip: PathBuf,
    data: &DataFolder,
) -> PushCamera {
    let url = format!("rtsp://{PUSH_USER}:{}@{}/{}", password.expose(), config.push.listen, camera.id);
    PushCamera { clip, url, log: data.join(&format!("{}-ffmpeg.log", camera.id)) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use vru_proto::v1::camera_config::Source;
    use vru_runtime::cameras::parse_file;

    use super::*;

    #[test]
    fn the_cameras_file_is_valid() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = UpConfig::default();
        config.cameras.file = folder.path().join("cameras.toml");
        let senders = RtspCameras::start(&BTreeMap::new()).unwrap();
        let plan = plan(4);
        for sample in [true, false, true] {
            write_file(&config, &plan, &senders, sample).unwrap();
            let cameras = parse_file(&config.cameras.file).unwrap();
            assert_eq!(cameras.len(), 4);
            for ((id, config), planned) in cameras.iter().zip(&plan) {
                assert_eq!(id.as_str(), planned.id);
                assert_eq!(matches!(config.source, Some(Source::Push(_))), planned.pushes);
                assert_eq!((config.zones.len(), config.lines.len(), config.rules.len()), (1, 1, 3));
            }
        }
    }

    #[test]
    fn the_second_camera_pushes_and_the_third_sends_h265() {
        let plan = plan(3);
        assert_eq!(plan.iter().map(|camera| camera.pushes).collect::<Vec<_>>(), [false, true, false]);
        assert_eq!(plan.iter().map(|camera| camera.h265).collect::<Vec<_>>(), [false, false, true]);
        assert!(super::plan(1).iter().all(|camera| !camera.pushes));
    }
}
