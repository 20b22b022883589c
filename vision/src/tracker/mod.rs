//! Multi-object tracking: assigns each detection the track id of its road user.
//!
//! There is one [`Tracker`] per session of a camera; it takes frames in the order of capture. Each track has a constant-velocity
//! Kalman filter. Strong detections are associated with the predicted boxes first, then weak detections with the tracks that
//! were detected a moment ago. Overlap, height, class and appearance decide. A strong detection that is left may be a lost track
//! farther away that looks the same; otherwise it starts a tentative track. A track without a detection is kept for some time, and
//! gets its id back when it is detected again, unless its motion has led out of the picture. A bicycle or motorcycle without a rider is
//! tracked, and reported only if it moves. The same detections at the same times always give the same tracks.

mod association;
mod clock;
mod config;
mod edge;
mod kalman;
mod overlap;
mod parking;
mod state;
#[cfg(test)]
mod tests;
mod track;
mod track_box;
mod tracked_object;

pub use config::TrackerConfig;
pub use tracked_object::{TrackState, TrackedObject};

use association::{Stage, associate, stages};
use clock::TrackClock;
use edge::PictureEdge;
use track::{Input, Track};
use track_box::TrackBox;

use crate::detection::Detection;
use crate::geometry::Rect;
use crate::road_user::RoadUserClass;

/// Tracks the road users of one camera's session.
#[derive(Debug)]
pub struct Tracker {
    config: TrackerConfig,
    clock: TrackClock,
    // Sorted by id.
    tracks: Vec<Track>,
    edge: Option<PictureEdge>,
    last_id: u64,
    refused: u64,
}

impl Tracker {
    pub fn new(config: TrackerConfig) -> Self {
        Self { config, clock: TrackClock::default(), tracks: Vec::new(), edge: None, last_id: 0, refused: 0 }
    }

    /// Replaces the settings while the camera runs. The tracks stay.
    pub fn configure(&mut self, config: TrackerConfig) {
        self.config = config;
    }

    /// Sets the size of the camera's picture, in whose pixels the boxes are. While it is not known (0), nobody is taken to leave.
    pub fn set_picture_size(&mut self, width: u32, height: u32) {
        self.edge = PictureEdge::of(width, height);
    }

    /// How long after a frame another one may come so that the tracks of the first go on, in microseconds of capture time.
    pub fn max_lost_us(&self) -> i64 {
        self.config.max_lost_us()
    }

    /// Processes the detections of the next frame and returns its tracked road users, sorted by id. `captured_at_us` is the
    /// capture time in microseconds of any clock. Weak detections that belong to no track are left out.
    pub fn update(&mut self, captured_at_us: i64, detections: &[Detection]) -> Vec<TrackedObject> {
        self.advance(captured_at_us, detections, Input::Detected)
    }

    /// Processes a frame whose tracks another tracker has already published. Each of the detections belongs to a track there,
    /// which may have started long before, so a weak detection also starts a track here. Tracks that were confirmed there are
    /// confirmed here.
    pub fn replay(&mut self, captured_at_us: i64, reported: &[(Detection, TrackState)]) -> Vec<TrackedObject> {
        let detections: Vec<Detection> = reported.iter().map(|(detection, _)| *detection).collect();
        let mut objects = self.advance(captured_at_us, &detections, Input::Reported);
        for object in &mut objects {
            if reported[object.detection].1 == TrackState::Confirmed
                && let Some(track) = self.tracks.iter_mut().find(|track| track.id == object.track_id)
            {
                track.establish();
                object.state = TrackState::Confirmed;
            }
        }
        objects
    }

    fn advance(&mut self, captured_at_us: i64, detections: &[Detection], input: Input) -> Vec<TrackedObject> {
        let seconds = self.clock.advance(captured_at_us);
        let now_us = self.clock.now_us();
        self.tracks.retain(|track| !track.is_outdated(now_us, &self.config));
        for track in &mut self.tracks {
            track.predict(seconds);
        }
        let mut open: Vec<usize> = (0..detections.len()).filter(|&at| is_usable(&detections[at])).collect();
        // The detection of each track in this frame.
        let mut seen: Vec<Option<usize>> = vec![None; self.tracks.len()];
        for stage in stages(&self.config) {
            self.run_stage(&stage, detections, &mut open, &mut seen);
        }

        for (track, &seen) in self.tracks.iter_mut().zip(&seen) {
            match seen {
                Some(at) => track.observe(&detections[at], now_us, &self.config, input),
                None => track.miss(),
            }
        }
        let new_track_score = match input {
            Input::Detected => self.config.new_track_score,
            Input::Reported => f32::NEG_INFINITY,
        };
        self.start_tracks(detections, &open, &mut seen, new_track_score);
        self.rename_forgotten(&mut seen);
        let mut objects = Vec::with_capacity(detections.len());
        let mut reported = vec![false; detections.len()];
        for (track, seen) in self.tracks.iter_mut().zip(&mut seen) {
            *seen = seen.filter(|_| !track.is_parked(now_us));
            if let Some(at) = *seen {
                reported[at] = true;
                track.reported(now_us);
                objects.push(track.object(at, detections[at].score, &self.config));
            }
        }
        // Only what is reported counts: a tracker that replays the frame knows nothing else, and must learn the same.
        let crowded = crowded(detections, &reported);
        for (track, at) in self.tracks.iter_mut().zip(&seen).filter_map(|(track, seen)| Some((track, (*seen)?))) {
            track.look_at(&detections[at], crowded[at]);
        }
        self.tracks.retain(|track| !track.is_over(now_us, &self.config));
        objects
    }

