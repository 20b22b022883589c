//! The metrics of a set of tracks: MOTA, IDF1 and id switches as `motmetrics` defines them, at an IoU of 0.5, and HOTA as
//! `trackeval` does.

use std::fmt;

use super::format::MotEntry;
use super::frames::{EvaluationOptions, Frames};
use super::hota::{self, Hota};
use super::{clear, identity};

/// The metrics of a set of tracks.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Evaluation {
    /// Number of compared frames.
    pub frames: usize,
    /// Number of boxes in the ground truth, without those that are ignored.
    pub truths: usize,
    /// Number of boxes in the tracks, without those that are ignored.
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
    /// Over all localisation thresholds.
    pub hota: Hota,
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
            "MOTA {:.3}, IDF1 {:.3}, HOTA {:.3}, {} id switches, {} misses and {} false positives of {} boxes in {} frames, mean IoU {:.3}",
            self.mota(),
            self.idf1(),
            self.hota.hota,
            self.switches,
            self.misses,
            self.false_positives,
            self.truths,
            self.frames,
            self.mean_iou()
        )
    }
}

/// Compares tracks with ground truth. Ground truth with confidence 0, and the boxes of tracks that match it, are left out.
pub fn evaluate(truths: &[MotEntry], hypotheses: &[MotEntry], options: &EvaluationOptions) -> Evaluation {
    let all = Frames::new(truths, hypotheses, options);
    let counted = clear::count(&all);
    let (truths, hypotheses) = (all.truth_boxes.iter().sum::<usize>(), all.result_boxes.iter().sum::<usize>());
    Evaluation {
        frames: all.compared.len(),
        truths,
        hypotheses,
        matches: counted.matches,
        misses: truths - counted.matches,
        false_positives: hypotheses - counted.matches,
        switches: counted.switches,
        identity_matches: identity::matches(&all),
        hota: hota::evaluate(&all),
        total_iou: counted.total_iou,
    }
}
