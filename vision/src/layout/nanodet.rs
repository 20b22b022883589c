//! NanoDet: class scores, and for each side of the box the distance from the cell's anchor as a distribution.
//!
//! Either one output, `1×N×(C+4·(R+1))`, or two outputs per stride: `1×cells×C` and `1×cells×4·(R+1)`.

use super::candidates::push;
use super::decode_error::LayoutDecodeError;
use super::evidence::{Run, score_form};
use super::family::{Certainty, Family};
use super::grid::{Grid, USUAL_STRIDES, grids, grids_of};
use super::model_facts::ModelFacts;
use super::scores::{largest, logit, sigmoid};
use super::tensor::{TensorView, matrix};
use crate::detection::RawDetection;
use crate::geometry::Rect;
use crate::model_card::{LayoutName, ScoreForm};

const USUAL_REG_MAX: u32 = 7;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct NanoDet {
    outputs: NanoDetOutputs,
    classes: usize,
    // Numbers in the distribution of one side.
    bins: usize,
    strides: Vec<u32>,
    cell_offset: f32,
    // The scores are logits, not probabilities.
    logits: bool,
    certainty: Certainty,
}

#[derive(Debug, Clone, PartialEq)]
enum NanoDetOutputs {
    Joined(usize),
    // One pair per stride, in the order of the strides.
    Pairs(Vec<OutputPair>),
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct OutputPair {
    scores: usize,
    distances: usize,
}

impl Family for NanoDet {
    fn fit(model: &ModelFacts<'_>) -> Result<Self, String> {
        let bins = model.card.reg_max.unwrap_or(USUAL_REG_MAX) as usize + 1;
        let strides = model.card.strides.clone().unwrap_or_else(|| USUAL_STRIDES.to_vec());
        let (outputs, classes) =
            if model.matrices().count() == 1 { joined(model, bins)? } else { pairs(model, bins, strides.len())? };
        Ok(Self {
            outputs,
            classes,
            bins,
            strides,
            cell_offset: model.card.cell_offset.unwrap_or(0.5),
            logits: model.card.scores == Some(ScoreForm::Sigmoid),
            certainty: if model.is_named(LayoutName::NanoDet) { Certainty::Stated } else { Certainty::Plausible },
        })
    }

    fn certainty(&self) -> Certainty {
        self.certainty
    }

    fn settle(&mut self, model: &ModelFacts<'_>, run: Run<'_>) -> Result<(), String> {
        let wrong = |error: LayoutDecodeError| error.to_string();
        let scores: Vec<f32> = match &self.outputs {
            NanoDetOutputs::Joined(output) => {
                let columns = self.classes + 4 * self.bins;
                let rows = matrix(run.outputs, *output, 0).and_then(|rows| rows.with_columns(*output, columns));
                rows.map_err(wrong)?.iter_rows().flat_map(|row| &row[..self.classes]).copied().collect()
            }
            NanoDetOutputs::Pairs(pairs) => {
                let mut scores = Vec::new();
                for pair in pairs {
                    scores.extend_from_slice(matrix(run.outputs, pair.scores, 0).map_err(wrong)?.data);
                }
                scores
            }
        };
        self.logits = score_form(model.card.scores, ScoreForm::Sigmoid, scores.into_iter())? != ScoreForm::Activated;
        // Shows that the grids fit this input.
        self.decode(run.outputs, 0, run.input, 0.99, &mut Vec::new()).map_err(wrong)
    }

    fn outputs(&self) -> Vec<usize> {
        match &self.outputs {
            NanoDetOutputs::Joined(output) => vec![*output],
            NanoDetOutputs::Pairs(pairs) => pairs.iter().flat_map(|pair| [pair.scores, pair.distances]).collect(),
        }
    }

    fn classes(&self) -> Option<usize> {
        Some(self.classes)
    }

