//! The S3 bucket: settings, client, and the keys of the objects.

mod bucket;
mod client;
mod config;
mod error;
pub mod keys;
mod multipart;
mod objects;
mod open;
mod signed;

pub use bucket::Bucket;
pub use client::client;
pub use config::{BucketConfig, check_endpoint};
pub use error::BucketError;
pub use multipart::{MOST_PARTS, Multipart, SMALLEST_PART};
pub use objects::{ListedObject, ObjectStamp};
pub use open::{OpenObject, Opened};
pub use signed::{Presence, SignedUrls};
