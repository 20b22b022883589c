//! Stand-ins for the servers and cameras of production, inside this process or as its child processes. The services use the
//! same clients as in production; only the addresses differ.
//!
//! - [`broker`]: librdkafka's mock cluster. It keeps about 5 MB per partition in memory and drops older records;
//! - [`postgres`]: a private cluster of Debian's PostgreSQL in a data folder;
//! - [`s3`]: an S3 server over a folder;
//! - [`rtsp_cameras`]: cameras that send a video file ([`loop_clip`]) over RTSP; [`push_camera`]: one that pushes it;
//! - [`child_process`]: child processes that end with this process.

pub mod broker;
pub mod child_process;
pub mod loop_clip;
pub mod postgres;
pub mod push_camera;
pub mod rtsp_cameras;
pub mod s3;

/// A secret of 128 random bits, as hexadecimal digits: safe in a URL, a shell and a file.
pub fn random_secret() -> String {
    hex::encode(rand::random::<[u8; 16]>())
}
