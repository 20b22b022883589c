//! A 1080p30 camera to pull from: an RTSP server in this process, whose work counts on neither side.

use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc;

use gstreamer::glib;
use gstreamer_rtsp_server::prelude::*;
use gstreamer_rtsp_server::{self as rtsp};
use vru_runtime::test_util::require_asset;

use crate::results;

/// Sends people in a street to whoever asks, to each from the beginning, for about five minutes.
#[derive(Debug)]
pub struct Camera {
    port: u16,
    main: glib::MainLoop,
}

impl Camera {
    /// Starts to listen.
    pub fn start() -> Self {
        gstreamer::init().expect("GStreamer is installed");
        let launch = format!(
            "( filesrc location=\"{}\" ! qtdemux ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1 )",
            recording().display()
        );
        let (port_tx, port) = mpsc::sync_channel(1);
        std::thread::spawn(move || {
            let context = glib::MainContext::new();
            let served = context.with_thread_default(|| {
                let main = glib::MainLoop::new(Some(&context), false);
                let server = rtsp::RTSPServer::new();
                server.set_address("127.0.0.1");
                server.set_service("0");
                let factory = rtsp::RTSPMediaFactory::new();
                factory.set_launch(&launch);
                server.mount_points().expect("a server has mount points").add_factory("/live", factory);
                let _source = server.attach(Some(&context)).expect("a loopback port is free");
                port_tx.send((server.bound_port() as u16, main.clone())).expect("the starter waits");
                main.run();
            });
            served.expect("the context is this thread's own");
        });
        let (port, main) = port.recv().expect("the server starts");
        Self { port, main }
    }

    /// Where it is pulled from.
    pub fn url(&self) -> String {
        format!("rtsp://127.0.0.1:{}/live", self.port)
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        self.main.quit();
    }
}

/// The sample clip, enlarged and three times as fast: 1080p at 30 frames a second, a key frame each second, 4 Mbit/s at most.
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

fn ffmpeg(args: impl FnOnce(&mut Command) -> &mut Command) {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-y"]);
    let status = args(&mut command).status().expect("ffmpeg is installed");
    assert!(status.success(), "ffmpeg failed");
}
