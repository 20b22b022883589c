//! The inputs of layout detection.

use super::coco::assumed_labels;
use super::grid::cells_of_any;
use super::metadata::{Metadata, numbers, states};
use super::tensor::TensorInfo;
use crate::model_card::{LayoutName, OutputCard};

/// Mask coefficients of a segmentation model whose masks are not among its outputs.
const USUAL_MASKS: usize = 32;

/// Everything known about a model before its layout is detected.
pub(super) struct ModelFacts<'a> {
    pub outputs: &'a [TensorInfo],
    pub metadata: &'a Metadata,
    /// Number of labels in the card or the metadata; `None` if neither has any.
    pub labels: Option<usize>,
    pub card: OutputCard,
    /// Width and height of the model's input, if they are known.
    pub input: Option<(u32, u32)>,
}

impl ModelFacts<'_> {
    /// The outputs with three dimensions, each with its index.
    pub fn matrices(&self) -> impl Iterator<Item = (usize, [i64; 3])> {
        self.outputs
            .iter()
            .enumerate()
            .filter_map(|(at, output)| Some((at, <[i64; 3]>::try_from(output.shape.as_slice()).ok()?)))
    }

    /// Indices of the outputs with `rank` dimensions.
    pub fn of_rank(&self, rank: usize) -> impl Iterator<Item = usize> {
        self.outputs.iter().enumerate().filter(move |(_, output)| output.shape.len() == rank).map(|(at, _)| at)
    }

    /// Whether the name of an output contains `part`.
    pub fn is_called(&self, output: usize, part: &str) -> bool {
        self.outputs[output].name.to_lowercase().contains(part)
    }

    /// The only output with three dimensions. Outputs of other ranks, such as feature maps or masks, are ignored.
    pub fn only_matrix(&self) -> Result<(usize, [i64; 3]), String> {
        let mut matrices = self.matrices();
        match (matrices.next(), matrices.next()) {
            (Some(only), None) => Ok(only),
            (None, _) => Err("no output has 3 dimensions".to_owned()),
            (Some(_), Some(_)) => Err("more than one output has 3 dimensions".to_owned()),
        }
    }

    pub fn is_named(&self, layout: LayoutName) -> bool {
        self.card.layout == Some(layout)
    }

    /// How many numbers may follow the classes of each box: mask coefficients or key points. They must not be read as classes.
    pub fn extras(&self) -> Result<Vec<usize>, String> {
        if let Some(extras) = self.card.extras {
            return Ok(vec![extras as usize]);
        }
        // `1×32×160×160`: the masks that the coefficients weigh.
        let masks = self.of_rank(4).find_map(|at| usize::try_from(self.outputs[at].shape[1]).ok());
        match self.metadata.get("task").map(String::as_str) {
            Some("pose") => {
                match self.metadata.get("kpt_shape").map(|text| numbers(text)).as_deref() {
                    Some(&[points, dimensions]) => Ok(vec![(points as usize).saturating_mul(dimensions as usize)]),
                    _ => Err("the task is pose, but the metadata have no kpt_shape: state output.extras in a card"
                        .to_owned()),
                }
            }
            Some("segment") => Ok(vec![masks.unwrap_or(USUAL_MASKS)]),
            Some(_) => Ok(vec![0]),
            None => Ok(std::iter::once(0).chain(masks).collect()),
        }
    }

    /// Number of classes in a row of `length` numbers, of which `others` are no class scores: coordinates and objectness.
    pub fn classes_in(&self, length: usize, others: usize) -> Result<usize, String> {
        let extras = self.extras()?;
        let possible: Vec<usize> =
            extras.iter().filter_map(|extras| length.checked_sub(others + extras)).filter(|count| *count > 0).collect();
        let refuse =
            |labels: String| format!("{length} numbers are not {others} numbers, {labels} and {extras:?} others");
        match self.labels {
            Some(labels) if possible.contains(&labels) => Ok(labels),
            Some(labels) => Err(refuse(format!("{labels} classes (the number of labels)"))),
            None => {
                let usual = possible.iter().copied().find(|count| assumed_labels(*count).is_some());
                match (usual, &possible[..]) {
                    (Some(usual), _) => Ok(usual),
                    (None, &[only]) => Ok(only),
                    (None, _) => Err(refuse("at least one class".to_owned())),
                }
            }
        }
    }

    /// Whether `rows` is the number of cells of usual grids, times `each`. `None` if the rows or the size of the input are unknown.
    pub fn counts_cells(&self, rows: i64, each: usize) -> Option<bool> {
        let rows = usize::try_from(rows).ok()?;
        self.input.map(|input| cells_of_any(self.card.strides.as_deref(), input, rows, each))
    }

    /// Whether the metadata say that NMS is part of the model.
    pub fn states_nms(&self) -> bool {
        self.metadata.get("end2end").is_some_and(|value| value.eq_ignore_ascii_case("true"))
            || self.metadata.get("nms").is_some_and(|value| value.eq_ignore_ascii_case("true"))
            || self.metadata.get("args").is_some_and(|args| states(args, "nms"))
    }

    /// Fails if the metadata say that NMS is part of the model, for a family without it that the card does not name.
    pub fn check_without_nms(&self, named: bool) -> Result<(), String> {
        if self.states_nms() && !named {
            return Err("the metadata say that NMS is part of the model".to_owned());
        }
        Ok(())
    }

    /// Whether Ultralytics' exporter wrote the metadata (YOLOv5, v8, 11, and their RT-DETR).
    pub fn is_ultralytics(&self) -> bool {
        self.metadata.contains_key("names") && self.metadata.contains_key("stride")
    }

    /// Whether the metadata describe a detection transformer.
    pub fn is_described_as_detr(&self) -> bool {
        self.metadata.get("description").is_some_and(|text| text.to_lowercase().replace('-', "").contains("rtdetr"))
    }
}
