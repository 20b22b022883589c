//! `vru-ingest`: cameras to Kafka.

use std::process::ExitCode;

use clap::Parser;
use vru_ingest::IngestConfig;
use vru_runtime::service::{self, ServiceOptions};

/// Takes cameras' video (RTSP pulled, RTSP pushed, or files) and publishes each picture to Kafka's topic `vru.frames`.
///
/// Which cameras there are comes from the topic `vru.cameras`, shared among all pods of the same `group`, or from a file
/// (`cameras.file`). Every setting has a default; `docs/` and the crate's `config.rs` describe them. SIGTERM stops the
/// cameras and sends what is left; a second one leaves at once.
#[derive(Debug, Parser)]
#[command(name = "vru-ingest", version)]
struct Options {
    #[command(flatten)]
    service: ServiceOptions,
}

fn main() -> ExitCode {
    service::main::<IngestConfig, _>("vru-ingest", Options::parse().service, vru_ingest::run)
}
