//! Bounded collection of detections: a threshold near zero must not make a list as long as the output.

use crate::detection::RawDetection;

/// More candidates than any scene has objects; of more, the strongest are kept.
const MAX_CANDIDATES: usize = 32_768;

/// Appends a detection. When twice the limit is reached, only the strongest remain.
pub(super) fn push(found: &mut Vec<RawDetection>, detection: RawDetection) {
    if found.len() >= 2 * MAX_CANDIDATES {
        found.select_nth_unstable_by(MAX_CANDIDATES, |a, b| b.score.total_cmp(&a.score));
        found.truncate(MAX_CANDIDATES);
    }
    found.push(detection);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Rect;

    #[test]
    fn of_too_many_candidates_the_strongest_stay() {
        let mut found = Vec::new();
        for at in 0..10 * MAX_CANDIDATES {
            let score = (at * 7919 % 100_003) as f32 / 100_003.0;
            push(&mut found, RawDetection { rect: Rect::from_edges(0.0, 0.0, 1.0, 1.0), class_index: 0, score });
            assert!(found.len() <= 2 * MAX_CANDIDATES);
        }
        assert!(found.iter().filter(|detection| detection.score > 0.99).count() > 3000);
    }
}
