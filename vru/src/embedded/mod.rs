//! The parts that production has as servers, inside this process or as its private children. The services speak to them with
//! the same clients as in production; only the addresses differ.
//!
//! - [`broker`]: librdkafka's mock cluster. It keeps about 5 MB a partition in memory and drops older records;
//! - [`postgres`]: a private cluster of Debian's PostgreSQL in a data folder;
//! - [`s3`]: an S3 server over a folder;
//! - [`clip`] and [`cameras`]: cameras that send a video file over RTSP, and one that pushes it ([`push`]);
//! - [`process`]: children that cannot outlive this process.

pub mod broker;
pub mod cameras;
pub mod clip;
pub mod postgres;
pub mod process;
pub mod push;
pub mod s3;

/// A secret of 128 random bits, as hexadecimal digits: safe in a URL, a shell and a file.
pub fn random_secret() -> String {
    hex::encode(rand::random::<[u8; 16]>())
}
