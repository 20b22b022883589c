//! The all-in-one command: every service in one process on embedded parts (`vru demo`, `vru up`), and the same detection,
//! tracking and rules offline over a file (`vru analyse`).
//!
//! - [`embedded`]: broker, database, object store and cameras inside this process;
//! - [`stack`]: the services on them, started from the sink upstream, stopped from the source downstream;
//! - [`demo`], [`up`]: the commands, with what they have in common in [`run`];
//! - [`display`], [`page`]: what people see; [`annotate`] draws; [`counts`], [`subscriber`] and [`latency`] feed both;
//! - [`account`]: what became of every frame;
//! - [`analyse`]: a file, offline.

pub mod account;
pub mod analyse;
pub mod annotate;
pub mod config;
pub mod counts;
pub mod data;
pub mod demo;
pub mod display;
pub mod embedded;
pub mod latency;
pub mod page;
pub mod run;
pub mod stack;
pub mod subscriber;
pub mod up;
