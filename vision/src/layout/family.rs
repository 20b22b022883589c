//! What every family of output layouts implements.

use std::fmt::Debug;

use super::decode_error::LayoutDecodeError;
use super::evidence::Run;
use super::model_facts::ModelFacts;
use super::tensor::TensorView;
use crate::detection::RawDetection;
use crate::model_card::InputCard;

/// How much speaks for a family besides the shapes. If several families fit, the more certain one is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Certainty {
    /// The shapes fit.
    Plausible,
    /// The number of rows is that of the grids of this input.
    Counted,
    /// Card or metadata say so.
    Stated,
}

impl Certainty {
    /// Of a family whose rows or columns are counted. `named`: the card names the family. `counted`: see [`ModelFacts::counts_cells`].
    pub fn of_rows(named: bool, counted: Option<bool>) -> Self {
        match counted {
            _ if named => Self::Stated,
            Some(true) => Self::Counted,
            _ => Self::Plausible,
        }
    }
}

/// A family of output layouts, fitted to the outputs of one model.
///
/// A new family is a file with one implementation, a variant of [`crate::model_card::LayoutName`], and a line in
/// `registry.rs`.
pub(super) trait Family: Debug + Send + Sync {
    /// Fits the family to a model. The error says why the outputs cannot be of this family.
    fn fit(model: &ModelFacts<'_>) -> Result<Self, String>
    where
        Self: Sized;

    fn certainty(&self) -> Certainty {
        Certainty::Plausible
    }

    /// Settles what the shapes leave open by the numbers of a run. The error says what they contradict.
    fn settle(&mut self, model: &ModelFacts<'_>, run: Run<'_>) -> Result<(), String>;

    /// Indices of the outputs that are read.
    fn outputs(&self) -> Vec<usize>;

    /// Number of classes; `None` if the shapes do not determine it.
    fn classes(&self) -> Option<usize>;

    /// Whether the outputs contain several boxes for one object, so that NMS must follow.
    fn needs_suppression(&self) -> bool {
        true
    }

    /// The input that models of this family are trained with, for a model without a card.
    fn usual_input(&self, _model: &ModelFacts<'_>) -> InputCard {
        InputCard::default()
    }

    /// Appends the detections of picture `batch` whose score is at least `threshold`, in pixels of the model's input.
    /// `input` is the width and height of that input.
    fn decode(
        &self,
        outputs: &[TensorView<'_>],
        batch: usize,
        input: (u32, u32),
        threshold: f32,
        found: &mut Vec<RawDetection>,
    ) -> Result<(), LayoutDecodeError>;
}
