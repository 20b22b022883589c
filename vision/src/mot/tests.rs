//! Small sequences with known metrics.

use super::*;
use crate::geometry::Rect;

fn entry(frame: u64, track_id: u64, left: f32) -> MotEntry {
    let rect = Rect { left, top: 0.0, width: 10.0, height: 10.0 };
    MotEntry { frame, track_id, rect, confidence: 1.0, class: None }
}

fn plain(truth: &[MotEntry], tracks: &[MotEntry]) -> Evaluation {
    evaluate(truth, tracks, &EvaluationOptions::default())
}

#[test]
fn perfect_tracks_score_one() {
    let truth: Vec<_> = (1..=10).flat_map(|f| [entry(f, 1, f as f32), entry(f, 2, 50.0)]).collect();
    let tracks: Vec<_> = truth.iter().map(|e| MotEntry { track_id: e.track_id + 40, ..*e }).collect();
    let got = plain(&truth, &tracks);
    assert!((got.mota() - 1.0).abs() < 1e-9 && (got.idf1() - 1.0).abs() < 1e-9);
    assert_eq!((got.frames, got.switches, got.matches), (10, 0, 20));
}

#[test]
fn a_change_of_id_is_one_switch_and_halves_the_identity() {
    let truth: Vec<_> = (1..=10).map(|f| entry(f, 1, 0.0)).collect();
    let tracks: Vec<_> = (1..=10).map(|f| entry(f, if f <= 5 { 1 } else { 2 }, 0.0)).collect();
    let got = plain(&truth, &tracks);
    assert_eq!(got.switches, 1);
    assert!((got.mota() - 0.9).abs() < 1e-9);
    assert!((got.idf1() - 0.5).abs() < 1e-9);
}

#[test]
fn misses_and_false_positives_count() {
    let truth = [entry(1, 1, 0.0), entry(1, 2, 50.0), entry(2, 1, 0.0), entry(2, 2, 50.0)];
    let tracks = [entry(1, 1, 0.0), entry(1, 3, 200.0), entry(2, 1, 8.0)];
    let got = plain(&truth, &tracks);
    assert_eq!((got.matches, got.misses, got.false_positives), (1, 3, 2));
    assert!((got.mota() - (1.0 - 5.0 / 4.0)).abs() < 1e-9);
}

#[test]
fn a_pair_persists_although_another_box_is_closer() {
    let truth = [entry(1, 1, 0.0), entry(2, 1, 0.0)];
    let tracks = [entry(1, 5, 0.0), entry(2, 5, 2.0), entry(2, 6, 0.0)];
    let got = plain(&truth, &tracks);
    assert_eq!((got.switches, got.false_positives), (0, 1));
}

#[test]
fn frames_without_ground_truth_count_only_if_every_frame_does() {
    let truth = [entry(1, 1, 0.0), entry(6, 1, 0.0)];
    let tracks: Vec<_> = (1..=8).map(|frame| entry(frame, 1, 0.0)).collect();
    let got = plain(&truth, &tracks);
    assert_eq!((got.frames, got.truths, got.hypotheses), (2, 2, 2));
    let got = evaluate(&truth, &tracks, &EvaluationOptions { every_frame: true, ..EvaluationOptions::default() });
    assert_eq!((got.frames, got.truths, got.false_positives), (8, 2, 6));
}

#[test]
fn ground_truth_that_is_not_considered_is_ignored_together_with_the_track_on_it() {
    let ignored = MotEntry { confidence: 0.0, ..entry(1, 2, 50.0) };
    let truth = [entry(1, 1, 0.0), ignored];
    let tracks = [entry(1, 7, 0.0), entry(1, 8, 50.0), entry(1, 9, 90.0)];
    let got = plain(&truth, &tracks);
    assert_eq!((got.truths, got.hypotheses, got.false_positives), (1, 2, 1));
    // A second track on it is not excused.
    let got = plain(&truth, &[tracks[0], tracks[1], entry(1, 10, 51.0)]);
    assert_eq!(got.false_positives, 1);
}

#[test]
fn a_track_may_follow_a_distractor_but_not_another_class() {
    let of = |class, confidence, left| MotEntry { class: Some(class), confidence, ..entry(1, u64::from(class), left) };
    let truth = [of(1, 1.0, 0.0), of(8, 0.0, 50.0), of(7, 1.0, 100.0), of(3, 0.0, 150.0)];
    let tracks: Vec<_> = truth.iter().map(|truth| MotEntry { class: None, ..*truth }).collect();
    let got = plain(&truth, &tracks);
    assert_eq!((got.truths, got.hypotheses, got.false_positives), (1, 2, 1));
    let options = EvaluationOptions { classes: vec![1, 7], ..EvaluationOptions::default() };
    assert_eq!(evaluate(&truth, &tracks, &options).matches, 2);
}

#[test]
fn hota_of_perfect_tracks_is_one_and_a_split_track_loses_association_only() {
    let truth: Vec<_> = (1..=10).map(|f| entry(f, 1, 0.0)).collect();
    assert!((plain(&truth, &truth).hota.hota - 1.0).abs() < 1e-9);
    let split: Vec<_> = (1..=10).map(|f| entry(f, if f <= 5 { 1 } else { 2 }, 0.0)).collect();
    let got = plain(&truth, &split).hota;
    assert!((got.detection - 1.0).abs() < 1e-9);
    // Each match belongs to a pair of tracks with 5 common frames of 10.
    assert!((got.association - 0.5).abs() < 1e-9 && (got.hota - 0.5_f64.sqrt()).abs() < 1e-9, "{got:?}");
}

#[test]
fn nothing_to_compare_scores_zero() {
    let truth = [entry(1, 1, 0.0)];
    assert!(plain(&truth, &[]).hota.hota.abs() < 1e-9);
    assert!((plain(&[], &truth).mota() - 1.0).abs() < 1e-9);
}