    /// A bicycle that stood unreported and moves now is a new road user: it gets a new id, or the rules would take it for the one
    /// that was parked.
    fn rename_forgotten(&mut self, seen: &mut Vec<Option<usize>>) {
        let now_us = self.clock.now_us();
        for (track, seen) in self.tracks.iter_mut().zip(&*seen) {
            if seen.is_some() && !track.is_parked(now_us) && track.is_forgotten(now_us, &self.config) {
                self.last_id += 1;
                track.id = self.last_id;
            }
        }
        // The tracks stay sorted by id, and each keeps its detection.
        if !self.tracks.is_sorted_by_key(|track| track.id) {
            let mut both: Vec<(Track, Option<usize>)> = self.tracks.drain(..).zip(seen.drain(..)).collect();
            both.sort_by_key(|(track, _)| track.id);
            (self.tracks, *seen) = both.into_iter().unzip();
        }
    }

    /// Whether the track still exists, so that it may be detected again.
    pub fn is_alive(&self, track_id: u64) -> bool {
        self.tracks.binary_search_by_key(&track_id, |track| track.id).is_ok()
    }

    /// Where the road users of all tracks are now, also those that were not detected in this frame, in pixels of the camera's picture.
    pub fn expected(&self) -> impl Iterator<Item = (Rect, RoadUserClass)> + '_ {
        self.tracks.iter().map(|track| (track.rect(), track.class()))
    }

    /// Number of tracks, including those without a detection in the last frame.
    pub fn track_count(&self) -> usize {
        self.tracks.len()
    }

    /// Number of detections that could not start a track because `max_tracks` was reached.
    pub fn refused_tracks(&self) -> u64 {
        self.refused
    }

    fn run_stage(&self, stage: &Stage, detections: &[Detection], open: &mut Vec<usize>, seen: &mut [Option<usize>]) {
        let now_us = self.clock.now_us();
        let reaches = |rect: &Rect| stage.at_edge || !self.edge.is_some_and(|edge| edge.touches(rect));
        // It ends as late as any other lost track: rules that judge stored frames know only the time.
        let has_left = |track: &Track| {
            !track.is_in_sight(now_us) && self.edge.is_some_and(|edge| edge.is_left_behind(&track.rect()))
        };
        let rows: Vec<TrackBox> = self
            .tracks
            .iter()
            .enumerate()
            .filter(|&(row, track)| seen[row].is_none() && stage.takes(track, now_us))
            .filter(|&(_, track)| reaches(&track.rect()) && !has_left(track))
            .map(|(row, track)| track.candidate(row))
            .collect();
        let takes = |detection: &Detection| stage.scores.contains(&detection.score) && reaches(&detection.rect);
        let columns: Vec<usize> = open.iter().copied().filter(|&at| takes(&detections[at])).collect();
        let mut taken = vec![false; detections.len()];
        for (row, at) in associate(stage, &rows, detections, &columns) {
            seen[row] = Some(at);
            taken[at] = true;
        }
        open.retain(|&at| !taken[at]);
    }

    fn start_tracks(
        &mut self,
        detections: &[Detection],
        open: &[usize],
        seen: &mut Vec<Option<usize>>,
        new_track_score: f32,
    ) {
        for &at in open {
            let detection = &detections[at];
            if detection.score < new_track_score {
                continue;
            }
            if self.tracks.len() >= self.config.max_tracks && !self.drop_longest_lost(seen) {
                self.refused += 1;
                continue;
            }
            self.last_id += 1;
            let now_us = self.clock.now_us();
            self.tracks.push(Track::start(self.last_id, detection, now_us, &self.config));
            seen.push(Some(at));
        }
    }

    /// Removes the track that has been without a detection for the longest time. Returns false if every track is detected.
    fn drop_longest_lost(&mut self, seen: &mut Vec<Option<usize>>) -> bool {
        let lost = (0..self.tracks.len()).filter(|&row| seen[row].is_none());
        let Some(row) = lost.min_by_key(|&row| (self.tracks[row].last_seen_us(), self.tracks[row].id)) else {
            return false;
        };
        self.tracks.remove(row);
        seen.remove(row);
        true
    }
}

fn is_usable(detection: &Detection) -> bool {
    detection.rect.is_valid() && detection.score.is_finite()
}

// The share of a box that others may hide before its picture says more about them.
const CROWDED: f32 = 0.4;
// Detections below this score are mostly parts of others.
const CROWD_SCORE: f32 = 0.3;

/// For each reported detection whether another one covers much of it. Only where there are pictures.
fn crowded(detections: &[Detection], reported: &[bool]) -> Vec<bool> {
    let mut crowded = vec![false; detections.len()];
    let pictured: Vec<usize> =
        (0..detections.len()).filter(|&at| reported[at] && detections[at].appearance.is_some()).collect();
    let rects: Vec<Rect> = pictured.iter().map(|&at| detections[at].rect).collect();
    overlap::overlapping(&rects, &rects, |row, column| {
        let hides = row != column && detections[pictured[column]].score >= CROWD_SCORE;
        if hides && rects[row].intersection(&rects[column]) > CROWDED * rects[row].area() {
            crowded[pictured[row]] = true;
        }
    });
    crowded
}
