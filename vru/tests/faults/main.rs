//! Faults that the pipeline survives: our binaries with real cameras, Apache Kafka, PostgreSQL, S3 and gRPC subscribers, while
//! each of them is killed, stopped or hung, a disk is full, or payloads are invalid. The moments are random and seeded; counts
//! are compared exactly.

#![expect(clippy::unwrap_used, reason = "a failure here fails the test")]
#![expect(clippy::print_stdout, reason = "the counts explain a failed run")]

mod broken_payloads;
mod config_reload;
mod database_is_lost;
mod full_disk;
mod outage;
mod payload_bombs;
mod payloads;
mod servers_go_away;
#[path = "../support/mod.rs"]
mod support;
mod terminated_in_an_outage;
mod workers_are_killed;
mod workers_take_over;

use support::{books, camera_server, findings, follower, pipeline};
