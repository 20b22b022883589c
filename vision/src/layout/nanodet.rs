//! NanoDet: class scores, and for each side of the box the distance from the cell's anchor as a distribution.
//!
//! Either joined, `1×N×(C+4·(R+1))`, or a pair of outputs for each stride: `1×cells×C` and `1×cells×4·(R+1)`.

use super::DecodeError;
use super::detect::Facts;
use super::grid::{Grid, USUAL_STRIDES, grids, grids_of};
use super::scores::{largest, logit, sigmoid};
use super::tensor::{TensorView, matrix};
use crate::detection::RawDetection;
use crate::geometry::Rect;
use crate::model_card::{LayoutName, ScoreForm};

const USUAL_REG_MAX: u32 = 7;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct NanoDet {
    source: Source,
    pub classes: usize,
    // Numbers in the distribution of one side.
    bins: usize,
    strides: Vec<u32>,
    cell_offset: f32,
    logits: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Source {
    Joined(usize),
    // In the order of the strides.
    Pairs(Vec<Pair>),
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Pair {
    scores: usize,
    distances: usize,
}

impl NanoDet {
    pub fn fit(facts: &Facts<'_>) -> Result<Self, String> {
        let bins = facts.card.reg_max.unwrap_or(USUAL_REG_MAX) as usize + 1;
        let strides = facts.card.strides.clone().unwrap_or_else(|| USUAL_STRIDES.to_vec());
        let (source, classes) =
            if facts.matrices().count() == 1 { joined(facts, bins)? } else { pairs(facts, bins, strides.len())? };
        Ok(Self {
            source,
            classes,
            bins,
            strides,
            cell_offset: facts.card.cell_offset.unwrap_or(0.5),
            logits: facts.card.scores == Some(ScoreForm::Sigmoid),
        })
    }

    pub fn decode(
        &self,
        outputs: &[TensorView<'_>],
        batch: usize,
        input: (u32, u32),
        threshold: f32,
        found: &mut Vec<RawDetection>,
    ) -> Result<(), DecodeError> {
        // Scores are compared as the model wrote them; only those that pass are turned into probabilities.
        let raw_threshold = if self.logits { logit(threshold) } else { threshold };
        match &self.source {
            Source::Joined(output) => {
                let columns = self.classes + 4 * self.bins;
                let rows = matrix(outputs, *output, batch)?.with_columns(*output, columns)?;
                let mut each_row = rows.iter_rows();
                for grid in grids_of(&self.strides, input, *output, rows.rows)? {
                    let level = each_row.by_ref().take(grid.len()).map(|row| row.split_at(self.classes));
                    self.decode_grid(grid, level, raw_threshold, found);
                }
            }
            Source::Pairs(pairs) => {
                for (pair, grid) in pairs.iter().zip(grids(&self.strides, input)) {
                    let scores = matrix(outputs, pair.scores, batch)?.with_columns(pair.scores, self.classes)?;
                    let distances =
                        matrix(outputs, pair.distances, batch)?.with_columns(pair.distances, 4 * self.bins)?;
                    for (output, rows) in [(pair.scores, scores.rows), (pair.distances, distances.rows)] {
                        if rows != grid.len() {
                            return Err(DecodeError::Grid { output, rows, needed: grid.len() });
                        }
                    }
                    self.decode_grid(grid, scores.iter_rows().zip(distances.iter_rows()), raw_threshold, found);
                }
            }
        }
        Ok(())
    }

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
            found.push(RawDetection { rect, class_index: class as u32, score });
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

/// The mean of a distribution over 0, 1, 2 … given as logits.
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

fn joined(facts: &Facts<'_>, bins: usize) -> Result<(Source, usize), String> {
    let (output, [_, _, columns]) = facts.only_matrix()?;
    let labels = facts.labels.ok_or("without labels the classes cannot be told from the distances")?;
    if columns != (labels + 4 * bins) as i64 {
        return Err(format!("a row of {columns} is not {labels} classes and 4 distributions of {bins}"));
    }
    Ok((Source::Joined(output), labels))
}

/// Pairs outputs by their number of cells; more cells belong to a smaller stride.
fn pairs(facts: &Facts<'_>, bins: usize, levels: usize) -> Result<(Source, usize), String> {
    let matrices: Vec<_> = facts.matrices().collect();
    if matrices.len() != 2 * levels {
        return Err(format!("{} outputs of 3 dimensions are not a pair for each of {levels} strides", matrices.len()));
    }
    if matrices.iter().any(|(_, [_, cells, _])| *cells < 1) {
        return Err("a number of cells is free".to_owned());
    }
    let is_distances = |columns: i64| columns == 4 * bins as i64;
    let is_scores = |columns: i64| facts.labels.map_or(!is_distances(columns), |labels| columns == labels as i64);
    let mut sizes: Vec<i64> = matrices.iter().map(|(_, [_, cells, _])| *cells).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    sizes.dedup();
    let mut pairs = Vec::new();
    let mut classes = None;
    for cells in sizes {
        let of_size = || matrices.iter().filter(|(_, shape)| shape[1] == cells);
        let distances = of_size().rfind(|(_, shape)| is_distances(shape[2]));
        let distances = distances.ok_or_else(|| format!("no output of {cells}×{} distances", 4 * bins))?.0;
        let scores = of_size().find(|(output, shape)| *output != distances && is_scores(shape[2]));
        let (scores, shape) = scores.ok_or_else(|| format!("no output of {cells} cells with class scores"))?;
        if classes.is_some_and(|classes| classes != shape[2]) {
            return Err("the strides have different numbers of classes".to_owned());
        }
        classes = Some(shape[2]);
        pairs.push(Pair { scores: *scores, distances });
    }
    let classes = classes.and_then(|classes| usize::try_from(classes).ok()).ok_or("the number of classes is free")?;
    if pairs.len() != levels {
        return Err(format!("{} grids for {levels} strides", pairs.len()));
    }
    if facts.labels.is_none() && facts.card.layout != Some(LayoutName::NanoDet) && matrices.len() < 4 {
        return Err("a single pair of outputs without labels may be anything".to_owned());
    }
    Ok((Source::Pairs(pairs), classes))
}
