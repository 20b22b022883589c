//! Detection of the layout of a model's outputs.

use std::fmt;
use std::sync::Arc;

use super::decode_error::LayoutDecodeError;
use super::family::Family;
use super::metadata::{Metadata, input_size, labels};
use super::model_facts::ModelFacts;
use super::registry::FAMILIES;
use super::tensor::{TensorInfo, TensorView};
use crate::detection::RawDetection;
use crate::model_card::{LayoutName, ModelCard};

/// How to read the outputs of one model; created by [`detect`].
#[derive(Debug, Clone)]
pub struct Layout {
    name: LayoutName,
    family: Arc<dyn Family>,
}

impl Layout {
    pub fn name(&self) -> LayoutName {
        self.name
    }

    /// Number of classes; `None` if the shapes do not determine it.
    pub fn classes(&self) -> Option<usize> {
        self.family.classes()
    }

    /// Whether the outputs contain several boxes for one object, so that [`crate::nms::suppress`] is needed. For the other
    /// layouts [`crate::nms::keep_strongest`] is enough.
    pub fn needs_suppression(&self) -> bool {
        self.family.needs_suppression()
    }

    /// Appends the detections of picture `batch` whose score is at least `threshold`, in pixels of the model's input.
    /// `input` is the width and height of that input.
    pub fn decode(
        &self,
        outputs: &[TensorView<'_>],
        batch: usize,
        input: (u32, u32),
        threshold: f32,
        found: &mut Vec<RawDetection>,
    ) -> Result<(), LayoutDecodeError> {
        self.family.decode(outputs, batch, input, threshold, found)
    }
}

/// A model whose outputs cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    #[error("no known layout fits the outputs {}; tried {}", join(.outputs), join(.tried))]
    NoneFits {
        outputs: Vec<TensorInfo>,
        /// Each layout with the reason why it does not fit.
        tried: Vec<Tried>,
    },
    #[error("the model's task is {task:?}, which gives no boxes this program can use; its outputs are {}", join(.outputs))]
    Task {
        /// `task` in the metadata.
        task: String,
        outputs: Vec<TensorInfo>,
    },
    #[error("the outputs {} have {classes} classes, but there are {labels} labels", join(.outputs))]
    Labels {
        /// Number of classes in the outputs.
        classes: usize,
        /// Number of labels in card or metadata.
        labels: usize,
        outputs: Vec<TensorInfo>,
    },
}

/// A layout that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    pub layout: LayoutName,
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

// No data set has more classes; a larger number means that the shape was misread.
const MAX_CLASSES: usize = 10_000;

/// Detects the layout of a model's outputs: the one that the card names, else the first that fits metadata and shapes.
pub fn detect(outputs: &[TensorInfo], metadata: &Metadata, card: Option<&ModelCard>) -> Result<Layout, LayoutError> {
    if let Some(task) = metadata.get("task")
        && !matches!(task.as_str(), "detect" | "segment" | "pose")
    {
        return Err(LayoutError::Task { task: task.clone(), outputs: outputs.to_vec() });
    }
    let label_count = labels(metadata, card).len();
    let model = ModelFacts {
        outputs,
        metadata,
        labels: (label_count > 0).then_some(label_count),
        card: card.map(|card| card.output.clone()).unwrap_or_default(),
        input: input_size(metadata, card),
    };
    let named = model.card.layout;
    let mut tried = Vec::new();
    for &(name, fit) in FAMILIES.iter().filter(|(name, _)| named.is_none_or(|named| named == *name)) {
        match fit(&model).and_then(check_class_count) {
            Ok(family) => return check_labels(Layout { name, family }, label_count, outputs),
            Err(reason) => tried.push(Tried { layout: name, reason }),
        }
    }
    Err(LayoutError::NoneFits { outputs: outputs.to_vec(), tried })
}

fn check_class_count(family: Arc<dyn Family>) -> Result<Arc<dyn Family>, String> {
    match family.classes() {
        Some(classes) if classes > MAX_CLASSES => Err(format!("{classes} classes")),
        _ => Ok(family),
    }
}

/// With a wrong number of labels every box would get the wrong name.
fn check_labels(layout: Layout, labels: usize, outputs: &[TensorInfo]) -> Result<Layout, LayoutError> {
    match layout.classes() {
        Some(classes) if labels > 0 && classes != labels => {
            Err(LayoutError::Labels { classes, labels, outputs: outputs.to_vec() })
        }
        _ => Ok(layout),
    }
}
