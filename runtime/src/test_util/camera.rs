//! Cameras that push: ffmpeg sends the sample clip, or another video, to an RTSP server without re-encoding it.

use std::path::PathBuf;

use super::{Launch, Process, folder, require_asset};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    H264,
    H265,
}

/// The sample clip: 795 pictures of 768×576, 10 fps, a key frame each second, no B-frames.
pub fn clip(codec: Codec) -> PathBuf {
    match codec {
        Codec::H264 => require_asset("clips/vtest-h264.mp4"),
        Codec::H265 => require_asset("clips/vtest-h265.mp4"),
    }
}

/// ffmpeg as a camera that publishes to an RTSP server (`ANNOUNCE` and `RECORD`).
#[derive(Debug, Clone)]
pub struct FfmpegCamera {
    /// What it sends.
    pub video: PathBuf,
    /// `rtsp://user:password@host:port/path`.
    pub url: String,
    /// Disconnects after so many pictures. None: repeats the video forever.
    pub frames: Option<u64>,
    /// `tcp` or `udp`.
    pub transport: &'static str,
}

impl FfmpegCamera {
    /// A camera that sends the clip forever, over TCP.
    pub fn new(codec: Codec, url: impl Into<String>) -> Self {
        Self::of(clip(codec), url)
    }

    /// A camera that sends this video forever, over TCP.
    pub fn of(video: PathBuf, url: impl Into<String>) -> Self {
        Self { video, url: url.into(), frames: None, transport: "tcp" }
    }

    /// Disconnects after so many pictures.
    #[must_use]
    pub fn frames(mut self, count: u64) -> Self {
        self.frames = Some(count);
        self
    }

    /// Starts to send, in real time.
    pub fn start(&self) -> Process {
        let limit = self.frames.map(|count| ["-frames:v".to_owned(), count.to_string()]);
        Launch::new("ffmpeg", folder("camera").join("ffmpeg.log"))
            .args(["-hide_banner", "-nostdin", "-nostats", "-loglevel", "warning", "-re", "-stream_loop", "-1", "-i"])
            .args([&self.video])
            .args(["-map", "0:v", "-c", "copy"])
            .args(limit.into_iter().flatten())
            .args(["-f", "rtsp", "-rtsp_transport", self.transport, &self.url])
            .spawn()
    }
}
