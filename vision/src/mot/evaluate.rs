//! CLEAR MOT metrics (MOTA, id switches) and identity metrics (IDF1) as `motmetrics` defines them, at an IoU of 0.5.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use super::format::MotEntry;
use crate::assignment::{Edge, best_pairs};

const MIN_IOU: f32 = 0.5;
// Gain of a pair in addition to its IoU, so that more pairs win over closer pairs.
const PAIR_GAIN: f32 = 64.0;

/// The metrics of a set of tracks.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Evaluation {
    /// Number of compared frames.
    pub frames: usize,
    /// Number of boxes in the ground truth.
    pub truths: usize,
    /// Number of boxes in the tracks.
    pub hypotheses: usize,
    /// Ground truth boxes that match a box of a track.
    pub matches: usize,
    /// Ground truth boxes without a match.
    pub misses: usize,
    /// Boxes of tracks without a match.
    pub false_positives: usize,
    /// How often the track id of a road user changed.
    pub switches: usize,
    /// Matches under the best one-to-one assignment of track ids to road users.
    pub identity_matches: usize,
    // Sum over all matches.
    total_iou: f64,
}

impl Evaluation {
    /// 1 minus the number of misses, false positives and switches per ground truth box.
    pub fn mota(&self) -> f64 {
        let errors = self.misses + self.false_positives + self.switches;
        1.0 - errors as f64 / self.truths.max(1) as f64
    }

    /// Share of boxes with the right identity: the harmonic mean of the shares in ground truth and tracks.
    pub fn idf1(&self) -> f64 {
        2.0 * self.identity_matches as f64 / (self.truths + self.hypotheses).max(1) as f64
    }

    /// Mean IoU of the matches.
    pub fn mean_iou(&self) -> f64 {
        self.total_iou / self.matches.max(1) as f64
    }
}

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "MOTA {:.3}, IDF1 {:.3}, {} id switches, {} misses and {} false positives of {} boxes in {} frames, mean IoU {:.3}",
            self.mota(),
            self.idf1(),
            self.switches,
            self.misses,
            self.false_positives,
            self.truths,
            self.frames,
            self.mean_iou()
        )
    }
}

#[derive(Default)]
struct FrameBoxes<'a> {
    truths: Vec<&'a MotEntry>,
    hypotheses: Vec<&'a MotEntry>,
}

/// Compares tracks with ground truth, in the frames for which there is ground truth: that may be every fifth only. Ground truth
/// with confidence 0 is left out, so that a track on it counts as a false positive, as in `motmetrics` with a minimum confidence
/// of 1.
pub fn evaluate(truths: &[MotEntry], hypotheses: &[MotEntry]) -> Evaluation {
    let mut frames: BTreeMap<u64, FrameBoxes<'_>> = BTreeMap::new();
    for truth in truths.iter().filter(|truth| truth.confidence > 0.0) {
        frames.entry(truth.frame).or_default().truths.push(truth);
    }
    for hypothesis in hypotheses {
        if let Some(frame) = frames.get_mut(&hypothesis.frame) {
            frame.hypotheses.push(hypothesis);
        }
    }
    let mut evaluation = Evaluation { frames: frames.len(), ..Evaluation::default() };
    let mut last_match: HashMap<u64, u64> = HashMap::new();
    let mut together: BTreeMap<(u64, u64), usize> = BTreeMap::new();
    for frame in frames.values() {
        compare(frame, &mut last_match, &mut evaluation);
        for truth in &frame.truths {
            for hypothesis in frame.hypotheses.iter().filter(|other| truth.rect.iou(&other.rect) >= MIN_IOU) {
                *together.entry((truth.track_id, hypothesis.track_id)).or_default() += 1;
            }
        }
    }
    evaluation.identity_matches = best_identities(&together);
    evaluation
}

/// Matches the boxes of one frame. Pairs of an earlier frame persist while they overlap; the other boxes are assigned.
fn compare(frame: &FrameBoxes<'_>, last_match: &mut HashMap<u64, u64>, evaluation: &mut Evaluation) {
    let (truths, hypotheses) = (&frame.truths, &frame.hypotheses);
    let mut pairs = Vec::new();
    let (mut truth_open, mut hypothesis_open) = (vec![true; truths.len()], vec![true; hypotheses.len()]);
    for (row, truth) in truths.iter().enumerate() {
        let Some(&before) = last_match.get(&truth.track_id) else { continue };
        let same = hypotheses.iter().position(|hypothesis| hypothesis.track_id == before);
        if let Some(column) = same
            && hypothesis_open[column]
            && truth.rect.iou(&hypotheses[column].rect) >= MIN_IOU
        {
            (truth_open[row], hypothesis_open[column]) = (false, false);
            pairs.push((row, column));
        }
    }
    let mut edges = Vec::new();
    for (row, truth) in truths.iter().enumerate().filter(|&(row, _)| truth_open[row]) {
        for (column, hypothesis) in hypotheses.iter().enumerate().filter(|&(column, _)| hypothesis_open[column]) {
            let iou = truth.rect.iou(&hypothesis.rect);
            if iou >= MIN_IOU {
                edges.push(Edge { row, column, gain: PAIR_GAIN + iou });
            }
        }
    }
    pairs.extend(best_pairs(truths.len(), hypotheses.len(), &edges));
    for &(row, column) in &pairs {
        let (truth, hypothesis) = (truths[row], hypotheses[column]);
        let before = last_match.insert(truth.track_id, hypothesis.track_id);
        evaluation.switches += usize::from(before.is_some_and(|before| before != hypothesis.track_id));
        evaluation.total_iou += f64::from(truth.rect.iou(&hypothesis.rect));
    }
    evaluation.truths += truths.len();
    evaluation.hypotheses += hypotheses.len();
    evaluation.matches += pairs.len();
    evaluation.misses += truths.len() - pairs.len();
    evaluation.false_positives += hypotheses.len() - pairs.len();
}

