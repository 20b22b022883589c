//! Non-maximum suppression (NMS): of strongly overlapping boxes of one class only the one with the highest score is kept.

use crate::detection::RawDetection;

/// Limits of the suppression.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NmsConfig {
    /// A box is removed if its intersection over union with a stronger box of its class is above this.
    pub iou: f32,
    /// Maximum number of detections that are kept.
    pub max_detections: usize,
}

// The work is quadratic in the number of candidates in the worst case (all of one class, none overlapping). Real outputs have
// hundreds; thousands mean a threshold near zero, and then only the strongest matter.
const CANDIDATES_PER_KEPT: usize = 10;
const MIN_CANDIDATES: usize = 1000;

/// Greedy suppression per class, in descending order of score. The result is sorted by score; equal scores keep the order of
/// the input. Boxes without area and boxes with a score that is not finite are dropped.
pub fn suppress(mut candidates: Vec<RawDetection>, config: NmsConfig) -> Vec<RawDetection> {
    candidates.retain(|candidate| candidate.rect.is_valid() && candidate.score.is_finite());
    strongest_first(&mut candidates, config.max_detections.saturating_mul(CANDIDATES_PER_KEPT).max(MIN_CANDIDATES));
    let mut kept: Vec<RawDetection> = Vec::with_capacity(candidates.len().min(config.max_detections));
    for candidate in candidates {
        if kept.len() == config.max_detections {
            break;
        }
        let duplicate = kept.iter().any(|stronger| {
            stronger.class_index == candidate.class_index && stronger.rect.iou(&candidate.rect) > config.iou
        });
        if !duplicate {
            kept.push(candidate);
        }
    }
    kept
}

/// Sorts by score and keeps the first `max_detections`, for outputs without duplicates.
pub fn keep_strongest(mut candidates: Vec<RawDetection>, max_detections: usize) -> Vec<RawDetection> {
    candidates.retain(|candidate| candidate.rect.is_valid() && candidate.score.is_finite());
    strongest_first(&mut candidates, max_detections);
    candidates
}

fn strongest_first(candidates: &mut Vec<RawDetection>, most: usize) {
    // A stable sort, so that equal scores keep their order.
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    candidates.truncate(most);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Rect;

    const CONFIG: NmsConfig = NmsConfig { iou: 0.5, max_detections: 100 };

    fn raw(left: f32, class_index: u32, score: f32) -> RawDetection {
        RawDetection { rect: Rect { left, top: 0.0, width: 10.0, height: 10.0 }, class_index, score }
    }

    #[test]
    fn the_strongest_of_an_overlapping_group_stays() {
        let kept = suppress(vec![raw(1.0, 0, 0.6), raw(0.0, 0, 0.9), raw(2.0, 0, 0.7), raw(50.0, 0, 0.5)], CONFIG);
        assert_eq!(kept, [raw(0.0, 0, 0.9), raw(50.0, 0, 0.5)]);
    }

    #[test]
    fn classes_do_not_suppress_each_other() {
        assert_eq!(suppress(vec![raw(0.0, 0, 0.9), raw(0.0, 1, 0.8)], CONFIG).len(), 2);
    }

    #[test]
    fn an_overlap_at_the_limit_is_kept() {
        // Boxes of 10 shifted by 10/3: intersection 20/3, union 40/3.
        let shifted = raw(10.0 / 3.0, 0, 0.8);
        let config = NmsConfig { iou: 0.500_001, ..CONFIG };
        assert_eq!(suppress(vec![raw(0.0, 0, 0.9), shifted], config).len(), 2);
        let config = NmsConfig { iou: 0.499, ..CONFIG };
        assert_eq!(suppress(vec![raw(0.0, 0, 0.9), shifted], config).len(), 1);
    }

    #[test]
    fn equal_scores_keep_the_order_of_the_input() {
        let kept = suppress(vec![raw(3.0, 0, 0.5), raw(0.0, 0, 0.5), raw(90.0, 0, 0.5)], CONFIG);
        assert_eq!(kept, [raw(3.0, 0, 0.5), raw(90.0, 0, 0.5)]);
    }

    #[test]
    fn at_most_max_detections_are_kept_and_they_are_the_strongest() {
        let many: Vec<_> = (0..50_000_u32).map(|i| raw(i as f32 * 20.0, 0, (i % 1000) as f32 / 1000.0)).collect();
        let kept = suppress(many, NmsConfig { iou: 0.5, max_detections: 7 });
        assert_eq!(kept.len(), 7);
        assert!(kept.iter().all(|detection| detection.score > 0.998));
    }

    #[test]
    fn values_that_are_not_finite_are_dropped() {
        let mut broken = raw(0.0, 0, 0.9);
        broken.rect.width = f32::INFINITY;
        assert_eq!(suppress(vec![raw(0.0, 0, f32::NAN), broken, raw(0.0, 0, 0.1)], CONFIG), [raw(0.0, 0, 0.1)]);
        assert_eq!(keep_strongest(vec![broken, raw(5.0, 0, 0.1), raw(0.0, 0, 0.4)], 1), [raw(0.0, 0, 0.4)]);
    }
}
