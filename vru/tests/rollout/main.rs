//! A rolling update of everything at once loses nothing: the real programs with the probes, preStop, grace periods and strategies of the
//! rendered manifests, replaced as a Deployment does it, behind load balancers, on real Kafka, PostgreSQL, S3 and Redis, while cameras
//! stream, subscribers listen, and people use the API and the web app, look at live pictures and upload a video. And the images of the
//! pipeline, as the manifests say it.

#![expect(clippy::unwrap_used, reason = "a failure here fails the test")]
#![expect(clippy::print_stdout, reason = "the counts explain a failed run")]

mod account;
mod api_load;
mod application_balancer;
mod cluster;
mod container;
mod deployment;
mod event_stream;
mod images;
mod live_feed;
mod manifests;
mod network_balancer;
mod node;
mod pod;
mod pushing_camera;
mod receiver;
mod rolling_update;
mod servers;
mod slow_line;
#[path = "../support/mod.rs"]
mod support;
mod targets;
mod upload;
mod web;
mod workload;

use support::{books, camera_server, findings, follower, pipeline, store};
