//! The S3 bucket: settings, client, and the keys of the objects.

mod bucket;
mod client;
mod config;
mod error;
pub mod keys;

pub use bucket::Bucket;
pub use client::client;
pub use config::BucketConfig;
pub use error::BucketError;
