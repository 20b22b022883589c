//! Why a connection to a camera ended or could not be opened.

use std::time::Duration;

use vru_media::description::DescriptionError;
use vru_runtime::cameras::LoginError;
use vru_runtime::retry::Retryable;
use vru_runtime::secret::SecretError;

/// A connection that failed. The span of the camera's task holds the camera's id. URLs here are without credentials.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// GStreamer cannot start on this host.
    #[error(transparent)]
    Init(#[from] vru_media::InitError),
    /// `output.pipeline` of the camera names no usable pipeline.
    #[error("cannot use the pipeline in the camera's output settings")]
    Description(#[from] DescriptionError),
    /// This host lacks a GStreamer element.
    #[error("cannot build the camera's pipeline")]
    Launch(#[from] vru_media::LaunchError),
    /// The elements could not be joined or started.
    #[error("cannot build the camera's pipeline: {problem}")]
    Build { problem: String },
    /// Two cameras publish to the same path of the push server.
    #[error("another camera already uses the push path `{path}`; give each camera its own path")]
    PathTaken { path: String },
    /// The password is a reference (`env:` or `file:`) that cannot be resolved.
    #[error("cannot read the camera's password")]
    Credentials(#[from] SecretError),
    #[error("cannot use the camera's credentials")]
    Login(#[from] LoginError),
    #[error("the push camera needs either credentials or allow_anonymous, and not both")]
    PushLogin,
    #[error("no frame from {url} within {after:?}; check that the camera is reachable and sends video")]
    OpenTimedOut { url: String, after: Duration },
    /// Frames came, and then none.
    #[error("{url} has sent no frame for {after:?}; check the camera and its network")]
    Stalled { url: String, after: Duration },
    #[error("{url} offers no H.264 or H.265 video; change the camera's codec or URL")]
    NoVideo { url: String },
    #[error("{url} refuses the credentials ({problem}); check the camera's user name and password")]
    Unauthorized { url: String, problem: String },
    /// `problem` is GStreamer's text.
    #[error("cannot receive from {url}: {problem}")]
    Stream { url: String, problem: String },
    #[error("{url} ended the stream")]
    Ended { url: String },
    #[error("cannot open video file {path}")]
    File {
        path: String,
        #[source]
        source: std::io::Error,
    },
    /// The file is no video, or a damaged one. `frame` frames were read before; `problem` is GStreamer's text.
    #[error("cannot read video file {path} at frame {frame}: {problem}")]
    Decode { path: String, frame: u64, problem: String },
    /// Kafka refused a frame of a file.
    #[error("cannot publish frame {sequence} of the file")]
    Publish {
        sequence: u64,
        #[source]
        source: Box<crate::publisher::PublishError>,
    },
    /// Kafka did not answer how far the file has been published.
    #[error("cannot find out how much of the file is on Kafka already")]
    Resume(#[source] Box<crate::publisher::PublishError>),
}

impl SourceError {
    /// The value of the metric label `kind`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Init(_) | Self::Description(_) | Self::Launch(_) | Self::Build { .. } | Self::PathTaken { .. } => {
                "pipeline"
            }
            Self::Credentials(_) | Self::Login(_) | Self::PushLogin => "credentials",
            Self::OpenTimedOut { .. } => "open_timeout",
            Self::Stalled { .. } => "stall",
            Self::NoVideo { .. } => "no_video",
            Self::Unauthorized { .. } => "unauthorized",
            Self::Stream { .. } => "stream",
            Self::Ended { .. } => "ended",
            Self::File { .. } => "file",
            Self::Decode { .. } => "decode",
            Self::Publish { .. } | Self::Resume(_) => "publish",
        }
    }
}

impl Retryable for SourceError {
    /// Every error is retried, because the camera, its network or this host may change. Errors that are not retryable need a
    /// person and are retried at the slowest pace only. Cameras also lock out clients that try wrong passwords quickly.
    fn is_retryable(&self) -> bool {
        let pipeline = matches!(self, Self::Init(_) | Self::Description(_) | Self::Launch(_));
        !pipeline
            && !matches!(self, Self::Credentials(_) | Self::Login(_) | Self::PushLogin | Self::Unauthorized { .. })
    }
}
