//! Why a connection to a camera ended or could not be opened.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use vru_media::description::DescriptionError;
use vru_runtime::cameras::LoginError;
use vru_runtime::retry::Retryable;

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
    /// See [`crate::source::PipelineShutdowns`].
    #[error(
        "{hung} earlier connections to the camera hang while they are closed: the camera is connected again when one of them \
         has ended; restart the camera, or the service"
    )]
    PipelinesHang { hung: usize },
    /// Two cameras publish to the same path of the push server.
    #[error("another camera already uses the push path `{path}`; give each camera its own path")]
    PathTaken { path: String },
    /// The user name or password is empty, or a reference (`env:` or `file:`) that cannot be resolved.
    #[error("cannot use the camera's credentials")]
    Credentials(#[from] LoginError),
    #[error("the camera's URL {problem}")]
    Url { problem: &'static str },
    /// Each camera has one publisher. `peer` is the older one.
    #[error(
        "another publisher of the camera has connected after {peer}, to another pod; if this happens again and again, two devices use the \
         same path and login"
    )]
    Superseded { peer: SocketAddr },
    #[error("the push camera needs either credentials or allow_anonymous, and not both")]
    PushLogin,
    #[error("no frame from {url} within {after:?}; check that the camera is reachable and sends video")]
    OpenTimedOut { url: String, after: Duration },
    /// Frames came, and then none.
    #[error("{url} has sent no frame for {after:?}; check the camera and its network")]
    Stalled { url: String, after: Duration },
    /// Packets were lost, and then neither a key frame nor a recovery point came.
    #[error(
        "{url} has lost packets and sent no key frame for {after:?}, so it is connected again; set a shorter interval of key frames in \
         the camera, or improve its network"
    )]
    NoKeyFrame { url: String, after: Duration },
    #[error("{url} offers no video in H.264, H.265 or JPEG; change the camera's codec or URL")]
    NoVideo { url: String },
    /// `status` answered the one log-in of this connection.
    #[error(
        "{url} refuses the user name or password (it answered {status}); correct them. Further tries come slowly, because cameras lock \
         out whoever tries often"
    )]
    LoginRefused { url: String, status: &'static str },
    #[error("{url} asks for a user name and password, and the camera has none configured; set its credentials")]
    LoginMissing { url: String },
    /// `offered` is what the camera asks for.
    #[error(
        "{url} asks for {}, which the RTSP client does not support; choose Digest (SHA-256 or MD5) or Basic in the camera's settings",
        if offered.is_empty() { "a log-in without naming its method" } else { offered }
    )]
    LoginUnsupported { url: String, offered: String },
    #[error("cannot trust {url}: {problem}; see `tls` of the camera")]
    Tls { url: String, problem: String },
    #[error("cannot receive from {url}: its host name cannot be resolved")]
    Lookup {
        url: String,
        #[source]
        source: io::Error,
    },
    /// Whoever configures cameras does not choose where ingest connects to.
    #[error(
        "{url} is at {address}, a {kind} address, which ingest may not connect to: its operator allows networks with `pull.allowed_networks`, \
         and the addresses of this host, where everything runs on it, with `pull.allow_this_host`"
    )]
    Forbidden { url: String, address: IpAddr, kind: &'static str },
    #[error("cannot receive from {url}: cannot connect")]
    Connect {
        url: String,
        #[source]
        source: io::Error,
    },
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
    /// The operator has configured no bucket.
    #[error("cannot read the object {key}: ingest has no section `s3`, which names the bucket of uploads")]
    NoBucket { key: String },
    #[error("the bucket has no object {key}")]
    ObjectMissing { key: String },
    #[error("cannot read the object {key}")]
    Object {
        key: String,
        #[source]
        source: Box<vru_storage::s3::BucketError>,
    },
    /// The file is no video, or a damaged one. `frame` frames were read before; `problem` is GStreamer's text. `of_the_file`: the file
    /// itself is wrong, and another try would end in the same way.
    #[error("cannot read video file {path} at frame {frame}: {problem}")]
    Decode { path: String, frame: u64, problem: String, of_the_file: bool },
    #[error("video file {path} has no video that can be read; H.264 and H.265 only where the output is passthrough")]
    FileWithoutVideo { path: String },
    /// A camera without a clock writes such dates.
    #[error(
        "video file {path} is dated {date}, which cannot be when it was recorded; set the time of its first frame, {setting}"
    )]
    FileDate { path: String, date: String, setting: &'static str },
    /// Kafka refused a frame of a file.
    #[error("cannot publish frame {sequence} of the file")]
    Publish {
        sequence: u64,
        #[source]
        source: Box<crate::publisher::PublishError>,
    },
    #[error(
        "the topic of frames was deleted and created again; the file goes on behind its last frame on the new topic"
    )]
    TopicRecreated,
    /// The thread that reads the file ended without its last frame.
    #[error("the reader of video file {path} ended before the end of the file")]
    ReaderEnded { path: String },
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
            Self::PipelinesHang { .. } => "hung",
            Self::Credentials(_) | Self::PushLogin => "credentials",
            Self::OpenTimedOut { .. } => "open_timeout",
            Self::Stalled { .. } => "stall",
            Self::NoKeyFrame { .. } => "no_key_frame",
            Self::Superseded { .. } => "superseded",
            Self::NoVideo { .. } | Self::FileWithoutVideo { .. } => "no_video",
            Self::Url { .. } => "url",
            Self::LoginRefused { .. } | Self::LoginMissing { .. } => "unauthorized",
            Self::LoginUnsupported { .. } => "login_method",
            Self::Tls { .. } => "tls",
            Self::Stream { .. } | Self::Lookup { .. } | Self::Connect { .. } => "stream",
            Self::Forbidden { .. } => "forbidden",
            Self::Ended { .. } => "ended",
            Self::File { .. }
            | Self::FileDate { .. }
            | Self::NoBucket { .. }
            | Self::ObjectMissing { .. }
            | Self::Object { .. } => "file",
            Self::Decode { .. } | Self::ReaderEnded { .. } => "decode",
            Self::Publish { .. } | Self::Resume(_) | Self::TopicRecreated => "publish",
        }
    }
}

