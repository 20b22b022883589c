//! A 1080p30 RTSP camera.

use std::path::PathBuf;
use std::process::Command;

use gstreamer_rtsp_server::RTSPMediaFactory;
use gstreamer_rtsp_server::prelude::*;
use vru_runtime::test_util::require_asset;

use crate::results;
use crate::rtsp::RtspServer;

/// Sends the enlarged sample clip to each client from the beginning, for about five minutes.
#[derive(Debug)]
pub struct BenchCamera(RtspServer);

impl BenchCamera {
    pub fn start() -> Self {
        gstreamer::init().expect("GStreamer is installed");
        let factory = RTSPMediaFactory::new();
        factory.set_launch(&format!(
            "( filesrc location=\"{}\" ! qtdemux ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1 )",
            recording().display()
        ));
        Self(RtspServer::start([("live", factory)]))
    }

    pub fn url(&self) -> String {
        self.0.url("live")
    }
}

/// The sample clip, enlarged and three times as fast: 1080p, 30 frames per second, a key frame each second, at most 4 Mbit/s.
fn recording() -> PathBuf {
    let folder = results().join("inputs");
    let (once, long) = (folder.join("1080p30-once.mp4"), folder.join("1080p30.mp4"));
    if !long.exists() {
        std::fs::create_dir_all(&folder).expect("target can be written");
        ffmpeg(|command| {
            command.args(["-r", "30", "-i"]).arg(require_asset("clips/vtest.avi"));
            command.args(["-vf", "scale=1920:1080", "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "veryfast"]);
            command.args(["-profile:v", "main", "-g", "30", "-bf", "0", "-maxrate", "4M", "-bufsize", "4M"]).arg(&once)
        });
        ffmpeg(|command| command.args(["-stream_loop", "11", "-i"]).arg(&once).args(["-c", "copy"]).arg(&long));
    }
    long
}

pub(crate) fn ffmpeg(args: impl FnOnce(&mut Command) -> &mut Command) {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-y"]);
    let status = args(&mut command).status().expect("ffmpeg is installed");
    assert!(status.success(), "ffmpeg failed");
}
