//! What is left out of a result that is larger than Kafka accepts.

use std::collections::HashSet;

use bytes::Bytes;
use prost::Message as _;
use vru_proto::v1;

/// The kind of a result, which determines what can be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ResultKind {
    Detections,
    Alert,
}

/// A smaller form of a result.
#[derive(Debug, PartialEq)]
pub(super) enum Smaller {
    /// Detections without the state of the tracker, which the replay of the detections nearly restores.
    TrackerState { payload: Bytes },
    /// Detections without the states of the rules and of counting.
    RuleState { payload: Bytes },
    /// Detections without the half of the objects that the model is least certain of.
    Objects { payload: Bytes, cut: u64 },
    /// An alert without its picture.
    Snapshot { payload: Bytes },
}

/// The next smaller form of a result; `None` if nothing can be left out.
pub(super) fn smaller(kind: ResultKind, payload: &[u8]) -> Option<Smaller> {
    match kind {
        ResultKind::Detections => {
            let mut detections = v1::FrameDetections::decode(payload).ok()?;
            if !detections.tracker_state.is_empty() {
                detections.tracker_state.clear();
                return Some(Smaller::TrackerState { payload: detections.encode_to_vec().into() });
            }
            if !detections.rule_state.is_empty() || !detections.counting_state.is_empty() {
                detections.rule_state.clear();
                detections.counting_state.clear();
                return Some(Smaller::RuleState { payload: detections.encode_to_vec().into() });
            }
            let before = detections.objects.len();
            if before == 0 {
                return None;
            }
            let mut by_score: Vec<usize> = (0..before).collect();
            by_score.sort_by(|&one, &other| detections.objects[other].score.total_cmp(&detections.objects[one].score));
            let kept: HashSet<usize> = by_score.into_iter().take(before / 2).collect();
            let mut index = 0..;
            detections.objects.retain(|_| index.next().is_some_and(|index| kept.contains(&index)));
            let cut = (before - detections.objects.len()) as u64;
            Some(Smaller::Objects { payload: detections.encode_to_vec().into(), cut })
        }
        ResultKind::Alert => {
            let mut alert = v1::Alert::decode(payload).ok()?;
            if alert.snapshot.is_empty() {
                return None;
            }
            alert.snapshot = Bytes::new();
            Some(Smaller::Snapshot { payload: alert.encode_to_vec().into() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detections(scores: &[f32]) -> Vec<u8> {
        let object = |&score| v1::DetectedObject { score, ..Default::default() };
        v1::FrameDetections { objects: scores.iter().map(object).collect(), ..Default::default() }.encode_to_vec()
    }

    #[test]
    fn the_objects_with_the_best_scores_are_kept_in_their_order() {
        let mut payload = Bytes::from(detections(&[0.2, 0.9, 0.5, 0.5, 0.1, 0.8, 0.5]));
        for (kept, lost) in [(&[0.9, 0.5, 0.8][..], 4), (&[0.9], 2), (&[], 1)] {
            let Some(Smaller::Objects { payload: next, cut }) = smaller(ResultKind::Detections, &payload) else {
                panic!("nothing was left out");
            };
            assert_eq!((next.as_ref(), cut), (&*detections(kept), lost));
            payload = next;
        }
        assert_eq!(smaller(ResultKind::Detections, &payload), None);
    }

    #[test]
    fn the_state_of_the_tracker_goes_first_then_that_of_the_rules() {
        let bare = detections(&[0.2, 0.9]);
        let mut message = v1::FrameDetections::decode(&*bare).unwrap();
        message.rule_state = vec![1, 2, 3];
        message.counting_state = vec![6];
        let with_rules = message.encode_to_vec();
        message.tracker_state = vec![4, 5];
        let Some(Smaller::TrackerState { payload }) = smaller(ResultKind::Detections, &message.encode_to_vec()) else {
            panic!("the tracker's state was not left out");
        };
        assert_eq!(payload, with_rules);
        let Some(Smaller::RuleState { payload }) = smaller(ResultKind::Detections, &with_rules) else {
            panic!("the state was not left out");
        };
        assert_eq!(payload, bare);
    }

    #[test]
    fn an_alert_loses_its_snapshot_only() {
        let alert = v1::Alert { id: "a".to_owned(), snapshot: Bytes::from_static(b"jpeg"), ..Default::default() };
        let bare = v1::Alert { snapshot: Bytes::new(), ..alert.clone() }.encode_to_vec();
        let Some(Smaller::Snapshot { payload }) = smaller(ResultKind::Alert, &alert.encode_to_vec()) else {
            panic!("nothing was left out");
        };
        assert_eq!(payload, bare);
        assert_eq!(smaller(ResultKind::Alert, &bare), None);
    }
}
