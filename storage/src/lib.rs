//! Access to the stored results: PostgreSQL (connections, schema and migrations) and the S3 bucket (client and object keys).
//!
//! What people may change (sites, users, sessions) has a module of queries for each kind of row; what inference found is written by the
//! sink.
//!
//! Every program that reads or writes stored data uses this crate, so that connection settings, TLS, time-outs and keys are
//! the same everywhere. How results are written (batches, COPY, offsets, Parquet) is the sink's own.

pub mod alerts;
pub mod api_keys;
pub mod audit;
pub mod camera_tests;
pub mod cameras;
pub mod counts;
pub mod data_jobs;
pub mod found;
pub mod idempotency;
pub mod identities;
mod ids;
pub mod leases;
pub mod log_in_failures;
pub mod members;
pub mod past_frames;
pub mod paths;
#[cfg(test)]
mod plans;
pub mod postgres;
pub mod reader_positions;
pub mod retention;
pub mod reviews;
pub mod s3;
pub mod sealed_values;
pub mod search;
pub mod sessions;
pub mod signing_keys;
pub mod sink_positions;
pub mod sites;
pub mod track_counts;
pub mod track_pictures;
pub mod tracks;
pub mod uploads;
pub mod users;
pub mod webhooks;