/// Maximum number of matches under a one-to-one assignment of ids.
fn best_identities(together: &BTreeMap<(u64, u64), usize>) -> usize {
    let places =
        |ids: BTreeSet<u64>| -> HashMap<u64, usize> { ids.into_iter().enumerate().map(|(at, id)| (id, at)).collect() };
    let rows = places(together.keys().map(|ids| ids.0).collect());
    let columns = places(together.keys().map(|ids| ids.1).collect());
    let edges: Vec<Edge> = together
        .iter()
        .map(|(ids, &count)| Edge { row: rows[&ids.0], column: columns[&ids.1], gain: count as f32 })
        .collect();
    let counts: HashMap<(usize, usize), usize> =
        together.iter().map(|(ids, &count)| ((rows[&ids.0], columns[&ids.1]), count)).collect();
    best_pairs(rows.len(), columns.len(), &edges).iter().map(|pair| counts[pair]).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Rect;

    fn entry(frame: u64, track_id: u64, left: f32) -> MotEntry {
        MotEntry { frame, track_id, rect: Rect { left, top: 0.0, width: 10.0, height: 10.0 }, confidence: 1.0 }
    }

    #[test]
    fn perfect_tracks_score_one() {
        let truth: Vec<_> = (1..=10).flat_map(|f| [entry(f, 1, f as f32), entry(f, 2, 50.0)]).collect();
        let tracks: Vec<_> = truth.iter().map(|e| MotEntry { track_id: e.track_id + 40, ..*e }).collect();
        let got = evaluate(&truth, &tracks);
        assert!((got.mota() - 1.0).abs() < 1e-9 && (got.idf1() - 1.0).abs() < 1e-9);
        assert_eq!((got.frames, got.switches, got.matches), (10, 0, 20));
    }

    #[test]
    fn a_change_of_id_is_one_switch_and_halves_the_identity() {
        let truth: Vec<_> = (1..=10).map(|f| entry(f, 1, 0.0)).collect();
        let tracks: Vec<_> = (1..=10).map(|f| entry(f, if f <= 5 { 1 } else { 2 }, 0.0)).collect();
        let got = evaluate(&truth, &tracks);
        assert_eq!(got.switches, 1);
        assert!((got.mota() - 0.9).abs() < 1e-9);
        assert!((got.idf1() - 0.5).abs() < 1e-9);
    }

    #[test]
    fn misses_and_false_positives_count() {
        let truth = [entry(1, 1, 0.0), entry(1, 2, 50.0), entry(2, 1, 0.0), entry(2, 2, 50.0)];
        let tracks = [entry(1, 1, 0.0), entry(1, 3, 200.0), entry(2, 1, 8.0)];
        let got = evaluate(&truth, &tracks);
        assert_eq!((got.matches, got.misses, got.false_positives), (1, 3, 2));
        assert!((got.mota() - (1.0 - 5.0 / 4.0)).abs() < 1e-9);
    }

    #[test]
    fn a_pair_persists_although_another_box_is_closer() {
        let truth = [entry(1, 1, 0.0), entry(2, 1, 0.0)];
        let tracks = [entry(1, 5, 0.0), entry(2, 5, 2.0), entry(2, 6, 0.0)];
        let got = evaluate(&truth, &tracks);
        assert_eq!((got.switches, got.false_positives), (0, 1));
    }

    #[test]
    fn frames_without_ground_truth_are_not_compared() {
        let truth = [entry(1, 1, 0.0), entry(6, 1, 0.0), MotEntry { confidence: 0.0, ..entry(7, 1, 0.0) }];
        let tracks: Vec<_> = (1..=8).map(|frame| entry(frame, 1, 0.0)).collect();
        let got = evaluate(&truth, &tracks);
        assert_eq!((got.frames, got.truths, got.hypotheses), (2, 2, 2));
    }
}
