//! What the detections of one track say, taken together.

use std::collections::BTreeMap;

use vru_proto::v1;

use super::foot::Foot;
use super::motion::{Anchor, Ground, Motion};
use super::path::Path;

/// Zones after the first ones (in the order of time) are not kept. No real track touches as many.
const MAX_ZONES: usize = 256;
/// Votes for numbers outside of this are votes for 0, "unspecified", so that a row cannot grow with invented classes.
const CLASSES: std::ops::Range<i16> = 0..64;

/// Identifies a track.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TrackKey {
    pub(crate) camera: String,
    pub(crate) session: i64,
    pub(crate) track_id: i64,
}

/// The place of a frame in the order in which a track takes detections. Frames of a session are captured in the order of their
/// sequence numbers; the time decides if a message says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment {
    /// Capture time, microseconds since the Unix epoch.
    pub(crate) at_us: i64,
    pub(crate) sequence: i64,
}

/// One detection of a track.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sighting<'a> {
    pub(crate) moment: Moment,
    pub(crate) class: i16,
    pub(crate) score: f32,
    pub(crate) confirmed: bool,
    /// Left, top, width, height.
    pub(crate) bounds: [f32; 4],
    pub(crate) ground: Option<Ground>,
    pub(crate) zones: Vec<&'a str>,
    pub(crate) snapshot_key: Option<&'a str>,
}

impl<'a> Sighting<'a> {
    /// Of an object of a frame.
    pub(crate) fn of(moment: Moment, frame: &'a v1::FrameDetections, object: &'a v1::DetectedObject) -> Self {
        let bounds = object.r#box.unwrap_or_default();
        Self {
            moment,
            class: object.class as i16,
            score: object.score,
            confirmed: object.track_state() == v1::TrackState::Confirmed,
            bounds: [bounds.left, bounds.top, bounds.width, bounds.height],
            ground: object.ground_position.map(|ground| (ground.x_m, ground.y_m)),
            zones: zone_ids(frame, object).collect(),
            snapshot_key: (!object.snapshot_key.is_empty()).then_some(object.snapshot_key.as_str()),
        }
    }

    fn anchor(&self) -> Anchor {
        Anchor { at_us: self.moment.at_us, foot: Foot::of(self.bounds), ground: self.ground }
    }
}

/// The ids of the zones that an object is in.
pub(crate) fn zone_ids<'a>(
    frame: &'a v1::FrameDetections,
    object: &'a v1::DetectedObject,
) -> impl ExactSizeIterator<Item = &'a str> + Clone {
    // Validated: each index exists.
    object.zones.iter().map(|&zone| frame.zone_ids.get(zone as usize).map_or("", String::as_str))
}

/// The stay of a track in one zone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ZoneStay {
    pub(crate) first_us: i64,
    pub(crate) last_us: i64,
    pub(crate) detections: i64,
}

/// The detection with the highest score, the earliest of several.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Best {
    pub(crate) score: f32,
    pub(crate) moment: Moment,
    pub(crate) bounds: [f32; 4],
}

/// The row of a track. It follows from the track's detections, which it takes one by one in the order of their moments.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Track {
    pub(crate) first_us: i64,
    pub(crate) last: Moment,
    /// Width and height of the camera's picture in the last frame.
    pub(crate) size: (i32, i32),
    pub(crate) detections: i64,
    pub(crate) confirmed: i64,
    /// Detections by class.
    pub(crate) votes: BTreeMap<i16, i64>,
    pub(crate) score_sum: f64,
    pub(crate) best: Best,
    pub(crate) snapshot: Option<(String, f32)>,
    pub(crate) zones: BTreeMap<String, ZoneStay>,
    pub(crate) path: Path,
    pub(crate) motion: Motion,
}

impl Track {
    /// A track that begins with a detection.
    fn begin(first: &Sighting<'_>, size: (i32, i32)) -> Self {
        let mut track = Self {
            first_us: first.moment.at_us,
            last: first.moment,
            size,
            detections: 0,
            confirmed: 0,
            votes: BTreeMap::new(),
            score_sum: 0.0,
            best: Best { score: first.score, moment: first.moment, bounds: first.bounds },
            snapshot: None,
            zones: BTreeMap::new(),
            path: Path::default(),
            motion: Motion::from(first.anchor()),
        };
        track.push(first, size);
        track
    }

    /// Adds the next detection; the first one begins the track.
    pub(crate) fn with(track: Option<Self>, next: &Sighting<'_>, size: (i32, i32)) -> Self {
        let Some(mut track) = track else { return Self::begin(next, size) };
        track.push(next, size);
        track
    }

