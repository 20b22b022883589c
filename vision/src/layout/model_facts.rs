//! The inputs of layout detection.

use super::metadata::Metadata;
use super::tensor::TensorInfo;
use crate::model_card::OutputCard;

/// Everything known about a model before its layout is detected.
pub(super) struct ModelFacts<'a> {
    pub outputs: &'a [TensorInfo],
    pub metadata: &'a Metadata,
    /// Number of labels in the card or the metadata; `None` if neither has any.
    pub labels: Option<usize>,
    pub card: OutputCard,
    /// Width and height of the model's input, if card or metadata give them.
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

    /// The only output with three dimensions. Outputs of other ranks, such as feature maps or masks, are ignored.
    pub fn only_matrix(&self) -> Result<(usize, [i64; 3]), String> {
        let mut matrices = self.matrices();
        match (matrices.next(), matrices.next()) {
            (Some(only), None) => Ok(only),
            (None, _) => Err("no output has 3 dimensions".to_owned()),
            (Some(_), Some(_)) => Err("more than one output has 3 dimensions".to_owned()),
        }
    }

    /// Whether mask coefficients or key points follow the class scores.
    pub fn has_extras(&self) -> bool {
        self.metadata.get("task").is_some_and(|task| task == "segment" || task == "pose")
    }

    /// Whether the metadata say that NMS is part of the model.
    pub fn is_end2end(&self) -> bool {
        self.metadata.get("end2end").is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Whether Ultralytics' exporter wrote the metadata (YOLOv5, v8, 11, and their RT-DETR).
    pub fn is_ultralytics(&self) -> bool {
        self.metadata.contains_key("names") && self.metadata.contains_key("stride")
    }
}
