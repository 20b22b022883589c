//! The contract between the stages: protobuf package `vru.v1`, validation of its messages, ids, and names of topics and headers.
//!
//! `proto/vru/v1/*.proto` is the source. `src/gen` holds the generated code; it is in git, so that a build needs no `protoc`.
//! `tests/bootstrap.rs` checks that it is up to date and that the wire format stays compatible.

mod alert;
pub mod camera_url;
mod error;
pub mod ids;
pub mod names;
pub mod pull_source;
pub mod time;
mod tracker_settings;
pub mod validate;
mod zone_shape;

/// Generated from `proto/vru/v1/*.proto`.
#[expect(clippy::all, clippy::pedantic, clippy::allow_attributes, missing_docs, reason = "generated code")]
pub mod v1 {
    include!("gen/vru.v1.rs");

    /// The descriptors of the whole package, for gRPC reflection.
    pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!("gen/vru.v1.descriptors.binpb");
}

pub use error::InvalidMessage;
pub use ids::{CameraId, FrameKey};

impl std::fmt::Debug for v1::Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).field("password", &"***").finish()
    }
}

impl std::fmt::Debug for v1::PullSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PullSource")
            .field("url", &camera_url::shown(&self.url))
            .field("credentials", &self.credentials)
            .field("transport", &self.transport())
            .field("tls", &self.tls)
            .finish()
    }
}
