//! The demo's cameras.

use std::path::PathBuf;

use serde_json::json;
use vru_runtime::secret::Secret;

use super::site::WantedCamera;
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
const CROSSING: &[[f64; 2]] = &[[0.555, 0.385], [0.835, 0.345], [0.96, 0.565], [0.80, 0.70], [0.565, 0.565]];
const PATH: &[[f64; 2]] = &[[0.02, 0.375], [0.53, 0.38], [0.545, 0.57], [0.46, 0.55], [0.02, 0.42]];
const MIDDLE: &[[f64; 2]] = &[[0.25, 0.4], [0.75, 0.4], [0.85, 0.95], [0.15, 0.95]];

/// Lines across the ways that people take through these zones.
const CROSSING_LINE: &[[f64; 2]] = &[[0.70, 0.33], [0.70, 0.72]];
const PATH_LINE: &[[f64; 2]] = &[[0.30, 0.34], [0.30, 0.56]];
const MIDDLE_LINE: &[[f64; 2]] = &[[0.5, 0.3], [0.5, 1.0]];
/// Longer than it takes to walk through a zone of the sample clip.
const DWELL_SECONDS: u32 = 8;

/// The cameras as people would add them, and the password of those that push.
pub(super) fn wanted(plan: &[DemoCamera], senders: &RtspCameras, sample: bool) -> (Vec<WantedCamera>, Secret) {
    let push_password = Secret::new(random_secret());
    let cameras = plan.iter().map(|camera| camera.wanted(senders, &push_password, sample)).collect();
    (cameras, push_password)
}

impl DemoCamera {
    fn wanted(&self, senders: &RtspCameras, push_password: &Secret, sample: bool) -> WantedCamera {
        let codec = if self.h265 && sample { "H.265" } else { "H.264" };
        let way = if self.pushes { "pushed" } else { "pulled" };
        let (zone, name, severity) = match (sample, self.pushes) {
            (true, false) => ("crossing", "Crossing", "warning"),
            (true, true) => ("path", "Footpath", "info"),
            (false, _) => ("middle", "Middle", "warning"),
        };
        let (polygon, points) = match zone {
            "crossing" => (CROSSING, CROSSING_LINE),
            "path" => (PATH, PATH_LINE),
            _ => (MIDDLE, MIDDLE_LINE),
        };
        let mut settings = json!({
            "name": format!("{name} ({}, {codec}, {way})", self.id),
            "zones": [{ "id": zone, "name": name, "polygon": polygon }],
            "lines": [{ "id": format!("{zone}-line"), "name": format!("{name} line"), "points": points }],
            "rules": [
                { "id": format!("{zone}-occupied"), "severity": severity, "zone_presence": { "zone": zone, "min_seconds": 0.4 } },
                { "id": format!("{zone}-long"), "severity": "warning", "dwell": { "zone": zone, "seconds": DWELL_SECONDS } },
                { "id": format!("{zone}-count"), "line_crossing": { "line": format!("{zone}-line") } },
            ],
        });
        let (username, password) = if self.pushes {
            settings["push"] = json!({ "path": self.id });
            (PUSH_USER, push_password.clone())
        } else {
            let (url, username, password) = senders.address(&self.id);
            settings["pull"] = json!({ "url": url });
            (username, password)
        };
        WantedCamera { id: self.id.clone(), settings, username: username.to_owned(), password }
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

    use vru_proto::v1::Credentials;
    use vru_runtime::cameras::CameraSettings;

    use super::*;

    #[test]
    fn the_settings_are_valid() {
        let senders = RtspCameras::start(&BTreeMap::new()).unwrap();
        for sample in [true, false] {
            let plan = plan(4);
            let (cameras, _) = wanted(&plan, &senders, sample);
            for (camera, planned) in cameras.iter().zip(&plan) {
                assert_eq!(camera.id, planned.id);
                let settings: CameraSettings = serde_json::from_value(camera.settings.clone()).unwrap();
                let (username, password) = (camera.username.clone(), camera.password.expose().to_owned());
                let config = settings.message(&camera.id, Some(Credentials { username, password })).unwrap();
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
