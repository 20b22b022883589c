//! `vru-sink`: stores the results of the pipeline, and pushes alerts.

use std::process::ExitCode;

use clap::Parser as _;
use vru_runtime::service::{self, ServiceOptions};
use vru_sink::SinkSelection;

/// Stores detections in PostgreSQL and S3, and pushes alerts to gRPC subscribers.
#[derive(Debug, clap::Parser)]
#[command(name = "vru-sink", version, about, max_term_width = 100)]
struct Options {
    #[command(flatten)]
    service: ServiceOptions,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Clone, Copy, clap::Subcommand)]
enum Command {
    /// Run every sink that is enabled in its section (the default without a command).
    All,
    /// Run the PostgreSQL sink only: frames, detections and alerts as rows.
    Postgres,
    /// Run the S3 sink only: detections as Parquet, snapshots and clips of alerts.
    S3,
    /// Run the gRPC server only: alerts to subscribers.
    Alerts,
    /// Apply the missing database migrations and exit.
    Migrate,
    /// Say what is lost after the database was restored: what neither it nor Kafka has, by partition and camera. Ask before sinks start.
    Recovery,
}

fn main() -> ExitCode {
    vru_runtime::memory::keep_little();
    let Options { mut service, command } = Options::parse();
    let selection = match command {
        None | Some(Command::All) => SinkSelection::All,
        Some(Command::Postgres | Command::Migrate | Command::Recovery) => SinkSelection::Postgres,
        Some(Command::S3) => SinkSelection::S3,
        Some(Command::Alerts) => SinkSelection::Alerts,
    };
    service.set.extend(selection.settings());
    if matches!(command, Some(Command::Migrate)) {
        return service::main("vru-sink", service, vru_sink::migrate);
    }
    if matches!(command, Some(Command::Recovery)) {
        // A sink on this machine may have the usual address.
        service.set.push("admin=127.0.0.1:0".to_owned());
        return service::main("vru-sink", service, vru_sink::recovery);
    }
    service::main("vru-sink", service, vru_sink::run)
}
