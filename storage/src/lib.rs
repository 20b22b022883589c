//! Access to the stored results: PostgreSQL (connections, schema and migrations) and the S3 bucket (client and object keys).
//!
//! Every program that reads or writes stored data uses this crate, so that connection settings, TLS, time-outs and keys are
//! the same everywhere. How results are written (batches, COPY, offsets, Parquet) is the sink's own.

pub mod postgres;
pub mod s3;
