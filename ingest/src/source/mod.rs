//! The sources of frames. A live source runs one connection and passes its pictures to a [`CameraSession`] until it fails or is
//! stopped; a file is an iterator of frames. Only this folder uses GStreamer.

mod credentials;
mod decoder_loss;
mod elements;
mod encoder_input;
pub mod file;
mod output;
mod packet_loss;
pub mod pull;
pub mod push;
mod rtp_branch;
mod running_pipeline;
mod samples;
mod session;

use std::sync::Arc;

pub use output::OutputPlan;
pub use session::{CameraSession, EncodedPicture, SessionIds};

use crate::config::IngestConfig;
use vru_proto::CameraId;

/// What a source needs to connect to its camera.
#[derive(Debug, Clone)]
pub struct SourceContext {
    pub camera: CameraId,
    pub plan: OutputPlan,
    pub config: Arc<IngestConfig>,
}

/// The URL without credentials, for logs and errors.
pub fn redacted(url: &str) -> String {
    let without = url::Url::parse(url).ok().and_then(|mut url| {
        // A URL without a host refuses this. No camera has one: in `rtsp:admin:geheim@10.0.0.5`, where the slashes are missing,
        // everything is the path, and the credentials would stay in it.
        url.set_username("").and_then(|()| url.set_password(None)).ok()?;
        Some(url.to_string())
    });
    without.unwrap_or_else(|| "(URL without a host)".to_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn urls_are_logged_without_credentials() {
        assert_eq!(super::redacted("rtsp://admin:geheim@10.0.0.5:554/s?x=1"), "rtsp://10.0.0.5:554/s?x=1");
        for wrong in ["geheim", "rtsp:admin:geheim@10.0.0.5", "rtsp:///admin:geheim@10.0.0.5"] {
            assert_eq!(super::redacted(wrong), "(URL without a host)");
        }
    }
}
