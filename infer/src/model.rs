//! The properties of a model besides its weights: its input, its output layout, labels and thresholds.

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
use vru_vision::tracker::TrackerConfig;

use crate::backend::{ModelIo, OutputTensor, TensorData, TensorPort};
use crate::config::ModelConfig;
use crate::error::EngineError;
use crate::picture::Picture;

/// A model's properties. Shared by the threads that prepare pictures and decode outputs.
#[derive(Debug, Clone)]
pub struct Model {
    /// Published with the detections, as is the version.
    pub name: String,
    pub version: String,
    pub input: InputSpec,
    pub layout: Layout,
    pub thresholds: Thresholds,
    pub tracker: TrackerConfig,
    labels: LabelMap,
}

/// A picture converted to the model's input.
#[derive(Debug, Clone, PartialEq)]
pub struct PreparedPicture {
    pub tensor: TensorData,
    /// The place of the picture in the input.
    pub placement: Placement,
    /// Size of the camera's original picture.
    pub source: Size,
}

/// Converts pictures to the model's input. Each thread needs its own, because it caches how to scale.
#[derive(Debug)]
pub struct Preparer {
    letterbox: Letterbox,
}

/// The model's output for one picture: its part of the outputs of a run.
#[derive(Debug, Clone)]
pub struct ModelOutput {
    outputs: Arc<Vec<OutputTensor>>,
    index: usize,
}

impl ModelOutput {
    /// The output for the picture at `index` of the batch.
    pub fn new(outputs: Arc<Vec<OutputTensor>>, index: usize) -> Self {
        Self { outputs, index }
    }
}

impl Model {
    /// Combines the properties in the file, its card and the configuration. Fails if the model's input or outputs cannot be used.
    pub fn new(config: &ModelConfig, io: &ModelIo, path: &Path, card: Option<&ModelCard>) -> Result<Self, EngineError> {
        let metadata: HashMap<String, String> = io.metadata.clone().into_iter().collect();
        let input_error = |problem: String| EngineError::Input {
            problem,
            input: Box::new(io.input.clone()),
            outputs: io.outputs.clone(),
        };
        let infos: Vec<TensorInfo> = io.outputs.iter().map(info).collect();
        let input = input_spec(io, &metadata, card).map_err(input_error)?;
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
        let tracker = card.map(|card| card.tracker.clone()).unwrap_or_default();
        Ok(Self { name, version, input, layout, thresholds, tracker, labels })
    }

    /// A preparer for one thread.
    pub fn preparer(&self) -> Result<Preparer, EngineError> {
        Ok(Preparer { letterbox: Letterbox::new(self.input.clone()).map_err(EngineError::Prepare)? })
    }

    /// The smallest size at which a picture of `width`×`height` pixels may be decoded without loss for the model.
    pub fn wanted_size(&self, width: u32, height: u32) -> Size {
        let placement = Placement::of(&self.input, width, height);
        Size { width: placement.width, height: placement.height }
    }

    /// The road users in the model's output, in pixels of the camera's original picture.
    pub fn detections(
        &self,
        output: &ModelOutput,
        placement: Placement,
        source: Size,
    ) -> Result<Vec<Detection>, EngineError> {
        let views: Vec<TensorView<'_>> =
            output.outputs.iter().map(|tensor| TensorView { shape: &tensor.dims, data: &tensor.data }).collect();
        let mut found = Vec::new();
        let input = (self.input.width, self.input.height);
        self.layout
            .decode(&views, output.index, input, self.thresholds.score, &mut found)
            .map_err(EngineError::Outputs)?;
        // Other classes must not count towards the limit, or suppress a road user.
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
    /// Scales, pads and normalises a picture.
    pub fn prepare(&mut self, picture: &Picture) -> Result<PreparedPicture, EngineError> {
        let spec = self.letterbox.spec();
        let mut tensor = TensorData::zeros(spec.element, spec.tensor_len());
        let image = picture.image.view();
        let placement = match &mut tensor {
            TensorData::F32(numbers) => self.letterbox.write(image, numbers),
            TensorData::F16(numbers) => self.letterbox.write(image, numbers),
            TensorData::U8(numbers) => self.letterbox.write(image, numbers),
        };
        Ok(PreparedPicture { tensor, placement: placement.map_err(EngineError::Prepare)?, source: picture.source })
    }
}

/// The model card: the configured file, else the file beside the model, if it exists.
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
        // Some exports leave all dimensions free. Assume the usual order, channels first.
        (-1, height, width) => (TensorLayout::Nchw, width, height),
        _ => return Err("neither its second nor its last dimension is 3".to_owned()),
    };
    let element = io.input.element.ok_or("its numbers are neither fp32, fp16 nor uint8")?;
    let side = |given: i64| u32::try_from(given).ok().filter(|side| (1..=8192).contains(side));
    let (width, height) = match (side(width), side(height), layout::input_size(metadata, card)) {
        (Some(width), Some(height), None) => (width, height),
        (Some(width), Some(height), Some(stated)) if stated == (width, height) => stated,
        (Some(width), Some(height), Some(stated)) => {
            let (card_width, card_height) = stated;
            return Err(format!(
                "it takes {width}×{height} pixels, but the card or the metadata state {card_width}×{card_height}"
            ));
        }
        (_, _, Some(stated)) => stated,
        _ => return Err("its size is free, and neither the card nor the metadata state one".to_owned()),
    };
    let card_input = card.map(|card| card.input.clone()).unwrap_or_default();
    if let Some(stated) = card_input.element
        && stated != element
    {
        return Err(format!("its numbers are {element:?}, but the card states {stated:?}"));
    }
    Ok(card_input.spec(width, height, element, layout))
}

fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(|| "model".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

/// The model's version if there is no card: a hash of the file.
fn digest(path: &Path) -> Result<String, EngineError> {
    let bytes = std::fs::read(path).map_err(|source| EngineError::ReadModel { path: path.to_owned(), source })?;
    Ok(hex::encode(&Sha256::digest(&bytes)[..6]))
}