impl SourceError {
    pub(crate) fn no_frame(path: &str) -> Self {
        let problem = "no frame of it can be decoded".to_owned();
        Self::Decode { path: path.to_owned(), frame: 0, problem, of_the_file: true }
    }

    /// Another try ends in the same way until somebody replaces or repairs the file.
    pub fn is_of_the_file(&self) -> bool {
        matches!(
            self,
            Self::Decode { of_the_file: true, .. }
                | Self::FileWithoutVideo { .. }
                | Self::FileDate { .. }
                | Self::ObjectMissing { .. }
        )
    }

    /// The camera wants another log-in than ours. Tries have a pace of their own, because cameras lock out whoever tries often.
    pub fn is_failed_login(&self) -> bool {
        matches!(self, Self::LoginRefused { .. } | Self::LoginMissing { .. } | Self::LoginUnsupported { .. })
    }
}

impl Retryable for SourceError {
    /// Every error is retried, because the camera, its network or this host may change. Errors that are not retryable need a
    /// person and are retried at the slowest pace only.
    fn is_retryable(&self) -> bool {
        let pipeline = matches!(self, Self::Init(_) | Self::Description(_) | Self::Launch(_));
        let settings = matches!(
            self,
            Self::Credentials(_)
                | Self::Url { .. }
                | Self::Tls { .. }
                | Self::Forbidden { .. }
                | Self::PushLogin
                | Self::NoBucket { .. }
        );
        !pipeline
            && !settings
            && !self.is_of_the_file()
            && !matches!(self, Self::PipelinesHang { .. })
            && !self.is_failed_login()
    }
}
