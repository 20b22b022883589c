//! Every analysed frame, every detection, every track and every alert as rows, each stored exactly once.
//!
//! The Kafka offsets are in PostgreSQL (`sink_positions`) and change in the transaction that writes the rows. After any crash
//! the next consumer continues after the last stored record. Two more causes could store a row twice:
//!
//! - A consumer lost its partition without noticing. The new owner has incremented the partition's epoch, and a transaction
//!   with an old epoch fails ([`positions`]).
//! - Inference published a frame twice. Both have the same primary key, so the transaction fails; it is repeated without the
//!   frames that have rows already ([`transaction`]).
//!
//! The rows of tracks change in the same transaction ([`tracks`]), as do the bins of what was counted ([`passages`]) and of the time that
//! was watched ([`watch`]).
//!
//! [`gather`] collects records into batches → [`processor`] takes over partitions and stores the batches → [`writer`] keeps
//! the connection and runs the transactions. The next batch is gathered while one is written. [`maintenance`] creates the
//! partitions of the coming days; [`retention`] drops those that are too old. [`recovery`] says what a restored database lacks.

mod alerts;
pub mod config;
mod copy;
mod counts;
mod created_days;
mod deleted_ranges;
mod gather;
mod maintenance;
mod parse;
mod partitions;
mod passages;
mod positions;
mod processor;
mod recovery;
mod retention;
mod rows;
mod run;
mod tracks;
mod transaction;
mod watch;
mod writer;

#[cfg(test)]
mod tests;

pub use config::PostgresConfig;
pub use counts::{PostgresCounts, counts};
pub(crate) use recovery::report as recovery;
pub(crate) use run::{migrate, run};

/// Name of the client in `pg_stat_activity`.
const APPLICATION: &str = "vru-sink";
