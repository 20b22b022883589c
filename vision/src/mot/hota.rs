//! HOTA (higher order tracking accuracy), as `trackeval` computes it.

use std::collections::BTreeMap;

use super::frames::{Frame, Frames};
use crate::assignment::{Edge, best_pairs};

/// The localisation thresholds: 0.05 to 0.95 in steps of 0.05.
const ALPHAS: u32 = 19;

// IoUs are quotients, so one that equals a threshold may be slightly below it.
const ROUNDING: f64 = f64::EPSILON;

/// HOTA and its parts, each the mean over the localisation thresholds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Hota {
    /// Geometric mean of detection and association at each threshold.
    pub hota: f64,
    /// How well the boxes agree, whatever their tracks.
    pub detection: f64,
    /// How well the tracks agree, where boxes match.
    pub association: f64,
    /// Mean IoU of the matches.
    pub localisation: f64,
}

/// How often each pair of tracks matches.
type PairCounts = BTreeMap<(usize, usize), usize>;

#[derive(Debug, Clone, Default)]
struct AtAlpha {
    matches: usize,
    total_iou: f64,
    pairs: PairCounts,
}

pub(super) fn evaluate(all: &Frames) -> Hota {
    let truths: usize = all.truth_boxes.iter().sum();
    let results: usize = all.result_boxes.iter().sum();
    if truths == 0 || results == 0 {
        return Hota { localisation: 1.0, ..Hota::default() };
    }
    let alignment = alignment(all);
    let mut at_alpha = vec![AtAlpha::default(); ALPHAS as usize];
    for frame in &all.compared {
        for (row, column) in align(frame, &alignment) {
            let iou = frame.iou(row, column);
            for (alpha, at) in (1..).map(|step| f64::from(step) * 0.05).zip(&mut at_alpha) {
                if iou >= alpha - ROUNDING {
                    at.matches += 1;
                    at.total_iou += iou;
                    *at.pairs.entry((frame.truths[row], frame.results[column])).or_default() += 1;
                }
            }
        }
    }
    let mut sum = Hota::default();
    for at in &at_alpha {
        let detection = at.matches as f64 / (truths + results - at.matches) as f64;
        let association = association(all, at);
        sum.detection += detection;
        sum.association += association;
        sum.hota += (detection * association).sqrt();
        sum.localisation += at.total_iou.max(1e-10) / (at.matches as f64).max(1e-10);
    }
    let mean = |sum: f64| sum / f64::from(ALPHAS);
    Hota {
        hota: mean(sum.hota),
        detection: mean(sum.detection),
        association: mean(sum.association),
        localisation: mean(sum.localisation),
    }
}

/// How well each pair of tracks is aligned over the whole sequence: a Jaccard index in which a box that overlaps several others
/// counts partly for each.
fn alignment(all: &Frames) -> BTreeMap<(usize, usize), f64> {
    let mut potential: BTreeMap<(usize, usize), f64> = BTreeMap::new();
    for frame in &all.compared {
        let (rows, columns) = (frame.truths.len(), frame.results.len());
        let by_row: Vec<f64> = (0..rows).map(|row| (0..columns).map(|column| frame.iou(row, column)).sum()).collect();
        let by_column: Vec<f64> =
            (0..columns).map(|column| (0..rows).map(|row| frame.iou(row, column)).sum()).collect();
        for (row, in_row) in by_row.iter().enumerate() {
            for (column, in_column) in by_column.iter().enumerate() {
                let iou = frame.iou(row, column);
                if iou > 0.0 {
                    let share = iou / (in_row + in_column - iou);
                    *potential.entry((frame.truths[row], frame.results[column])).or_default() += share;
                }
            }
        }
    }
    for (&(truth, result), share) in &mut potential {
        *share /= (all.truth_boxes[truth] + all.result_boxes[result]) as f64 - *share;
    }
    potential
}

/// The pairs of one frame for all thresholds.
fn align(frame: &Frame, alignment: &BTreeMap<(usize, usize), f64>) -> Vec<(usize, usize)> {
    let mut edges = Vec::new();
    for (row, truth) in frame.truths.iter().enumerate() {
        for (column, result) in frame.results.iter().enumerate() {
            let gain = alignment.get(&(*truth, *result)).map_or(0.0, |alignment| alignment * frame.iou(row, column));
            if gain > 0.0 {
                edges.push(Edge { row, column, gain });
            }
        }
    }
    best_pairs(frame.truths.len(), frame.results.len(), &edges)
}

/// For each match the Jaccard index of its two tracks; the mean over all matches.
fn association(all: &Frames, at: &AtAlpha) -> f64 {
    let of = |(&(truth, result), &count): (&(usize, usize), &usize)| {
        (count * count) as f64 / (all.truth_boxes[truth] + all.result_boxes[result] - count) as f64
    };
    at.pairs.iter().map(of).sum::<f64>() / at.matches.max(1) as f64
}
