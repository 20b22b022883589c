//! Where frames come from. A live source runs one connection: it puts frames into an [`Outlet`] until it is stopped or
//! fails; a file is an iterator. Only this folder names GStreamer.

mod branch;
pub mod file;
mod guard;
mod outlet;
mod output;
pub mod pull;
pub mod push;
mod watch;

pub use outlet::{Outlet, Picture};
pub use output::OutputPlan;

use crate::config::IngestConfig;
use vru_proto::CameraId;

/// What a live connection needs to know.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Which camera.
    pub camera: CameraId,
    /// What it is to send on.
    pub plan: OutputPlan,
    /// The limits.
    pub config: std::sync::Arc<IngestConfig>,
}

/// A URL as it may be logged: without credentials.
pub fn redacted(url: &str) -> String {
    let without = url::Url::parse(url).ok().and_then(|mut url| {
        // Refused by URLs without a host, which no camera has: in `rtsp:admin:geheim@10.0.0.5`, slashes forgotten, all is path.
        url.set_username("").and_then(|()| url.set_password(None)).ok()?;
        Some(url.to_string())
    });
    without.unwrap_or_else(|| "(not a URL of a host)".to_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn urls_are_logged_without_credentials() {
        assert_eq!(super::redacted("rtsp://admin:geheim@10.0.0.5:554/s?x=1"), "rtsp://10.0.0.5:554/s?x=1");
        for wrong in ["geheim", "rtsp:admin:geheim@10.0.0.5", "rtsp:///admin:geheim@10.0.0.5"] {
            assert_eq!(super::redacted(wrong), "(not a URL of a host)");
        }
    }
}
