//! Association of detections with tracks.

use std::ops::Range;

use super::config::{TrackerConfig, micros};
use super::overlap::overlapping;
use super::track::Track;
use super::track_box::TrackBox;
use crate::appearance::{Appearance, Look};
use crate::assignment::{Edge, best_pairs};
use crate::detection::Detection;
use crate::geometry::Rect;
use crate::road_user::RoadUserClass;

/// Which tracks a stage associates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TrackFilter {
    Established,
    EstablishedInSight,
    /// Established, out of sight, and for a short time only.
    RecentlyLost,
    NotEstablished,
}

/// One stage of the association. Each stage works on what the previous ones left over.
#[derive(Debug, Clone)]
pub(super) struct Stage {
    pub tracks: TrackFilter,
    /// Scores of the detections that take part.
    pub scores: Range<f32>,
    /// See [`TrackerConfig::growth`].
    pub growth: f32,
    /// See [`TrackerConfig::min_overlap`].
    pub min_overlap: f32,
    /// Minimum quotient of the heights of both boxes, the smaller divided by the larger.
    pub min_height: f32,
    /// See [`TrackerConfig::appearance`].
    pub appearance: f32,
    /// Minimum likeness of track and detection, 0 to 1. Above 0, both must have an appearance.
    pub min_likeness: f32,
    /// Whether a track may also be where it was seen last, not only where it should be now.
    pub at_last_place: bool,
    /// Whether it associates boxes that touch the edge of the picture.
    pub at_edge: bool,
}

impl Stage {
    pub fn takes(&self, track: &Track, now_us: i64) -> bool {
        let in_sight = track.is_in_sight(now_us);
        match self.tracks {
            TrackFilter::Established => track.is_established(),
            TrackFilter::EstablishedInSight => track.is_established() && in_sight,
            TrackFilter::RecentlyLost => {
                let recently = now_us - track.last_seen_us() <= micros(RECENTLY_S);
                track.is_established() && !in_sight && recently
            }
            TrackFilter::NotEstablished => !track.is_established(),
        }
    }
}

// A weak detection often covers only a part of a road user, or belongs to its neighbour, so it must be closer.
const WEAK_MIN_OVERLAP: f32 = 0.45;
// A road user behind a lamp post or another one is found with a low score, long before the strong detection that the first stage
// needs. A box of another height there is somebody else, or a part.
const LOST_MIN_SCORE: f32 = 0.2;
const LOST_MIN_OVERLAP: f32 = 0.4;
const LOST_MIN_HEIGHT: f32 = 0.7;
const RECENTLY_S: f32 = 1.5;
// Whoever stopped or turned while hidden comes out elsewhere than the motion predicts, so a track that nobody nearer continued
// is also looked for this far away, if it looks the same. Not at the edge of the picture: there one pedestrian leaves and the next
// one comes, in clothes that are often as dark.
const REFOUND_GROWTH: f32 = 1.5;
const REFOUND_MIN_OVERLAP: f32 = 0.2;
const REFOUND_MIN_HEIGHT: f32 = 0.7;
const REFOUND_MIN_LIKENESS: f32 = 0.93;
// The speed of a new track is not known yet.
const TENTATIVE_MIN_OVERLAP: f32 = 0.25;
// Whoever is found with a score that varies around `high_score` stays one track, even if it is never confirmed.
const TENTATIVE_WEAK_MIN_SCORE: f32 = 0.3;
const TENTATIVE_WEAK_MIN_OVERLAP: f32 = 0.5;
const TENTATIVE_WEAK_MIN_HEIGHT: f32 = 0.8;

/// The stages of the association, in order.
pub(super) fn stages(config: &TrackerConfig) -> [Stage; 6] {
    let strong = config.high_score..f32::INFINITY;
    let stage = Stage {
        tracks: TrackFilter::Established,
        scores: strong.clone(),
        growth: config.growth,
        min_overlap: config.min_overlap,
        min_height: 0.0,
        appearance: config.appearance,
        min_likeness: 0.0,
        at_last_place: false,
        at_edge: true,
    };
    [
        stage.clone(),
        Stage {
            tracks: TrackFilter::EstablishedInSight,
            scores: config.low_score..config.high_score,
            growth: config.growth / 2.0,
            min_overlap: WEAK_MIN_OVERLAP,
            ..stage.clone()
        },
        Stage {
            tracks: TrackFilter::RecentlyLost,
            scores: LOST_MIN_SCORE.max(config.low_score)..config.high_score,
            growth: config.growth / 2.0,
            min_overlap: LOST_MIN_OVERLAP,
            min_height: LOST_MIN_HEIGHT,
            ..stage.clone()
        },
        Stage {
            scores: strong.clone(),
            growth: REFOUND_GROWTH.max(config.growth),
            min_overlap: REFOUND_MIN_OVERLAP.max(config.min_overlap),
            min_height: REFOUND_MIN_HEIGHT,
            // Nobody is found again by looks if looks do not count.
            min_likeness: if config.appearance > 0.0 { REFOUND_MIN_LIKENESS } else { f32::INFINITY },
            at_last_place: true,
            at_edge: false,
            ..stage.clone()
        },
        Stage {
            tracks: TrackFilter::NotEstablished,
            scores: strong,
            min_overlap: TENTATIVE_MIN_OVERLAP.max(config.min_overlap),
            ..stage.clone()
        },
        Stage {
            tracks: TrackFilter::NotEstablished,
            scores: TENTATIVE_WEAK_MIN_SCORE.max(config.low_score)..config.high_score,
            growth: config.growth / 2.0,
            min_overlap: TENTATIVE_WEAK_MIN_OVERLAP,
            min_height: TENTATIVE_WEAK_MIN_HEIGHT,
            ..stage
        },
    ]
}

