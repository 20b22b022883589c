//! The boxes that are compared, frame by frame, after those are removed that the evaluation ignores.

use std::collections::{BTreeMap, HashMap};

use super::format::MotEntry;
use crate::assignment::{Edge, best_pairs};
use crate::geometry::Rect;

/// Boxes match at this IoU and above.
pub(super) const MIN_IOU: f64 = 0.5;

/// Which boxes are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvaluationOptions {
    /// Classes of the ground truth that are evaluated; 1 (pedestrian) by default. Ground truth without a class is always evaluated.
    pub classes: Vec<u32>,
    /// Classes of the ground truth that a track may follow or not: a box of a track on one of them is ignored. By default those
    /// of MOT Challenge: 2 (person on a vehicle), 7 (static person), 8 (distractor) and 12 (reflection).
    pub distractors: Vec<u32>,
    /// Whether frames without ground truth count, so that each box in them is a false positive. Not by default, because ground
    /// truth may cover every fifth frame only.
    pub every_frame: bool,
}

impl Default for EvaluationOptions {
    fn default() -> Self {
        Self { classes: vec![1], distractors: vec![2, 7, 8, 12], every_frame: false }
    }
}

/// What the evaluation does with a box of the ground truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Evaluated,
    /// A box of a track that matches it is removed, too.
    Ignored,
    /// Another class: a box of a track on it is a false positive.
    Other,
}

impl EvaluationOptions {
    fn role(&self, truth: &MotEntry) -> Role {
        let evaluated = truth.class.is_none_or(|class| self.classes.contains(&class));
        if evaluated && truth.confidence > 0.0 {
            Role::Evaluated
        } else if evaluated || truth.class.is_some_and(|class| self.distractors.contains(&class)) {
            Role::Ignored
        } else {
            Role::Other
        }
    }
}

/// The boxes of one frame. Tracks are numbered from 0.
#[derive(Debug, Default)]
pub(super) struct Frame {
    pub truths: Vec<usize>,
    pub results: Vec<usize>,
    /// By truth, then by result.
    overlaps: Vec<f64>,
}

impl Frame {
    pub fn iou(&self, truth: usize, result: usize) -> f64 {
        self.overlaps[truth * self.results.len() + result]
    }
}

/// All compared frames.
#[derive(Debug, Default)]
pub(super) struct Frames {
    pub compared: Vec<Frame>,
    /// Number of boxes of each track of the ground truth.
    pub truth_boxes: Vec<usize>,
    /// Number of boxes of each track that is evaluated.
    pub result_boxes: Vec<usize>,
}

impl Frames {
    pub fn new(truths: &[MotEntry], results: &[MotEntry], options: &EvaluationOptions) -> Self {
        let mut pairs: BTreeMap<u64, (Vec<&MotEntry>, Vec<&MotEntry>)> = BTreeMap::new();
        for truth in truths {
            pairs.entry(truth.frame).or_default().0.push(truth);
        }
        for result in results {
            if options.every_frame {
                pairs.entry(result.frame).or_default().1.push(result);
            } else if let Some(frame) = pairs.get_mut(&result.frame) {
                frame.1.push(result);
            }
        }
        let (mut truth_numbers, mut result_numbers) = (HashMap::new(), HashMap::new());
        let mut all = Self::default();
        for (truths, results) in pairs.into_values() {
            let results = without_ignored(&truths, results, options);
            let truths: Vec<&MotEntry> =
                truths.into_iter().filter(|truth| options.role(truth) == Role::Evaluated).collect();
            let overlaps = truths.iter().flat_map(|truth| results.iter().map(|result| iou(&truth.rect, &result.rect)));
            all.compared.push(Frame {
                overlaps: overlaps.collect(),
                truths: number(&truths, &mut truth_numbers, &mut all.truth_boxes),
                results: number(&results, &mut result_numbers, &mut all.result_boxes),
            });
        }
        all
    }
}

/// Removes the boxes that match ground truth which is ignored. All boxes of the ground truth take part in the matching, or a
/// track on a pedestrian beside a distractor would be removed.
fn without_ignored<'a>(
    truths: &[&MotEntry],
    results: Vec<&'a MotEntry>,
    options: &EvaluationOptions,
) -> Vec<&'a MotEntry> {
    let mut edges = Vec::new();
    for (row, truth) in truths.iter().enumerate() {
        for (column, result) in results.iter().enumerate() {
            let gain = iou(&truth.rect, &result.rect);
            if gain >= MIN_IOU {
                edges.push(Edge { row, column, gain });
            }
        }
    }
    let mut keep = vec![true; results.len()];
    for (row, column) in best_pairs(truths.len(), results.len(), &edges) {
        keep[column] = options.role(truths[row]) != Role::Ignored;
    }
    results.into_iter().zip(keep).filter_map(|(result, keep)| keep.then_some(result)).collect()
}

/// Numbers the tracks of a frame and counts their boxes.
fn number(entries: &[&MotEntry], numbers: &mut HashMap<u64, usize>, boxes: &mut Vec<usize>) -> Vec<usize> {
    let of = |entry: &&MotEntry| {
        let next = numbers.len();
        let number = *numbers.entry(entry.track_id).or_insert(next);
        boxes.resize(boxes.len().max(number + 1), 0);
        boxes[number] += 1;
        number
    };
    entries.iter().map(of).collect()
}

/// The intersection over union with double precision, which the thresholds of HOTA need.
fn iou(a: &Rect, b: &Rect) -> f64 {
    let edges = |rect: &Rect| {
        let [left, top, width, height] = [rect.left, rect.top, rect.width, rect.height].map(f64::from);
        (left, top, left + width, top + height)
    };
    let ((left, top, right, bottom), (left2, top2, right2, bottom2)) = (edges(a), edges(b));
    let (width, height) = (right.min(right2) - left.max(left2), bottom.min(bottom2) - top.max(top2));
    if width <= 0.0 || height <= 0.0 {
        return 0.0;
    }
    let both = width * height;
    both / ((right - left) * (bottom - top) + (right2 - left2) * (bottom2 - top2) - both)
}
