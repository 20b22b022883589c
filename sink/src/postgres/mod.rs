//! Every analysed frame, every detection and every alert as rows, each exactly once.
//!
//! Kafka's offsets live in PostgreSQL (`sink_positions`), in the transaction that writes the rows: after any crash the next
//! reader goes on at the row after the last one. Two things remain that could double a row. A consumer that lost its partition
//! without noticing is fenced by an epoch that the new owner raised ([`positions`]). A frame that inference published twice has
//! the same primary key: the batch then is written again without the rows that are there ([`write`]).
//!
//! [`gather`] (records to batches) → [`sink`] (the run loop) → [`service`] (one session, its transactions); the next batch is
//! gathered while one is written. [`maintenance`] makes the days' partitions ahead and drops old ones.

pub mod config;
mod connection;
mod copy;
mod error;
mod gather;
mod maintenance;
mod migrate;
mod partitions;
mod positions;
mod records;
mod rows;
mod service;
mod sink;
mod write;

#[cfg(test)]
mod tests;

pub use config::PostgresConfig;
pub use connection::connect;
pub use error::PostgresError;
pub use migrate::migrate;
pub(crate) use sink::run;
