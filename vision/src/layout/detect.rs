//! Detection of the layout of a model's outputs.

use std::fmt;
use std::sync::Arc;

use super::advice::advice;
use super::coco::assumed_labels;
use super::decode_error::LayoutDecodeError;
use super::evidence::Run;
use super::family::{Certainty, Family};
use super::metadata::{Metadata, input_size, labels};
use super::model_facts::ModelFacts;
use super::registry::FAMILIES;
use super::tensor::{TensorInfo, TensorView};
use crate::detection::RawDetection;
use crate::model_card::{InputCard, LayoutName, ModelCard};

/// How to read the outputs of one model; created by [`detect`].
#[derive(Debug, Clone)]
pub struct Layout {
    name: LayoutName,
    usual_input: InputCard,
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

    /// Indices of the outputs that [`Layout::decode`] reads.
    pub fn outputs(&self) -> Vec<usize> {
        self.family.outputs()
    }

    /// The input that models of this family are trained with: what to assume for a model without a card.
    pub fn usual_input(&self) -> &InputCard {
        &self.usual_input
    }

    /// Whether the outputs contain several boxes for one object, so that [`crate::nms::suppress`] is needed. For the other
    /// layouts [`crate::nms::keep_strongest`] is enough.
    pub fn needs_suppression(&self) -> bool {
        self.family.needs_suppression()
    }

    /// Appends the detections of picture `batch` whose score is at least `threshold`, in pixels of the model's input. Of some
    /// ten thousands, the strongest are kept. `input` is the width and height of that input.
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
    #[error(
        "no known layout fits the outputs {} (task {task}); tried {}; {}",
        join(.outputs), join(.tried), advice(.outputs)
    )]
    NoneFits {
        outputs: Vec<TensorInfo>,
        task: String,
        /// Each layout with the reason why it does not fit.
        tried: Vec<Tried>,
    },
    #[error(
        "several layouts fit the outputs {} (task {task}): {}; a model card has to state which in output.layout",
        join(.outputs), .fit.iter().map(|name| format!("{name:?}").to_lowercase()).collect::<Vec<_>>().join(", ")
    )]
    Ambiguous { outputs: Vec<TensorInfo>, task: String, fit: Vec<LayoutName> },
    #[error(
        "the model's task is {task:?}, which gives no boxes this program can use; its outputs are {}; \
         no card can change this: export a model of the task detect, segment or pose",
        join(.outputs)
    )]
    Task {
        /// `task` in the metadata.
        task: String,
        outputs: Vec<TensorInfo>,
    },
    #[error(
        "the outputs {} have {classes} classes, but there are {labels} labels: a model card has to state one label for each class",
        join(.outputs)
    )]
    Labels {
        /// Number of classes in the outputs.
        classes: usize,
        /// Number of labels in card or metadata.
        labels: usize,
        outputs: Vec<TensorInfo>,
    },
    #[error("output {output} has more than {MAX_OUTPUT_NUMBERS} numbers per picture")]
    TooLarge { output: TensorInfo },
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

/// Numbers of one output per picture, 128 MiB: several times the largest real detector.
pub const MAX_OUTPUT_NUMBERS: usize = 1 << 25;

/// Detects the layout from metadata, names and shapes alone.
pub fn detect(outputs: &[TensorInfo], metadata: &Metadata, card: Option<&ModelCard>) -> Result<Layout, LayoutError> {
    find(outputs, metadata, card, None)
}

/// Detects the layout from metadata, names, shapes, and the numbers of a run on a picture, best of a street. The run gives free
/// dimensions their size, and shows what shapes leave open.
pub fn detect_with_run(
    outputs: &[TensorInfo],
    metadata: &Metadata,
    card: Option<&ModelCard>,
    run: Run<'_>,
) -> Result<Layout, LayoutError> {
    let sized = |(at, declared): (usize, &TensorInfo)| match run.outputs.get(at) {
        Some(view) => declared.sized(view.shape),
        None => declared.clone(),
    };
    let outputs: Vec<TensorInfo> = outputs.iter().enumerate().map(sized).collect();
    find(&outputs, metadata, card, Some(run))
}

/// The only layout that fits, or the most certain of those that fit.
fn find(
    outputs: &[TensorInfo],
    metadata: &Metadata,
    card: Option<&ModelCard>,
    run: Option<Run<'_>>,
) -> Result<Layout, LayoutError> {
    let task = metadata.get("task");
    if let Some(task) = task
        && !matches!(task.as_str(), "detect" | "segment" | "pose")
    {
        return Err(LayoutError::Task { task: task.clone(), outputs: outputs.to_vec() });
    }
    let task = task.map_or("not stated", String::as_str).to_owned();
    let label_count = labels(metadata, card).len();
    let model = ModelFacts {
        outputs,
        metadata,
        labels: (label_count > 0).then_some(label_count),
        card: card.map(|card| card.output.clone()).unwrap_or_default(),
        input: run.map(|run| run.input).or_else(|| input_size(metadata, card)),
    };
    let named = model.card.layout;
    let (mut fitting, mut tried) = (Vec::new(), Vec::new());
    for &(names, fit) in FAMILIES.iter().filter(|(names, _)| named.is_none_or(|named| names.contains(&named))) {
        let name = names[0];
        let settled = fit(&model).and_then(check_class_count).and_then(|mut family| {
            run.map_or(Ok(()), |run| family.settle(&model, run))?;
            Ok(family)
        });
        match settled {
            Ok(family) => fitting.push((name, family)),
            Err(reason) => tried.push(Tried { layout: name, reason }),
        }
    }
    let certainty = fitting.iter().map(|(_, family)| family.certainty()).max().unwrap_or(Certainty::Plausible);
    fitting.retain(|(_, family)| family.certainty() == certainty);
    // Without names, a number of classes that some data set has is more probable than any other.
    let usual = |family: &dyn Family| family.classes().is_none_or(|classes| assumed_labels(classes).is_some());
    if model.labels.is_none() && fitting.iter().any(|(_, family)| usual(family.as_ref())) {
        fitting.retain(|(_, family)| usual(family.as_ref()));
    }
    let Some((name, family)) = fitting.pop() else {
        return Err(LayoutError::NoneFits { outputs: outputs.to_vec(), task, tried });
    };
    if !fitting.is_empty() {
        let fit = fitting.into_iter().map(|(name, _)| name).chain([name]).collect();
        return Err(LayoutError::Ambiguous { outputs: outputs.to_vec(), task, fit });
    }
    let usual_input = family.usual_input(&model);
    check(Layout { name, usual_input, family: Arc::from(family) }, label_count, outputs)
}

fn check_class_count(family: Box<dyn Family>) -> Result<Box<dyn Family>, String> {
    match family.classes() {
        Some(classes) if classes > MAX_CLASSES => Err(format!("{classes} classes")),
        _ => Ok(family),
    }
}

/// With a wrong number of labels every box would get the wrong name, and an output without a bound could take all memory.
fn check(layout: Layout, labels: usize, outputs: &[TensorInfo]) -> Result<Layout, LayoutError> {
    for output in layout.outputs().into_iter().filter_map(|at| outputs.get(at)) {
        if output.numbers_per_picture() > MAX_OUTPUT_NUMBERS {
            return Err(LayoutError::TooLarge { output: output.clone() });
        }
    }
    match layout.classes() {
        Some(classes) if labels > 0 && classes != labels => {
            Err(LayoutError::Labels { classes, labels, outputs: outputs.to_vec() })
        }
        _ => Ok(layout),
    }
}
