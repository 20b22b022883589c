//! Where road users were in the last seconds.

use std::collections::{HashMap, VecDeque};

/// How far back a trail goes, in microseconds of capture time.
const LENGTH_US: i64 = 3_000_000;
const MAX_POINTS: usize = 30;

/// Foot points by track, in fractions of the picture. Of one session.
#[derive(Debug, Default)]
pub(crate) struct Trails {
    tracks: HashMap<u64, VecDeque<(i64, [f64; 2])>>,
}

impl Trails {
    /// Adds where a track is at that time, and returns its trail, the oldest point first.
    pub(crate) fn add(&mut self, track: u64, at_us: i64, point: [f64; 2]) -> Vec<[f64; 2]> {
        let points = self.tracks.entry(track).or_default();
        points.push_back((at_us, point));
        while points.len() > MAX_POINTS || points.front().is_some_and(|(then, _)| *then < at_us - LENGTH_US) {
            points.pop_front();
        }
        points.iter().map(|(_, point)| *point).collect()
    }

    /// Forgets tracks that were not seen for as long as a trail is.
    pub(crate) fn forget_before(&mut self, now_us: i64) {
        self.tracks.retain(|_, points| points.back().is_some_and(|(then, _)| *then >= now_us - LENGTH_US));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trail_has_the_last_seconds_of_its_track_only() {
        let mut trails = Trails::default();
        for step in 0..100_i64 {
            trails.add(2, step * 100_000, [0.5, 0.5]);
            let trail = trails.add(1, step * 500_000, [step as f64, 1.0]);
            assert_eq!(trail.last(), Some(&[step as f64, 1.0]));
            assert!(trail.len() <= 7 && trail.iter().all(|point| point[0] >= step as f64 - 6.0), "{trail:?}");
        }
        trails.forget_before(49_500_000);
        assert_eq!(trails.tracks.keys().collect::<Vec<_>>(), [&1]);
    }

    #[test]
    fn a_trail_is_bounded() {
        let mut trails = Trails::default();
        for step in 0..1_000 {
            trails.add(1, step, [0.0, 0.0]);
        }
        assert_eq!(trails.add(1, 1_000, [0.0, 0.0]).len(), MAX_POINTS);
    }
}