    fn decode(
        &self,
        outputs: &[TensorView<'_>],
        batch: usize,
        input: (u32, u32),
        threshold: f32,
        found: &mut Vec<RawDetection>,
    ) -> Result<(), LayoutDecodeError> {
        // Compare the scores as the model wrote them, and convert only those that pass to probabilities.
        let raw_threshold = if self.logits { logit(threshold) } else { threshold };
        match &self.outputs {
            NanoDetOutputs::Joined(output) => {
                let columns = self.classes + 4 * self.bins;
                let rows = matrix(outputs, *output, batch)?.with_columns(*output, columns)?;
                let mut each_row = rows.iter_rows();
                for grid in grids_of(&self.strides, input, *output, rows.rows)? {
                    let level = each_row.by_ref().take(grid.len()).map(|row| row.split_at(self.classes));
                    self.decode_grid(grid, level, raw_threshold, found);
                }
            }
            NanoDetOutputs::Pairs(pairs) => {
                for (pair, grid) in pairs.iter().zip(grids(&self.strides, input)) {
                    let scores = matrix(outputs, pair.scores, batch)?.with_columns(pair.scores, self.classes)?;
                    let distances =
                        matrix(outputs, pair.distances, batch)?.with_columns(pair.distances, 4 * self.bins)?;
                    for (output, rows) in [(pair.scores, scores.rows), (pair.distances, distances.rows)] {
                        if rows != grid.len() {
                            return Err(LayoutDecodeError::Grid { output, rows, needed: grid.len() });
                        }
                    }
                    self.decode_grid(grid, scores.iter_rows().zip(distances.iter_rows()), raw_threshold, found);
                }
            }
        }
        Ok(())
    }
}

impl NanoDet {
    fn decode_grid<'a>(
        &self,
        grid: Grid,
        rows: impl Iterator<Item = (&'a [f32], &'a [f32])>,
        raw_threshold: f32,
        found: &mut Vec<RawDetection>,
    ) {
        for (at, (scores, distances)) in rows.enumerate() {
            let Some((class, best)) = largest(scores).filter(|&(_, best)| best >= raw_threshold) else { continue };
            let score = if self.logits { sigmoid(best) } else { best };
            let rect = self.rect(grid, at, distances);
            push(found, RawDetection { rect, class_index: class as u32, score });
        }
    }

    fn rect(&self, grid: Grid, at: usize, distances: &[f32]) -> Rect {
        let stride = grid.stride as f32;
        let (column, line) = grid.cell(at);
        let (x, y) = ((column + self.cell_offset) * stride, (line + self.cell_offset) * stride);
        let side = |at: usize| mean_distance(&distances[at * self.bins..(at + 1) * self.bins]) * stride;
        Rect::from_edges(x - side(0), y - side(1), x + side(2), y + side(3))
    }
}

/// The mean of a distribution over 0, 1, 2 … whose weights are given as logits.
fn mean_distance(logits: &[f32]) -> f32 {
    let most = logits.iter().fold(f32::NEG_INFINITY, |most, &logit| if logit > most { logit } else { most });
    let (mut total, mut mean) = (0.0, 0.0);
    for (distance, logit) in logits.iter().enumerate() {
        let weight = (logit - most).exp();
        total += weight;
        mean += weight * distance as f32;
    }
    mean / total
}

fn joined(model: &ModelFacts<'_>, bins: usize) -> Result<(NanoDetOutputs, usize), String> {
    let (output, [_, _, columns]) = model.only_matrix()?;
    let labels = model.labels.ok_or("one output alone needs labels to separate the class scores from the distances")?;
    if columns != (labels + 4 * bins) as i64 {
        return Err(format!(
            "a row of {columns} numbers is not {labels} classes and 4 distributions of {bins} numbers"
        ));
    }
    Ok((NanoDetOutputs::Joined(output), labels))
}

/// Pairs the outputs by their number of cells: the more cells, the smaller the stride.
fn pairs(model: &ModelFacts<'_>, bins: usize, levels: usize) -> Result<(NanoDetOutputs, usize), String> {
    let matrices: Vec<_> = model.matrices().collect();
    if matrices.len() != 2 * levels {
        return Err(format!(
            "{} outputs with 3 dimensions are not one pair per stride of {levels} strides",
            matrices.len()
        ));
    }
    if matrices.iter().any(|(_, [_, cells, _])| *cells < 1) {
        return Err("a number of cells is dynamic".to_owned());
    }
    let is_distances = |columns: i64| columns == 4 * bins as i64;
    let is_scores = |columns: i64| model.labels.map_or(!is_distances(columns), |labels| columns == labels as i64);
    let mut sizes: Vec<i64> = matrices.iter().map(|(_, [_, cells, _])| *cells).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    sizes.dedup();
    let mut pairs = Vec::new();
    let mut classes = None;
    for cells in sizes {
        let of_size = || matrices.iter().filter(|(_, shape)| shape[1] == cells);
        let distances = of_size().rfind(|(_, shape)| is_distances(shape[2]));
        let distances = distances.ok_or_else(|| format!("no output with {cells}×{} distances", 4 * bins))?.0;
        let scores = of_size().find(|(output, shape)| *output != distances && is_scores(shape[2]));
        let (scores, shape) = scores.ok_or_else(|| format!("no output with the class scores of {cells} cells"))?;
        if classes.is_some_and(|classes| classes != shape[2]) {
            return Err("the strides have different numbers of classes".to_owned());
        }
        classes = Some(shape[2]);
        pairs.push(OutputPair { scores: *scores, distances });
    }
    let classes =
        classes.and_then(|classes| usize::try_from(classes).ok()).ok_or("the number of classes is dynamic")?;
    if pairs.len() != levels {
        return Err(format!("{} grids for {levels} strides", pairs.len()));
    }
    if model.labels.is_none() && model.card.layout != Some(LayoutName::NanoDet) && matrices.len() < 4 {
        return Err("a single pair of outputs without labels is ambiguous".to_owned());
    }
    Ok((NanoDetOutputs::Pairs(pairs), classes))
}
