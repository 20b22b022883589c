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
    match url::Url::parse(url) {
        Ok(mut parsed) => {
            // Refused only by URLs that cannot have credentials.
            parsed.set_username("").ok();
            parsed.set_password(None).ok();
            parsed.to_string()
        }
        Err(_) => "(not a URL)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn urls_are_logged_without_credentials() {
        assert_eq!(super::redacted("rtsp://admin:geheim@10.0.0.5:554/s?x=1"), "rtsp://10.0.0.5:554/s?x=1");
        assert_eq!(super::redacted("geheim"), "(not a URL)");
    }
}
