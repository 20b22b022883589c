//! `vru-ingest`: receives video from cameras and publishes frames to Kafka.

use std::process::ExitCode;

use clap::Parser;
use vru_ingest::IngestConfig;
use vru_runtime::service::{self, ServiceOptions};

/// Receives video (RTSP pull, RTSP push, or files) and publishes each frame to the Kafka topic `vru.frames`, or of a file to `vru.file-frames`.
///
/// The cameras come from the topic `vru.cameras`, and are shared among all pods with the same `group`; or they come from a
/// file (`cameras.file`). Every setting has a default; `docs/` and the crate's `config.rs` describe them. SIGTERM stops the
/// cameras and sends the frames that are queued; a second SIGTERM exits at once.
#[derive(Debug, Parser)]
#[command(name = "vru-ingest", version)]
struct Options {
    #[command(flatten)]
    service: ServiceOptions,
}

fn main() -> ExitCode {
    service::main::<IngestConfig, _>("vru-ingest", Options::parse().service, vru_ingest::run)
}
