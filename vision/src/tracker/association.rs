//! Which detection continues which track.

use std::ops::Range;

use super::candidates::overlapping;
use super::track::Track;
use crate::assignment::{Edge, best_pairs};
use crate::detection::Detection;
use crate::geometry::Rect;
use crate::road_user::RoadUserClass;

/// Which tracks take part in a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows {
    Established,
    EstablishedInSight,
    Tentative,
}

/// One round of assignment.
#[derive(Debug, Clone)]
pub(super) struct Stage {
    pub rows: Rows,
    pub scores: Range<f32>,
    pub growth: f32,
    pub min_overlap: f32,
}

impl Stage {
    pub fn takes(&self, track: &Track) -> bool {
        match self.rows {
            Rows::Established => track.is_established(),
            Rows::EstablishedInSight => track.is_established() && track.is_in_sight(),
            Rows::Tentative => !track.is_established(),
        }
    }
}

/// A track that waits for a detection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub index: usize,
    pub rect: Rect,
    pub class: RoadUserClass,
}

// A cyclist is seen as a pedestrian when the bicycle is missed in one frame, so classes that are confused may continue each
// other; where both are near, the same class is preferred.
const OTHER_CLASS: f32 = 0.8;

// Boxes that overlap more candidates than this are in a flood of false detections; the nearest of them are enough to choose
// from, and the time stays bounded.
const MAX_CANDIDATES: usize = 16;

/// The best pairs of track index and detection index.
pub(super) fn associate(
    stage: &Stage,
    rows: &[Row],
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
    best_pairs(rows.len(), columns.len(), &nearest(edges))
        .into_iter()
        .map(|(row, column)| (rows[row].index, columns[column]))
        .collect()
}

/// At most [`MAX_CANDIDATES`] edges a row, those with the largest gain. The edges of a row lie together.
fn nearest(mut edges: Vec<Edge>) -> Vec<Edge> {
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
