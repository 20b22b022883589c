//! The properties of a model besides its weights: its input, its output layout, labels and thresholds.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use vru_media::jpeg::Size;
use vru_vision::detection::{Detection, RawDetection};
use vru_vision::layout::{self, Layout, Run, TensorInfo, TensorView};
use vru_vision::letterbox::{InputSpec, Letterbox, Placement};
use vru_vision::model_card::{ModelCard, Thresholds};
use vru_vision::nms::{self, NmsConfig};
use vru_vision::road_user::{LabelMap, LabelledDetection, RoadUserClass, fuse_riders};
use vru_vision::tracker::TrackerConfig;

use crate::backend::{ModelIo, OutputTensor, TensorData, TensorPort, input_spec};
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
    /// The names of the classes are not the model's own: a warning that says so.
    pub assumed_labels: Option<String>,
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
    /// Combines the properties in the file, its card and the configuration, and what a first run shows. Fails if the model's
    /// input or outputs cannot be used. `digest` identifies the weights; a test's backend has none.
    pub fn new(
        config: &ModelConfig,
        io: &ModelIo,
        path: &Path,
        digest: Option<&str>,
        card: Option<&ModelCard>,
        first_run: Option<&[OutputTensor]>,
    ) -> Result<Self, EngineError> {
        let metadata: HashMap<String, String> = io.metadata.clone().into_iter().collect();
        let infos: Vec<TensorInfo> = io.outputs.iter().map(info).collect();
        let input = input_spec(io, card)?;
        let layout = match first_run {
            Some(outputs) => {
                let run = Run { outputs: &views(outputs), input: (input.width, input.height) };
                layout::detect_with_run(&infos, &metadata, card, run)
            }
            None => layout::detect(&infos, &metadata, card),
        };
        let layout = layout.map_err(|source| EngineError::Layout { input: Box::new(io.input.clone()), source })?;
        let stated = layout::labels(&metadata, card);
        let (names, assumed_labels) = if stated.is_empty() { assume_names(&layout, io)? } else { (stated, None) };
        let labels = LabelMap::new(&names);
        if labels.road_user_labels() == 0 {
            return Err(EngineError::Labels { count: names.len() });
        }
        let mut thresholds = card.map(|card| card.thresholds).unwrap_or_default();
        thresholds.score = config.score_threshold.unwrap_or(thresholds.score);
        thresholds.nms_iou = config.iou_threshold.unwrap_or(thresholds.nms_iou);
        let input = match card {
            Some(_) => input,
            None => layout.usual_input().spec(input.width, input.height, input.element, input.layout),
        };
        let name = card.map_or_else(|| stem(path), |card| card.name.clone());
        let version = version(card, digest);
        let tracker = card.map(|card| card.tracker.clone()).unwrap_or_default();
        Ok(Self { name, version, input, layout, thresholds, tracker, assumed_labels, labels })
    }

    /// A preparer for one thread.
    pub fn preparer(&self) -> Result<Preparer, EngineError> {
        Ok(Preparer::new(Letterbox::new(self.input.clone()).map_err(EngineError::Prepare)?))
    }

    /// The smallest size at which a picture of `width`×`height` pixels may be decoded without loss for the model.
    pub fn wanted_size(&self, width: u32, height: u32) -> Size {
        let placement = Placement::of(&self.input, width, height);
        Size { width: placement.width, height: placement.height }
    }

    /// The classes of road users that the model can find, ascending.
    pub fn classes(&self) -> Vec<RoadUserClass> {
        self.labels.classes()
    }

    /// The road users in the model's output, in pixels of the camera's original picture.
    pub fn detections(
        &self,
        output: &ModelOutput,
        placement: Placement,
        source: Size,
    ) -> Result<Vec<Detection>, EngineError> {
        let views = views(&output.outputs);
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
    pub(crate) fn new(letterbox: Letterbox) -> Self {
        Self { letterbox }
    }

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

fn views(outputs: &[OutputTensor]) -> Vec<TensorView<'_>> {
    outputs.iter().map(|tensor| TensorView { shape: &tensor.dims, data: &tensor.data }).collect()
}

/// The names that COCO gives to so many classes, for a model that neither card nor metadata name them, and a warning.
fn assume_names(layout: &Layout, io: &ModelIo) -> Result<(Vec<String>, Option<String>), EngineError> {
    // Names that cannot be read may be any.
    let assumed =
        if io.metadata.contains_key("names") { None } else { layout.classes().and_then(layout::assumed_labels) };
    let refused = || EngineError::NoLabels { classes: layout.classes(), outputs: io.outputs.clone() };
    let names = assumed.ok_or_else(refused)?;
    tracing::warn!(classes = names.len(), "nothing names the model's classes: the names of COCO are assumed");
    let warning = format!(
        "nothing names the model's {} classes: the names of COCO are assumed; if they are others, list them in labels of a card",
        names.len()
    );
    Ok((names, Some(warning)))
}

fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(|| "model".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

/// The card's version with the digest of the weights, so that it changes when they do.
fn version(card: Option<&ModelCard>, digest: Option<&str>) -> String {
    match (card, digest) {
        (Some(card), Some(digest)) => format!("{}+{digest}", card.version),
        (Some(card), None) => card.version.clone(),
        (None, digest) => digest.unwrap_or("unknown").to_owned(),
    }
}
