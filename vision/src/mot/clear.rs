//! The CLEAR MOT counts, as `motmetrics` defines them.

use super::frames::{Frame, Frames, MIN_IOU};
use crate::assignment::{Edge, best_pairs};

// Gain of a pair in addition to its IoU, so that more pairs win over closer pairs.
const PAIR_GAIN: f64 = 64.0;

#[derive(Debug, Default)]
pub(super) struct Clear {
    pub matches: usize,
    pub switches: usize,
    /// Sum over all matches.
    pub total_iou: f64,
}

pub(super) fn count(all: &Frames) -> Clear {
    let mut clear = Clear::default();
    let mut last_match: Vec<Option<usize>> = vec![None; all.truth_boxes.len()];
    for frame in &all.compared {
        for (row, column) in match_boxes(frame, &last_match) {
            let (truth, result) = (frame.truths[row], frame.results[column]);
            let before = last_match[truth].replace(result);
            clear.switches += usize::from(before.is_some_and(|before| before != result));
            clear.matches += 1;
            clear.total_iou += frame.iou(row, column);
        }
    }
    clear
}

/// Matches the boxes of one frame. Pairs of an earlier frame persist while they overlap; the other boxes are assigned.
fn match_boxes(frame: &Frame, last_match: &[Option<usize>]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    let (mut truth_open, mut result_open) = (vec![true; frame.truths.len()], vec![true; frame.results.len()]);
    for (row, &truth) in frame.truths.iter().enumerate() {
        let Some(before) = last_match[truth] else { continue };
        let same = frame.results.iter().position(|&result| result == before);
        if let Some(column) = same.filter(|&column| result_open[column] && frame.iou(row, column) >= MIN_IOU) {
            (truth_open[row], result_open[column]) = (false, false);
            pairs.push((row, column));
        }
    }
    let mut edges = Vec::new();
    for row in (0..frame.truths.len()).filter(|&row| truth_open[row]) {
        for column in (0..frame.results.len()).filter(|&column| result_open[column]) {
            let iou = frame.iou(row, column);
            if iou >= MIN_IOU {
                edges.push(Edge { row, column, gain: PAIR_GAIN + iou });
            }
        }
    }
    pairs.extend(best_pairs(frame.truths.len(), frame.results.len(), &edges));
    pairs
}
