//! What the demo's cameras send.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use vru_runtime::assets;

use super::cameras::Planned;
use crate::data::DataFolder;
use crate::embedded::clip::Clip;
use crate::embedded::process::Program;

const CONVERT_DEADLINE: Duration = Duration::from_hours(1);

/// The clips, by codec.
#[derive(Debug)]
pub(super) struct Clips {
    h264: (PathBuf, Clip),
    /// Another encoding of the same, where some camera sends it.
    h265: Option<(PathBuf, Clip)>,
}

impl Clips {
    fn entry(&self, camera: &Planned) -> &(PathBuf, Clip) {
        self.h265.as_ref().filter(|_| camera.h265).unwrap_or(&self.h264)
    }

    /// What a camera sends.
    pub(super) fn of(&self, camera: &Planned) -> &Clip {
        &self.entry(camera).1
    }

    /// The file that it sends.
    pub(super) fn path_of(&self, camera: &Planned) -> PathBuf {
        self.entry(camera).0.clone()
    }

    /// In words.
    pub(super) fn about(&self) -> String {
        let (path, clip) = &self.h264;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let rate = 1.0 / clip.interval.as_secs_f64().max(1e-9);
        format!("{name}, {} pictures, {rate:.0} a second", clip.units.len())
    }
}

/// Reads the clips that the cameras send, converting a foreign one if need be.
pub(super) async fn load(source: Option<&Path>, plan: &[Planned], data: &DataFolder) -> anyhow::Result<Clips> {
    let wants_h265 = plan.iter().any(|camera| camera.h265);
    let converted = data.join("source.mp4");
    let log = data.join("ffmpeg-convert.log");
    let source = source.map(Path::to_owned);
    let loading = tokio::task::spawn_blocking(move || -> anyhow::Result<Clips> {
        let Some(source) = source else {
            let read = |name: &str| -> anyhow::Result<_> {
                let path = assets::require(name)?;
                let clip = Clip::read(&path)?;
                Ok((path, clip))
            };
            let h265 = wants_h265.then(|| read("clips/vtest-h265.mp4")).transpose()?;
            return Ok(Clips { h264: read("clips/vtest-h264.mp4")?, h265 });
        };
        let source = source.canonicalize().with_context(|| format!("find {}", source.display()))?;
        let (path, clip) = match Clip::read(&source) {
            Ok(clip) => (source, clip),
            Err(error) => {
                tracing::info!(%error, "the source is converted");
                convert(&source, &converted, log)?;
                let clip = Clip::read(&converted)?;
                (converted, clip)
            }
        };
        Ok(Clips { h264: (path, clip), h265: None })
    });
    loading.await.context("read the clip")?
}

/// To what a camera sends: no pictures out of order, a key frame each second or so.
fn convert(source: &Path, to: &Path, log: PathBuf) -> anyhow::Result<()> {
    let program = Program::new("ffmpeg", log)
        .args(["-nostdin", "-y", "-loglevel", "error", "-i"])
        .args([source])
        .args(["-an", "-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-pix_fmt", "yuv420p"])
        .args(["-g", "25", "-movflags", "+faststart"])
        .args([to]);
    program.run(CONVERT_DEADLINE).with_context(|| format!("convert {}", source.display()))
}
