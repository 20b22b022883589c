//! A rolling update of everything at once loses nothing: the real programs with the probes, preStop, grace periods and strategies of the
//! rendered manifests, replaced as a Deployment does it, behind load balancers, on real Kafka, PostgreSQL, S3 and Redis, while cameras
//! stream, subscribers listen and people use the API. And the images of the pipeline, as the manifests say it.

#![expect(clippy::unwrap_used, reason = "a failure here fails the test")]
#![expect(clippy::print_stdout, reason = "the counts explain a failed run")]

mod account;
mod api_load;
mod application_balancer;
mod cluster;
mod container;
mod images;
mod manifests;
mod network_balancer;
mod node;
mod pod;
mod receiver;
mod rolling_update;
mod servers;
#[path = "../support/mod.rs"]
mod support;
mod targets;
mod workload;

use support::{books, camera_server, findings, follower, pipeline};
