use std::path::PathBuf;
use std::time::Duration;

use vru_runtime::assets;

/// Shows the whole pipeline in one process, on this machine only.
///
/// Starts a private PostgreSQL, an embedded message broker and object store, the three services, and cameras that send a
/// sample video over RTSP. Then shows live counts here, and prints the link of the web app (http://127.0.0.1:8000). Ctrl-C stops
/// the cameras, waits until every frame in flight is stored, and prints an account of all frames.
///
/// While it runs:
///   app      http://127.0.0.1:8000; a change of zones and lines takes effect within seconds and stays in the data folder
///   alerts   over gRPC from 127.0.0.1:50051
///   metrics  at http://127.0.0.1:8001/metrics (inference), 8002 (ingest) and 8003 (sinks)
/// Where one of these ports is taken, the demo uses another one.
///
/// The exit status is 0 when every frame is accounted for, else 1.
#[derive(Debug, Clone, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct DemoOptions {
    /// Stop after this time, for example 60s or 5m. Default: at Ctrl-C.
    #[arg(long = "for", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub time: Option<Duration>,
    /// Print the account as one line of JSON on standard output.
    #[arg(long)]
    pub json: bool,
    /// Data folder. Default: vru/demo in the user's data folder; for root /var/lib/vru/demo.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Number of cameras. The second one pushes its video; the others are pulled.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub cameras: u16,
    /// Port of the web app and the REST API. Default: 8000, or a free port where 8000 is taken.
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,
    /// Video that the cameras send instead of the sample. Anything but H.264 or H.265 is converted first.
    #[arg(long, value_name = "VIDEO")]
    pub source: Option<PathBuf>,
    /// Model (ONNX). Default: the one that `make setup` fetches.
    #[arg(long, env = "MODEL_PATH", value_name = "FILE")]
    pub model: Option<PathBuf>,
}

impl DemoOptions {
    /// The model's file.
    pub(super) fn model_path(&self) -> Result<PathBuf, assets::MissingAsset> {
        self.model.clone().map_or_else(|| assets::require("models/nanodet-g.onnx"), Ok)
    }
}
