//! Deciding which family of detector wrote the outputs.

use std::fmt;

use super::decode::{Family, Layout};
use super::detr::Detr;
use super::end2end::End2End;
use super::metadata::{Metadata, input_size, labels};
use super::nanodet::NanoDet;
use super::tensor::TensorInfo;
use super::yolov5::YoloV5;
use super::yolov8::YoloV8;
use super::yolox::YoloX;
use crate::model_card::{LayoutName, ModelCard, OutputCard};

/// A model whose outputs cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// No layout fits.
    #[error("no known layout fits the outputs {}; tried {}", join(.outputs), join(.tried))]
    NoneFits {
        /// The model's outputs.
        outputs: Vec<TensorInfo>,
        /// Each layout with the reason why it does not fit.
        tried: Vec<Tried>,
    },
    /// The model does something else.
    #[error("the model's task is {task:?}, which gives no boxes this program can use; its outputs are {}", join(.outputs))]
    Task {
        /// What the metadata says.
        task: String,
        /// The model's outputs.
        outputs: Vec<TensorInfo>,
    },
    /// The card's labels are not as many as the model's classes.
    #[error("the outputs {} have {classes} classes, but there are {labels} labels", join(.outputs))]
    Labels {
        /// Classes of the outputs.
        classes: usize,
        /// Labels of card or metadata.
        labels: usize,
        /// The model's outputs.
        outputs: Vec<TensorInfo>,
    },
}

/// A layout that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// Which one.
    pub layout: LayoutName,
    /// Why it does not fit.
    pub reason: String,
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} ({})", self.layout, self.reason)
    }
}

fn join<T: ToString>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

// What can be told with more certainty is tried first.
const ORDER: [LayoutName; 6] = [
    LayoutName::Detr,
    LayoutName::NanoDet,
    LayoutName::End2End,
    LayoutName::YoloV8,
    LayoutName::YoloX,
    LayoutName::YoloV5,
];

// More than any data set has: the shape is something else.
const MAX_CLASSES: usize = 10_000;

/// Decides how a model's outputs are read: as the card says, else from metadata and shapes.
pub fn detect(outputs: &[TensorInfo], metadata: &Metadata, card: Option<&ModelCard>) -> Result<Layout, LayoutError> {
    if let Some(task) = metadata.get("task")
        && !matches!(task.as_str(), "detect" | "segment" | "pose")
    {
        return Err(LayoutError::Task { task: task.clone(), outputs: outputs.to_vec() });
    }
    let label_count = labels(metadata, card).len();
    let from_card = card.map(|card| card.output.clone()).unwrap_or_default();
    let candidates = from_card.layout.map_or(ORDER.to_vec(), |layout| vec![layout]);
    let facts = Facts {
        outputs,
        metadata,
        labels: (label_count > 0).then_some(label_count),
        card: from_card,
        input: input_size(metadata, card),
    };
    let mut tried = Vec::new();
    for layout in candidates {
        match fit(layout, &facts).and_then(believable) {
            Ok(layout) => return check_labels(layout, label_count, outputs),
            Err(reason) => tried.push(Tried { layout, reason }),
        }
    }
    Err(LayoutError::NoneFits { outputs: outputs.to_vec(), tried })
}

fn fit(layout: LayoutName, facts: &Facts<'_>) -> Result<Family, String> {
    match layout {
        LayoutName::YoloV5 => YoloV5::fit(facts).map(Family::YoloV5),
        LayoutName::YoloV8 => YoloV8::fit(facts).map(Family::YoloV8),
        LayoutName::End2End => End2End::fit(facts).map(Family::End2End),
        LayoutName::YoloX => YoloX::fit(facts).map(Family::YoloX),
        LayoutName::NanoDet => NanoDet::fit(facts).map(Family::NanoDet),
        LayoutName::Detr => Detr::fit(facts).map(Family::Detr),
    }
}

fn believable(family: Family) -> Result<Layout, String> {
    let layout = Layout(family);
    match layout.classes() {
        Some(classes) if classes > MAX_CLASSES => Err(format!("{classes} classes")),
        _ => Ok(layout),
    }
}

/// Labels that are one too few or many would give every box the wrong name.
fn check_labels(layout: Layout, labels: usize, outputs: &[TensorInfo]) -> Result<Layout, LayoutError> {
    match layout.classes() {
        Some(classes) if labels > 0 && classes != labels => {
            Err(LayoutError::Labels { classes, labels, outputs: outputs.to_vec() })
        }
        _ => Ok(layout),
    }
}

/// What is known about a model when its layout is decided.
pub(super) struct Facts<'a> {
    pub outputs: &'a [TensorInfo],
    pub metadata: &'a Metadata,
    pub labels: Option<usize>,
    pub card: OutputCard,
    pub input: Option<(u32, u32)>,
}

impl Facts<'_> {
    /// Outputs of three dimensions with their position.
    pub fn matrices(&self) -> impl Iterator<Item = (usize, [i64; 3])> {
        self.outputs
            .iter()
            .enumerate()
            .filter_map(|(at, output)| Some((at, <[i64; 3]>::try_from(output.shape.as_slice()).ok()?)))
    }

    /// Positions of the outputs of that many dimensions.
    pub fn of_rank(&self, rank: usize) -> impl Iterator<Item = usize> {
        self.outputs.iter().enumerate().filter(move |(_, output)| output.shape.len() == rank).map(|(at, _)| at)
    }

    /// The one output of three dimensions. Others, such as feature maps or masks, do not matter.
    pub fn only_matrix(&self) -> Result<(usize, [i64; 3]), String> {
        let mut matrices = self.matrices();
        match (matrices.next(), matrices.next()) {
            (Some(only), None) => Ok(only),
            (None, _) => Err("no output has 3 dimensions".to_owned()),
            (Some(_), Some(_)) => Err("more than one output has 3 dimensions".to_owned()),
        }
    }

    /// Whether numbers follow the class scores: mask coefficients or key points.
    pub fn has_extras(&self) -> bool {
        self.metadata.get("task").is_some_and(|task| task == "segment" || task == "pose")
    }

    /// Whether the exporter says that duplicates are removed.
    pub fn is_end2end(&self) -> bool {
        self.metadata.get("end2end").is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Whether the metadata is that of Ultralytics' exporter (YOLOv5, v8, 11, and their RT-DETR).
    pub fn is_ultralytics(&self) -> bool {
        self.metadata.contains_key("names") && self.metadata.contains_key("stride")
    }
}
