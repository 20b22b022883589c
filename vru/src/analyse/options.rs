use std::path::PathBuf;

use vru_infer::config::{ModelConfig, Provider};
use vru_proto::v1::RoadUserClass;
use vru_runtime::assets;

use crate::annotate::class_name;

/// The demo's model, below the cache folder.
const DEMO_MODEL: &str = "models/nanodet-g.onnx";

/// Detects, tracks and judges a video file, through the same code as the services.
///
/// Any video that GStreamer can decode. Without an output option only the summary is printed. Example:
///
///   vru analyse street.mp4 --mot tracks.txt --annotate street-annotated.mp4
#[derive(Debug, Clone, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct AnalyseOptions {
    /// The video.
    pub video: PathBuf,
    /// The model (ONNX). Default: the demo's, which `make setup` fetches.
    #[arg(long, env = "MODEL_PATH", value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// The model card (TOML). Default: the file beside the model with the ending .toml, if there is one.
    #[arg(long, value_name = "FILE")]
    pub card: Option<PathBuf>,
    /// What runs the model: auto, tensorrt, cuda or cpu. A named one that does not load is an error.
    #[arg(long, default_value = "auto", value_parser = provider)]
    pub provider: Provider,
    /// Writes the confirmed tracks of --classes in MOT Challenge format, frames from 1.
    #[arg(long, value_name = "FILE")]
    pub mot: Option<PathBuf>,
    /// Writes the video with boxes, track ids and zones drawn in (MP4, H.264).
    #[arg(long, value_name = "FILE")]
    pub annotate: Option<PathBuf>,
    /// Writes everything that was found, one JSON object a frame.
    #[arg(long, value_name = "FILE")]
    pub detections: Option<PathBuf>,
    /// A file of cameras (TOML) with zones and rules to evaluate.
    #[arg(long, value_name = "FILE")]
    pub zones: Option<PathBuf>,
    /// Which camera the file stands for; its zones, where --zones has several cameras.
    #[arg(long, value_name = "ID")]
    pub camera: Option<String>,
    /// Which road users --mot and --ground-truth are about. The format has no column for it.
    #[arg(long, value_name = "CLASS", value_delimiter = ',', value_parser = class)]
    #[arg(default_value = "pedestrian,cyclist,motorcyclist")]
    pub classes: Vec<RoadUserClass>,
    /// Ground truth in MOT Challenge format, to say how good the tracks of --classes are (MOTA, IDF1).
    #[arg(long, value_name = "FILE")]
    pub ground_truth: Option<PathBuf>,
    /// Capture time of the first frame, microseconds since 1970; the file's modification time when 0.
    #[arg(long, value_name = "MICROSECONDS", default_value_t = 0, hide_default_value = true)]
    pub start_time_us: i64,
    /// Identity of this run over the file; derived from the camera and the file when 0.
    #[arg(long, value_name = "NUMBER", default_value_t = 0, hide_default_value = true)]
    pub session: u64,
    /// Prints the summary as one JSON line.
    #[arg(long)]
    pub json: bool,
    /// Shows no progress.
    #[arg(long)]
    pub quiet: bool,
}

impl AnalyseOptions {
    /// The model's configuration, as the service has it.
    pub fn model_config(&self) -> Result<ModelConfig, assets::MissingAsset> {
        let path = match &self.model {
            Some(path) => path.clone(),
            None => assets::require(DEMO_MODEL)?,
        };
        Ok(ModelConfig { card: self.card.clone(), provider: self.provider, ..ModelConfig::of(path) })
    }
}

fn provider(text: &str) -> Result<Provider, String> {
    let all = [Provider::Auto, Provider::Tensorrt, Provider::Cuda, Provider::Cpu];
    let found = all.into_iter().find(|provider| provider.name() == text);
    found.ok_or_else(|| "give auto, tensorrt, cuda or cpu".to_owned())
}

fn class(text: &str) -> Result<RoadUserClass, String> {
    use RoadUserClass::{Bus, Car, Cyclist, Motorcyclist, Pedestrian, Truck};
    let all = [Pedestrian, Cyclist, Motorcyclist, Car, Bus, Truck];
    let found = all.into_iter().find(|class| class_name(*class) == text);
    found.ok_or_else(|| format!("give {}", all.map(class_name).join(", ")))
}
