mod crossings;
mod ends;
mod state;
mod visits;

use super::{
    EndReason, Finding, FrameStamp, Judgement, Progress, Rule, RuleKind, RuleSet, Severity, TrackedFrame, Zone,
};
use crate::geometry::{Point, Polygon, Rect};
use crate::road_user::RoadUserClass;
use crate::tracker::TrackState;

const SIZE: (u32, u32) = (100, 100);
/// Tracks from this number on are never alive.
const DEAD: u64 = 1000;

/// A road user of the tests: track id, state, class, box.
type Seen = (u64, TrackState, RoadUserClass, Rect);

/// The right half of the picture.
fn right_half() -> Zone {
    let corners = [(0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)].map(|(x, y)| Point { x, y });
    Zone { id: "right".to_owned(), polygon: Polygon::new(corners.to_vec()).unwrap() }
}

fn rule(kind: RuleKind) -> Rule {
    Rule { id: "rule".to_owned(), severity: Severity::Warning, kind }
}

/// A pedestrian whose foot point is at `x`, `y` pixels, 30 pixels high.
fn at(track_id: u64, x: f32, y: f32) -> Seen {
    let rect = Rect::from_edges(x - 5.0, y - 30.0, x + 5.0, y);
    (track_id, TrackState::Confirmed, RoadUserClass::Pedestrian, rect)
}

fn inside(track_id: u64) -> Seen {
    at(track_id, 70.0, 50.0)
}

fn outside(track_id: u64) -> Seen {
    at(track_id, 20.0, 50.0)
}

/// A camera with 10 frames per second.
struct Camera {
    rules: RuleSet,
    now: FrameStamp,
}

impl Camera {
    fn new(kinds: Vec<RuleKind>) -> Self {
        let rules = kinds.into_iter().map(rule).collect();
        Self { rules: RuleSet::new(rules), now: FrameStamp { sequence: 0, captured_at_us: 1_700_000_000_000_000 } }
    }

    /// The next frame.
    fn see(&mut self, objects: &[Seen]) -> Vec<Judgement> {
        self.now.sequence += 1;
        self.now.captured_at_us += 100_000;
        let frame = TrackedFrame { stamp: self.now, source_width: SIZE.0, source_height: SIZE.1, objects };
        self.rules.observe(&frame, |track_id| track_id < DEAD)
    }

    /// The next frames, all the same. Returns the findings and how many frames before they came.
    fn see_often(&mut self, frames: usize, objects: &[Seen]) -> Vec<(usize, Finding)> {
        (0..frames)
            .flat_map(|frame| self.see(objects).into_iter().map(move |judgement| (frame, judgement.finding)))
            .collect()
    }
}

fn summary(judgements: &[Judgement]) -> Vec<(Progress, u64, u32)> {
    let of = |judgement: &Judgement| {
        let finding = &judgement.finding;
        (finding.progress, finding.track_ids[0], finding.occurrence)
    };
    judgements.iter().map(of).collect()
}

fn reasons(judgements: &[Judgement]) -> Vec<(String, u32, Option<EndReason>)> {
    let of =
        |judgement: &Judgement| (judgement.rule_id.clone(), judgement.finding.occurrence, judgement.finding.end_reason);
    judgements.iter().map(of).collect()
}