// If the model misses the bicycle in a frame, the cyclist is detected as a pedestrian. So a detection can continue a track of another
// class if both classes are vulnerable, or neither is. Their overlap is multiplied by this factor, which prefers the same class.
const OTHER_CLASS: f32 = 0.8;

// How alike two pictures of one road user usually are. Where it is not known, it changes nothing.
const USUAL_LIKENESS: f32 = 0.85;

// A box that overlaps more candidates than this is among a large number of false detections. The best of them are enough to
// choose from, and the time stays bounded.
const MAX_CANDIDATES: usize = 16;

/// The optimal pairs of track index and detection index. `columns` are the indices of the detections that take part.
pub(super) fn associate(
    stage: &Stage,
    rows: &[TrackBox],
    detections: &[Detection],
    columns: &[usize],
) -> Vec<(usize, usize)> {
    if rows.is_empty() || columns.is_empty() {
        return Vec::new();
    }
    let places = |row: &TrackBox| {
        let rect = row.rect.grown(stage.growth);
        (rect, if stage.at_last_place { row.last_seen.grown(stage.growth) } else { rect })
    };
    // Each contains all places of its track.
    let row_rects: Vec<Rect> = rows.iter().map(places).map(|(now, last)| now.union(&last)).collect();
    let column_rects: Vec<Rect> = columns.iter().map(|&at| detections[at].rect.grown(stage.growth)).collect();
    let mut edges = Vec::with_capacity(rows.len() * 2);
    overlapping(&row_rects, &column_rects, |row, column| {
        let (track, detection) = (&rows[row], &detections[columns[column]]);
        let Some(likeness) = likeness(stage, track, detection) else { return };
        let (now, last) = places(track);
        let overlap = now.iou(&column_rects[column]).max(last.iou(&column_rects[column])) * likeness;
        if overlap >= stage.min_overlap {
            edges.push(Edge { row, column, gain: f64::from(overlap - stage.min_overlap + f32::EPSILON) });
        }
    });
    best_pairs(rows.len(), columns.len(), &strongest(edges))
        .into_iter()
        .map(|(row, column)| (rows[row].index, columns[column]))
        .collect()
}

/// How plausible it is that the detection is the track, apart from their places; `None` if it cannot be.
fn likeness(stage: &Stage, track: &TrackBox, detection: &Detection) -> Option<f32> {
    if track.class.is_vulnerable() != detection.class.is_vulnerable() {
        return None;
    }
    // A bicycle that leans on a wall must not continue the pedestrian who passes, nor the pedestrian the bicycle.
    let walks = |class: RoadUserClass| class == RoadUserClass::Pedestrian;
    if (detection.riderless && walks(track.class)) || (track.is_riderless && walks(detection.class)) {
        return None;
    }
    // Boxes of one road user keep their height even where a passer-by hides one side.
    let (a, b) = (track.rect.height, detection.rect.height);
    let height = a.min(b) / a.max(b);
    if height < stage.min_height {
        return None;
    }
    let class = if track.class == detection.class { 1.0 } else { OTHER_CLASS };
    Some(class * height * look(stage, track.look.as_ref(), detection.appearance.as_ref())?)
}

fn look(stage: &Stage, track: Option<&Look>, detection: Option<&Appearance>) -> Option<f32> {
    match (track, detection) {
        (Some(track), Some(detection)) if stage.appearance > 0.0 => {
            let likeness = track.likeness(detection);
            (likeness >= stage.min_likeness).then(|| (likeness / USUAL_LIKENESS).powf(stage.appearance))
        }
        _ => (stage.min_likeness <= 0.0).then_some(1.0),
    }
}

/// The [`MAX_CANDIDATES`] edges of each row with the largest gain. The edges of a row must be adjacent.
fn strongest(mut edges: Vec<Edge>) -> Vec<Edge> {
    if edges.chunk_by(|a, b| a.row == b.row).all(|row| row.len() <= MAX_CANDIDATES) {
        return edges;
    }
    let mut kept = Vec::with_capacity(edges.len());
    for row in edges.chunk_by_mut(|a, b| a.row == b.row) {
        if row.len() > MAX_CANDIDATES {
            row.select_nth_unstable_by(MAX_CANDIDATES, |a, b| b.gain.total_cmp(&a.gain).then(a.column.cmp(&b.column)));
        }
        kept.extend_from_slice(&row[..row.len().min(MAX_CANDIDATES)]);
    }
    kept
}
