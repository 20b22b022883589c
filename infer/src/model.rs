//! What is known about a model besides its weights: what it wants to see and how its answers are read.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use vru_media::jpeg::Size;
use vru_vision::detection::{Detection, RawDetection};
use vru_vision::layout::{self, Layout, TensorInfo, TensorView};
use vru_vision::letterbox::{InputSpec, Letterbox, Placement, TensorLayout};
use vru_vision::model_card::{ModelCard, Thresholds};
use vru_vision::nms::{self, NmsConfig};
use vru_vision::road_user::{LabelMap, LabelledDetection, fuse_riders};

use crate::backend::{ModelIo, OutputTensor, TensorData, TensorPort};
use crate::config::ModelConfig;
use crate::error::EngineError;
use crate::picture::Picture;

/// A model as we use it. Shared by the threads that prepare pictures and read answers.
#[derive(Debug, Clone)]
pub struct Model {
    /// Under which detections are published.
    pub name: String,
    /// Under which detections are published.
    pub version: String,
    /// What the model wants to see.
    pub input: InputSpec,
    /// How its outputs are read.
    pub layout: Layout,
    /// What is kept of them.
    pub thresholds: Thresholds,
    labels: LabelMap,
}

/// A picture in the form that the model takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// The numbers.
    pub tensor: TensorData,
    /// Where the picture lies in the input.
    pub placement: Placement,
    /// Size of the camera's own picture.
    pub source: Size,
}

/// Brings pictures into the form that the model takes. One for each thread: it remembers how to scale.
#[derive(Debug)]
pub struct Preparer {
    letterbox: Letterbox,
}

/// The model's answer to one picture: a share of a run's outputs.
#[derive(Debug, Clone)]
pub struct Answer {
    outputs: Arc<Vec<OutputTensor>>,
    index: usize,
}

impl Answer {
    /// The picture at `index` of a run.
    pub fn new(outputs: Arc<Vec<OutputTensor>>, index: usize) -> Self {
        Self { outputs, index }
    }
}

impl Model {
    /// Puts together what the file, its card and the configuration say; refuses a model that cannot be read.
    pub fn new(config: &ModelConfig, io: &ModelIo, path: &Path, card: Option<&ModelCard>) -> Result<Self, EngineError> {
        let metadata: HashMap<String, String> = io.metadata.clone().into_iter().collect();
        let refuse = |problem: String| EngineError::Input {
            problem,
            input: Box::new(io.input.clone()),
            outputs: io.outputs.clone(),
        };
        let infos: Vec<TensorInfo> = io.outputs.iter().map(info).collect();
        let input = input_spec(io, &metadata, card).map_err(refuse)?;
        let layout = layout::detect(&infos, &metadata, card)
            .map_err(|source| EngineError::Layout { input: Box::new(io.input.clone()), source })?;
        let names = layout::labels(&metadata, card);
        let labels = LabelMap::new(&names);
        if labels.road_user_labels() == 0 {
            return Err(EngineError::Labels { count: names.len() });
        }
        let mut thresholds = card.map(|card| card.thresholds).unwrap_or_default();
        thresholds.score = config.score_threshold.unwrap_or(thresholds.score);
        thresholds.nms_iou = config.iou_threshold.unwrap_or(thresholds.nms_iou);
        let (name, version) = match card {
            Some(card) => (card.name.clone(), card.version.clone()),
            None => (stem(path), digest(path)?),
        };
        Ok(Self { name, version, input, layout, thresholds, labels })
    }

    /// Something that prepares pictures, for one thread.
    pub fn preparer(&self) -> Result<Preparer, EngineError> {
        Ok(Preparer { letterbox: Letterbox::new(self.input.clone()).map_err(EngineError::Prepare)? })
    }

    /// How large a picture of that size must be decoded at least, so that the model sees no less of it.
    pub fn wanted_size(&self, width: u32, height: u32) -> Size {
        let placement = Placement::of(&self.input, width, height);
        Size { width: placement.width, height: placement.height }
    }

