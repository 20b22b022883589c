//! Association of detections with tracks.

use std::ops::Range;

use super::config::TrackerConfig;
use super::overlap::overlapping;
use super::track::Track;
use crate::assignment::{Edge, best_pairs};
use crate::detection::Detection;
use crate::geometry::Rect;
use crate::road_user::RoadUserClass;

/// Which tracks a stage associates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TrackFilter {
    Established,
    EstablishedInSight,
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
}

impl Stage {
    pub fn takes(&self, track: &Track) -> bool {
        match self.tracks {
            TrackFilter::Established => track.is_established(),
            TrackFilter::EstablishedInSight => track.is_established() && track.is_in_sight(),
            TrackFilter::NotEstablished => !track.is_established(),
        }
    }
}

// A weak detection often covers only a part of a road user, or belongs to its neighbour, so it must be closer.
const WEAK_MIN_OVERLAP: f32 = 0.45;
// The speed of a new track is not known yet.
const TENTATIVE_MIN_OVERLAP: f32 = 0.25;

/// The stages of the association, in order.
pub(super) fn stages(config: &TrackerConfig) -> [Stage; 3] {
    let strong = config.high_score..f32::INFINITY;
    [
        Stage {
            tracks: TrackFilter::Established,
            scores: strong.clone(),
            growth: config.growth,
            min_overlap: config.min_overlap,
        },
        Stage {
            tracks: TrackFilter::EstablishedInSight,
            scores: config.low_score..config.high_score,
            growth: config.growth / 2.0,
            min_overlap: WEAK_MIN_OVERLAP,
        },
        Stage {
            tracks: TrackFilter::NotEstablished,
            scores: strong,
            growth: config.growth,
            min_overlap: TENTATIVE_MIN_OVERLAP.max(config.min_overlap),
        },
    ]
}

/// A track without a detection so far, with its predicted box.
#[derive(Debug, Clone, Copy)]
pub(super) struct TrackBox {
    pub index: usize,
    pub rect: Rect,
    pub class: RoadUserClass,
}

// If the model misses the bicycle in a frame, the cyclist is detected as a pedestrian. So a detection can continue a track of another
// class if both classes are vulnerable, or neither is. Their overlap is multiplied by this factor, which prefers the same class.
const OTHER_CLASS: f32 = 0.8;

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
    let row_rects: Vec<Rect> = rows.iter().map(|row| row.rect.grown(stage.growth)).collect();
    let column_rects: Vec<Rect> = columns.iter().map(|&at| detections[at].rect.grown(stage.growth)).collect();
    let mut edges = Vec::with_capacity(rows.len() * 2);
    overlapping(&row_rects, &column_rects, |row, column| {
        let (track, detection) = (rows[row].class, detections[columns[column]].class);
        if track.is_vulnerable() != detection.is_vulnerable() {
            return;
        }
        let likeness = if track == detection { 1.0 } else { OTHER_CLASS };
        let overlap = row_rects[row].iou(&column_rects[column]) * likeness;
        if overlap >= stage.min_overlap {
            edges.push(Edge { row, column, gain: overlap - stage.min_overlap + f32::EPSILON });
        }
    });
    best_pairs(rows.len(), columns.len(), &strongest(edges))
        .into_iter()
        .map(|(row, column)| (rows[row].index, columns[column]))
        .collect()
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
