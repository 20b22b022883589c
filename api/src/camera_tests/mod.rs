//! Tests of cameras: asked of ingest over Kafka, and what it reports is kept in PostgreSQL, where every replica finds it
//! ([decision 63](../../../docs/decisions/0063-tests-of-cameras.md)).
//!
//! - `requests`: the test reaches Kafka, or has failed. `reports`: what ingest says reaches the database. `seen`: what a camera sends, as
//!   answers show it.

mod config;
mod reports;
mod requests;
mod seen;

pub use config::CameraTestsConfig;
pub(crate) use reports::TestReports;
pub(crate) use requests::CameraTests;
pub(crate) use seen::Seen;
