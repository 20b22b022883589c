use std::path::PathBuf;

use vru_infer::config::{ModelConfig, Provider};
use vru_proto::v1::RoadUserClass;
use vru_runtime::assets;

/// The demo's model, below the cache folder.
const DEMO_MODEL: &str = "models/nanodet-g.onnx";

/// Detects and tracks road users in a video file and evaluates zone rules, through the same code as the services.
///
/// The video may have any format that GStreamer can decode. Without an output option only a summary is printed. Example:
///
///   vru analyse street.mp4 --mot tracks.txt --annotate street-annotated.mp4
///
/// Exit status: 0 when every frame of the file was analysed; 3 when the file is damaged or cut: all files are written, with the
/// frames that could be decoded under their own numbers and times, and standard error says what is missing; 2 for wrong options
/// or a wrong cameras file; 1 for any other failure.
#[derive(Debug, Clone, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct AnalyseOptions {
    /// Video file.
    pub video: PathBuf,
    /// Model (ONNX). Default: the demo's, which `make setup` fetches.
    #[arg(long, env = "MODEL_PATH", value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// Model card (TOML). Default: the file beside the model with the ending .toml, if there is one.
    #[arg(long, value_name = "FILE")]
    pub card: Option<PathBuf>,
    /// Execution provider for the model: auto, tensorrt, cuda or cpu. `auto` takes the best that loads; any other must load.
    #[arg(long, default_value = "auto", value_parser = provider)]
    pub provider: Provider,
    /// Write the confirmed tracks of --classes in MOT Challenge format; frames are numbered from 1.
    #[arg(long, value_name = "FILE")]
    pub mot: Option<PathBuf>,
    /// Write the video with boxes, track ids and zones (MP4, H.264).
    #[arg(long, value_name = "FILE")]
    pub annotate: Option<PathBuf>,
    /// Write all detections and alerts, one line of JSON per frame.
    #[arg(long, value_name = "FILE")]
    pub detections: Option<PathBuf>,
    /// Cameras file (TOML) with the zones and rules to evaluate.
    #[arg(long, value_name = "FILE")]
    pub zones: Option<PathBuf>,
    /// Id of the camera that the video stands for. Required where --zones has several cameras.
    #[arg(long, value_name = "ID")]
    pub camera: Option<String>,
    /// Road users for --mot and --ground-truth, whose format has no column for the class.
    #[arg(long, value_name = "CLASS", value_delimiter = ',', value_parser = class)]
    #[arg(default_value = "pedestrian,cyclist,motorcyclist")]
    pub classes: Vec<RoadUserClass>,
    /// Ground truth in MOT Challenge format: evaluate the tracks of --classes (MOTA, IDF1, HOTA).
    #[arg(long, value_name = "FILE")]
    pub ground_truth: Option<PathBuf>,
    /// Capture time of the first frame, microseconds since 1970. Default: the file's modification time.
    #[arg(long, value_name = "MICROSECONDS", default_value_t = 0, hide_default_value = true)]
    pub start_time_us: i64,
    /// Session number of the frames. Default: derived from the camera id and the file.
    #[arg(long, value_name = "NUMBER", default_value_t = 0, hide_default_value = true)]
    pub session: u64,
    /// Print the summary as one line of JSON.
    #[arg(long)]
    pub json: bool,
    /// Show no progress.
    #[arg(long)]
    pub quiet: bool,
}

impl AnalyseOptions {
    /// The model's configuration, in the form of the service.
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
    found.ok_or_else(|| "use auto, tensorrt, cuda or cpu".to_owned())
}

fn class(text: &str) -> Result<RoadUserClass, String> {
    use RoadUserClass::{Bus, Car, Cyclist, Motorcyclist, Pedestrian, Truck};
    let all = [Pedestrian, Cyclist, Motorcyclist, Car, Bus, Truck];
    let found = all.into_iter().find(|class| class.word() == text);
    found.ok_or_else(|| format!("use {}", all.map(RoadUserClass::word).join(", ")))
}
