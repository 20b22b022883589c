//! `vru-infer`: the inference service.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use vru_infer::InferConfig;
use vru_runtime::service::{self, ServiceOptions};

/// Detects and tracks road users in frames from Kafka, and raises alerts.
///
/// Reads frames from the topics vru.frames and vru.file-frames, runs an ONNX detection model on them, and publishes to the topics
/// vru.detections and vru.alerts. Example:
///
///   MODEL_PATH=nanodet-g.onnx vru-infer --set kafka.brokers=kafka:9092
///
/// Health, readiness and metrics: http://HOST:8001/health, /ready, /metrics.
#[derive(Debug, Parser)]
#[command(name = "vru-infer", version, verbatim_doc_comment)]
struct Options {
    /// The model (ONNX file). Its model card is the file beside it with the extension .toml. Overrides model.path.
    #[arg(long, env = "MODEL_PATH", value_name = "FILE")]
    model: Option<PathBuf>,
    #[command(flatten)]
    service: ServiceOptions,
}

fn main() -> ExitCode {
    let Options { model, mut service } = Options::parse();
    if let Some(path) = model {
        // Insert first, so that --set model.path=… overrides it.
        service.set.insert(0, format!("model.path={}", path.display()));
    }
    service::main::<InferConfig, _>("vru-infer", service, vru_infer::run)
}
