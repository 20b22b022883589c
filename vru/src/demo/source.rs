//! The clips that the demo's cameras send.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use vru_runtime::assets;

use super::cameras::DemoCamera;
use crate::data::DataFolder;
use crate::embedded::child_process::Program;
use crate::embedded::loop_clip::LoopClip;

const CONVERT_DEADLINE: Duration = Duration::from_hours(1);

/// The clips, by codec.
#[derive(Debug)]
pub(super) struct Clips {
    h264: (PathBuf, LoopClip),
    /// The same clip in H.265, where a camera sends it.
    h265: Option<(PathBuf, LoopClip)>,
}

impl Clips {
    fn entry(&self, camera: &DemoCamera) -> &(PathBuf, LoopClip) {
        self.h265.as_ref().filter(|_| camera.h265).unwrap_or(&self.h264)
    }

    /// The clip that a camera sends.
    pub(super) fn of(&self, camera: &DemoCamera) -> &LoopClip {
        &self.entry(camera).1
    }

    /// The file of that clip.
    pub(super) fn path_of(&self, camera: &DemoCamera) -> PathBuf {
        self.entry(camera).0.clone()
    }

    /// One line for the display.
    pub(super) fn description(&self) -> String {
        let (path, clip) = &self.h264;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let rate = 1.0 / clip.interval.as_secs_f64().max(1e-9);
        format!("{name}, {} pictures, {rate:.0} per second", clip.units.len())
    }
}

/// Reads the sample clip or the file `source`, which is converted to H.264 where it cannot be sent as it is.
pub(super) async fn load(source: Option<&Path>, plan: &[DemoCamera], data: &DataFolder) -> anyhow::Result<Clips> {
    let wants_h265 = plan.iter().any(|camera| camera.h265);
    let converted = data.join("source.mp4");
    let log = data.join("ffmpeg-convert.log");
    let source = source.map(Path::to_owned);
    let loading = tokio::task::spawn_blocking(move || -> anyhow::Result<Clips> {
        let Some(source) = source else {
            let read = |name: &str| -> anyhow::Result<_> {
                let path = assets::require(name)?;
                let clip = LoopClip::read(&path)?;
                Ok((path, clip))
            };
            let h265 = wants_h265.then(|| read("clips/vtest-h265.mp4")).transpose()?;
            return Ok(Clips { h264: read("clips/vtest-h264.mp4")?, h265 });
        };
        let source = source.canonicalize().with_context(|| format!("open the video {}", source.display()))?;
        let (path, clip) = match LoopClip::read(&source) {
            Ok(clip) => (source, clip),
            Err(error) => {
                tracing::info!(%error, "the source video cannot be sent as it is and is converted");
                convert(&source, &converted, log)?;
                let clip = LoopClip::read(&converted)?;
                (converted, clip)
            }
        };
        Ok(Clips { h264: (path, clip), h265: None })
    });
    loading.await.context("read the clip")?
}

/// Converts to what a camera sends: no B-frames, and a key frame every 25 pictures.
fn convert(source: &Path, to: &Path, log: PathBuf) -> anyhow::Result<()> {
    let program = Program::new("ffmpeg", log)
        .args(["-nostdin", "-y", "-loglevel", "error", "-i"])
        .args([source])
        .args(["-an", "-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-pix_fmt", "yuv420p"])
        .args(["-g", "25", "-movflags", "+faststart"])
        .args([to]);
    program.run(CONVERT_DEADLINE).with_context(|| format!("convert {}", source.display()))
}
