//! The matches of IDF1: those under the best one-to-one assignment of tracks to road users.

use std::collections::BTreeMap;

use super::frames::{Frames, MIN_IOU};
use crate::assignment::{Edge, best_pairs};

pub(super) fn matches(all: &Frames) -> usize {
    let mut together: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for frame in &all.compared {
        for (row, &truth) in frame.truths.iter().enumerate() {
            for (column, &result) in frame.results.iter().enumerate() {
                if frame.iou(row, column) >= MIN_IOU {
                    *together.entry((truth, result)).or_default() += 1;
                }
            }
        }
    }
    let edges: Vec<Edge> =
        together.iter().map(|(&(row, column), &count)| Edge { row, column, gain: count as f64 }).collect();
    best_pairs(all.truth_boxes.len(), all.result_boxes.len(), &edges).iter().map(|pair| together[pair]).sum()
}
