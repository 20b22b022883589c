//! `vru-infer`: the inference service.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use vru_infer::InferConfig;
use vru_runtime::service::{self, ServiceOptions};

/// Finds, tracks and judges road users in the frames that come from Kafka.
///
/// Reads frames from the topic vru.frames, runs a detection model (ONNX) on them, and publishes what it finds to
/// vru.detections and vru.alerts. Example:
///
///   MODEL_PATH=nanodet-g.onnx vru-infer --set kafka.brokers=kafka:9092
///
/// Health, readiness and metrics: http://HOST:8001/health, /ready, /metrics.
#[derive(Debug, Parser)]
#[command(name = "vru-infer", version, verbatim_doc_comment)]
struct Options {
    /// The model (ONNX file); its model card is the file beside it with the ending .toml. Overrides model.path.
    #[arg(long, env = "MODEL_PATH", value_name = "FILE")]
    model: Option<PathBuf>,
    #[command(flatten)]
    service: ServiceOptions,
}

fn main() -> ExitCode {
    let Options { model, mut service } = Options::parse();
    if let Some(path) = model {
        // First, so that --set model.path=… still wins.
        service.set.insert(0, format!("model.path={}", path.display()));
    }
    service::main::<InferConfig, _>("vru-infer", service, vru_infer::run)
}