    /// Adds the next detection, which must not be before [`Track::last`].
    fn push(&mut self, next: &Sighting<'_>, size: (i32, i32)) {
        self.last = next.moment;
        self.size = size;
        self.detections += 1;
        self.confirmed += i64::from(next.confirmed);
        let class = if CLASSES.contains(&next.class) { next.class } else { 0 };
        *self.votes.entry(class).or_default() += 1;
        self.score_sum += f64::from(next.score);
        if next.score > self.best.score {
            self.best = Best { score: next.score, moment: next.moment, bounds: next.bounds };
        }
        if let Some(key) = next.snapshot_key
            && self.snapshot.as_ref().is_none_or(|(_, score)| next.score > *score)
        {
            self.snapshot = Some((key.to_owned(), next.score));
        }
        for &zone in &next.zones {
            self.stay(zone, next.moment.at_us);
        }
        self.path.push(next.moment.at_us, Foot::of(next.bounds));
        self.motion.push(next.anchor());
    }

    fn stay(&mut self, zone: &str, at_us: i64) {
        if let Some(stay) = self.zones.get_mut(zone) {
            stay.last_us = at_us;
            stay.detections += 1;
        } else if self.zones.len() < MAX_ZONES {
            self.zones.insert(zone.to_owned(), ZoneStay { first_us: at_us, last_us: at_us, detections: 1 });
        }
    }

    /// The class with most detections, and its share of them. Of several, the one with the smallest number.
    pub(crate) fn class(&self) -> (i16, f32) {
        let most = self.votes.iter().max_by_key(|&(class, count)| (*count, std::cmp::Reverse(*class)));
        most.map_or((0, 0.0), |(&class, &count)| (class, (count as f64 / self.detections as f64) as f32))
    }

    pub(crate) fn mean_score(&self) -> f32 {
        (self.score_sum / self.detections as f64) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sighting(step: i64, class: i16, score: f32) -> Sighting<'static> {
        Sighting {
            moment: Moment { at_us: step * 100_000, sequence: step },
            class,
            score,
            confirmed: step > 1,
            bounds: [step as f32 * 3.0, 10.0, 20.0, 50.0],
            ground: None,
            zones: Vec::new(),
            snapshot_key: None,
        }
    }

    fn track(sightings: &[Sighting<'_>]) -> Track {
        let mut track = Track::begin(&sightings[0], (640, 480));
        sightings[1..].iter().for_each(|next| track.push(next, (640, 480)));
        track
    }

    #[test]
    fn each_detection_votes_once_and_a_tie_goes_to_the_smaller_class() {
        assert_eq!(track(&[sighting(0, 2, 0.9), sighting(1, 1, 0.1), sighting(2, 1, 0.1)]).class().0, 1);
        let tie = track(&[sighting(0, 2, 0.9), sighting(1, 1, 0.1)]);
        assert_eq!(tie.class(), (1, 0.5));
        assert_eq!((tie.detections, tie.confirmed, tie.mean_score()), (2, 0, 0.5));
    }

    #[test]
    fn the_best_detection_and_snapshot_are_those_of_the_highest_score_and_the_earliest_of_several() {
        let with_key = |step, score, key| Sighting { snapshot_key: Some(key), ..sighting(step, 1, score) };
        let track = track(&[
            with_key(0, 0.2, "a"),
            sighting(1, 1, 0.9),
            with_key(2, 0.6, "b"),
            with_key(3, 0.6, "c"),
            sighting(4, 1, 0.9),
        ]);
        assert_eq!((track.best.moment.sequence, track.best.bounds[0]), (1, 3.0));
        assert_eq!(track.snapshot, Some(("b".to_owned(), 0.6)));
    }

    #[test]
    fn a_zone_has_the_first_and_the_last_moment_inside() {
        let inside = |step, zones: &[&'static str]| Sighting { zones: zones.to_vec(), ..sighting(step, 1, 0.5) };
        let track =
            track(&[inside(0, &[]), inside(1, &["a"]), inside(2, &["a", "b"]), inside(3, &[]), inside(4, &["a"])]);
        let stay = |first: i64, last: i64, detections| ZoneStay {
            first_us: first * 100_000,
            last_us: last * 100_000,
            detections,
        };
        assert_eq!(track.zones, [("a".to_owned(), stay(1, 4, 3)), ("b".to_owned(), stay(2, 2, 1))].into());
    }

    #[test]
    fn a_track_has_a_bounded_number_of_zones_and_classes() {
        let invented: Vec<_> = (0..1_000).map(|step| sighting(step, step as i16 * 7 - 3_000, 0.5)).collect();
        assert!(track(&invented).votes.len() <= CLASSES.len());
        let ids: Vec<String> = (0..400).map(|zone| format!("zone-{zone:03}")).collect();
        let all = Sighting { zones: ids.iter().map(String::as_str).collect(), ..sighting(0, 1, 0.5) };
        assert_eq!(track(&[all]).zones.len(), MAX_ZONES);
    }
}
