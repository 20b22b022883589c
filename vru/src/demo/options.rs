use std::path::PathBuf;
use std::time::Duration;

use vru_runtime::assets;

/// Shows the whole pipeline at work, in one process, on this machine only.
///
/// Starts a private PostgreSQL, a message broker and an object store inside itself, the three services, and cameras that send
/// a sample video over RTSP; then shows live counts here and the annotated live picture at http://127.0.0.1:3000. Ctrl-C
/// stops the cameras, lets everything arrive, and says what became of every frame.
///
/// While it runs: the zones are in cameras.toml in the data folder, and a change there takes effect at once; alerts come over
/// gRPC from 127.0.0.1:50051; metrics are at http://127.0.0.1:8001/metrics (inference), 8002 (ingest) and 8003 (sinks). Where
/// one of these ports is taken, another is used and shown.
#[derive(Debug, Clone, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct DemoOptions {
    /// Stops by itself after this time, for example 60s or 5m.
    #[arg(long = "for", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub time: Option<Duration>,
    /// Ends with the account as one JSON line on standard output.
    #[arg(long)]
    pub json: bool,
    /// Where data are kept. Default: vru/demo in the user's data folder, as root /var/lib/vru/demo.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// How many cameras. The second one connects to us; we connect to the others.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub cameras: u16,
    /// Port of the page. Default: 3000, or a free one.
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,
    /// What the cameras send instead of the sample video. Anything but H.264 or H.265 is converted first.
    #[arg(long, value_name = "VIDEO")]
    pub source: Option<PathBuf>,
    /// The model (ONNX). Default: the one that `make setup` fetches.
    #[arg(long, env = "MODEL_PATH", value_name = "FILE")]
    pub model: Option<PathBuf>,
}

impl DemoOptions {
    /// The model's file.
    pub(super) fn model_path(&self) -> Result<PathBuf, assets::MissingAsset> {
        self.model.clone().map_or_else(|| assets::require("models/nanodet-g.onnx"), Ok)
    }
}