    /// The road users in the model's answer, in pixels of the camera's own picture.
    pub fn read(&self, answer: &Answer, placement: Placement, source: Size) -> Result<Vec<Detection>, EngineError> {
        let views: Vec<TensorView<'_>> =
            answer.outputs.iter().map(|output| TensorView { shape: &output.dims, data: &output.data }).collect();
        let mut found = Vec::new();
        let input = (self.input.width, self.input.height);
        self.layout
            .decode(&views, answer.index, input, self.thresholds.score, &mut found)
            .map_err(EngineError::Outputs)?;
        // What is no road user must not take the place of one.
        found.retain(|raw| self.labels.kind(raw.class_index).is_some());
        let max_detections = self.thresholds.max_detections as usize;
        let kept = if self.layout.needs_suppression() {
            nms::suppress(found, NmsConfig { iou: self.thresholds.nms_iou, max_detections })
        } else {
            nms::keep_strongest(found, max_detections)
        };
        let labelled: Vec<LabelledDetection> =
            kept.iter().filter_map(|found| self.to_source(found, placement, source)).collect();
        Ok(fuse_riders(&labelled))
    }

    fn to_source(&self, found: &RawDetection, placement: Placement, source: Size) -> Option<LabelledDetection> {
        let kind = self.labels.kind(found.class_index)?;
        let rect = placement.to_source(&found.rect, source.width, source.height)?;
        Some(LabelledDetection { rect, kind, score: found.score })
    }
}

impl Preparer {
    /// Scales, pads and normalises.
    pub fn prepare(&mut self, picture: &Picture) -> Result<Prepared, EngineError> {
        let spec = self.letterbox.spec();
        let mut tensor = TensorData::zeros(spec.element, spec.tensor_len());
        let image = picture.image.view();
        let placement = match &mut tensor {
            TensorData::F32(numbers) => self.letterbox.write(image, numbers),
            TensorData::F16(numbers) => self.letterbox.write(image, numbers),
            TensorData::U8(numbers) => self.letterbox.write(image, numbers),
        };
        Ok(Prepared { tensor, placement: placement.map_err(EngineError::Prepare)?, source: picture.source })
    }
}

/// The model card that belongs to a model, and where it is from: the configured one, else the file beside the model.
pub fn find_card(config: &ModelConfig, model: &Path) -> Result<Option<ModelCard>, EngineError> {
    let beside = model.with_extension("toml");
    let path: PathBuf = match &config.card {
        Some(path) => path.clone(),
        None if beside.is_file() => beside,
        None => return Ok(None),
    };
    let text = std::fs::read_to_string(&path).map_err(|source| EngineError::ReadCard { path: path.clone(), source })?;
    ModelCard::parse(&text).map(Some).map_err(|source| EngineError::Card { path, source })
}

fn info(port: &TensorPort) -> TensorInfo {
    TensorInfo { name: port.name.clone(), shape: port.dims.clone() }
}

fn input_spec(io: &ModelIo, metadata: &HashMap<String, String>, card: Option<&ModelCard>) -> Result<InputSpec, String> {
    let [_, a, b, c] = io.input.dims[..] else { return Err("it does not have four dimensions".to_owned()) };
    let (layout, width, height) = match (a, b, c) {
        (3, height, width) => (TensorLayout::Nchw, width, height),
        (height, width, 3) => (TensorLayout::Nhwc, width, height),
        // Some exports leave everything free; three channels first is the custom.
        (-1, height, width) => (TensorLayout::Nchw, width, height),
        _ => return Err("neither its second nor its last dimension is 3".to_owned()),
    };
    let element = io.input.element.ok_or("its numbers are neither fp32, fp16 nor uint8")?;
    let side = |given: i64| u32::try_from(given).ok().filter(|side| (1..=8192).contains(side));
    let (width, height) = match (side(width), side(height), layout::input_size(metadata, card)) {
        (Some(width), Some(height), None) => (width, height),
        (Some(width), Some(height), Some(said)) if said == (width, height) => said,
        (Some(width), Some(height), Some(said)) => {
            return Err(format!("it takes {width}×{height} pixels, but card or metadata say {}×{}", said.0, said.1));
        }
        (_, _, Some(said)) => said,
        _ => return Err("its size is free, and neither card nor metadata say one".to_owned()),
    };
    let card_input = card.map(|card| card.input.clone()).unwrap_or_default();
    if let Some(said) = card_input.element
        && said != element
    {
        return Err(format!("its numbers are {element:?}, but the card says {said:?}"));
    }
    Ok(card_input.spec(width, height, element, layout))
}

fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(|| "model".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

/// Without a card, the file's own bytes are its version.
fn digest(path: &Path) -> Result<String, EngineError> {
    let bytes = std::fs::read(path).map_err(|source| EngineError::ReadModel { path: path.to_owned(), source })?;
    Ok(hex::encode(&Sha256::digest(&bytes)[..6]))
}
