//! Why a camera's connection ended, or could not be opened.

use std::time::Duration;

use vru_media::description::DescriptionError;
use vru_runtime::retry::Retryable;
use vru_runtime::secret::SecretError;

/// A connection that failed. The camera's id and session are in the span of its task.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// GStreamer does not start here.
    #[error(transparent)]
    Init(#[from] vru_media::InitError),
    /// The camera names a pipeline that does not exist.
    #[error("choose the pipeline")]
    Description(#[from] DescriptionError),
    /// An element of the pipeline is not on this host.
    #[error("build the pipeline")]
    Launch(#[from] vru_media::LaunchError),
    /// The pipeline could not be put together or started.
    #[error("build the pipeline: {problem}")]
    Build {
        /// What went wrong.
        problem: String,
    },
    /// The credentials are a reference that leads nowhere.
    #[error("read the credentials")]
    Credentials(#[from] SecretError),
    /// Nothing was shown in time after connecting.
    #[error("open {url}: no frame after {after:?}")]
    OpenTimedOut {
        /// Where, without credentials.
        url: String,
        /// The limit.
        after: Duration,
    },
    /// It was open and then gave nothing.
    #[error("stalled: no frame for {after:?}")]
    Stalled {
        /// The limit.
        after: Duration,
    },
    /// There is no video in it that we can read.
    #[error("{url} offers no H.264 or H.265 video")]
    NoVideo {
        /// Where, without credentials.
        url: String,
    },
    /// The camera does not let us in: the credentials are missing, wrong or revoked.
    #[error("{url} refuses the credentials: {problem}")]
    Unauthorized {
        /// Where, without credentials.
        url: String,
        /// What GStreamer says.
        problem: String,
    },
    /// The stream broke.
    #[error("receive from {url}: {problem}")]
    Stream {
        /// Where, without credentials.
        url: String,
        /// What GStreamer says.
        problem: String,
    },
    /// The camera ended the stream.
    #[error("{url} ended the stream")]
    Ended {
        /// Where, without credentials.
        url: String,
    },
    /// The file cannot be read.
    #[error("open {path}")]
    File {
        /// Which.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is no video, or a broken one.
    #[error("read {path} at frame {frame}: {problem}")]
    Decode {
        /// Which.
        path: String,
        /// How many frames were read before.
        frame: u64,
        /// What GStreamer says.
        problem: String,
    },
    /// Kafka refused a frame of a file.
    #[error("publish frame {sequence}")]
    Publish {
        /// Which.
        sequence: u64,
        /// Why.
        #[source]
        source: Box<crate::publisher::PublishError>,
    },
}

impl SourceError {
    /// A short name for the metric.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Init(_) | Self::Description(_) | Self::Launch(_) | Self::Build { .. } => "pipeline",
            Self::Credentials(_) => "credentials",
            Self::OpenTimedOut { .. } => "open_timeout",
            Self::Stalled { .. } => "stall",
            Self::NoVideo { .. } => "no_video",
            Self::Unauthorized { .. } => "unauthorized",
            Self::Stream { .. } => "stream",
            Self::Ended { .. } => "ended",
            Self::File { .. } => "file",
            Self::Decode { .. } => "decode",
            Self::Publish { .. } => "publish",
        }
    }
}

impl Retryable for SourceError {
    /// A camera is always tried again, as its network, its settings or this host may change; these errors need a person,
    /// and are tried at the slowest pace only. Cameras also lock out who tries wrong passwords quickly.
    fn is_retryable(&self) -> bool {
        let pipeline = matches!(self, Self::Init(_) | Self::Description(_) | Self::Launch(_));
        !pipeline && !matches!(self, Self::Credentials(_) | Self::Unauthorized { .. })
    }
}
