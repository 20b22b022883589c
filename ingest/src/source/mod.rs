//! The sources of frames. A live source runs one connection and passes its pictures to a [`CameraSession`] until it fails or is
//! stopped; a file is an iterator of frames. Only this folder uses GStreamer.

mod colours;
mod decoder_loss;
mod elements;
mod encoder_input;
mod facts;
pub mod file;
mod jpeg_depayloader;
mod jpeg_rtp;
mod orientation;
mod output;
mod packet_loss;
mod pipeline_shutdowns;
mod profile;
pub mod pull;
pub mod push;
mod recovery_point;
mod rtp_branch;
mod rtp_continuity;
mod running_pipeline;
mod samples;
mod session;
pub(crate) mod shrink;
mod stream_clock;
mod unconverted;
mod video_format;

use std::sync::Arc;

pub use facts::{Facts, Phase, Seen};
pub use output::OutputPlan;
pub use pipeline_shutdowns::{HangLimits, PipelineShutdowns};
pub use session::{CameraSession, EncodedPicture, FrameSink, SessionIds};

use vru_proto::CameraId;
use vru_storage::s3::Bucket;

use crate::camera_login::CameraLogin;
use crate::config::IngestConfig;

/// What a source needs to connect to its camera.
#[derive(Debug, Clone)]
pub struct SourceContext {
    pub camera: CameraId,
    pub plan: OutputPlan,
    pub config: Arc<IngestConfig>,
    pub login: Arc<CameraLogin>,
    pub shutdowns: Arc<PipelineShutdowns>,
    /// Where files are that are objects; `None`: nowhere.
    pub objects: Option<Bucket>,
}
