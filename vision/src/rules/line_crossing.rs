//! The rule "a road user crosses a line".

use std::collections::BTreeMap;

use super::judge::{Judge, Occurrences, watched};
use super::judgement::{Direction, EndReason, Finding, Progress};
use super::observation::{FrameTracks, TrackObservation};
use super::place::{Line, Place};
use crate::frame_stamp::FrameStamp;
use crate::geometry::Rect;
use crate::road_user::RoadUserClass;
use crate::state_codec::{StateError, StateReader, StateWriter};

/// How far beyond the line the foot point must be before a crossing counts, as a share of the box's height. The lower edge of a box
/// trembles by a few percent of it.
const MARGIN: f32 = 0.1;

/// One judgement each time that the path of a confirmed track's foot point crosses the line.
#[derive(Debug, Clone)]
pub struct LineCrossing {
    settings: Settings,
    walks: Walks,
}

/// The ways of one session's tracks.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Walks {
    /// By track id: every track that exists.
    tracks: BTreeMap<u64, Walk>,
    /// What another rule of this id has raised about tracks that this one has not seen yet.
    earlier: Occurrences,
}

#[derive(Debug, Clone, PartialEq)]
struct Settings {
    line: Line,
    /// None: both.
    direction: Option<Direction>,
    classes: Vec<RoadUserClass>,
}

/// A side of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// The way of one track.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Walk {
    /// The side on which it was last clearly; before that, the side of its first foot point.
    settled: Side,
    /// The side of its last foot point.
    side: Side,
    confirmed: bool,
    /// Where it crossed the line to the side of `side`, if that is not the settled one.
    crossing: Option<Crossing>,
    judged: u32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Crossing {
    frame: FrameStamp,
    rect: Rect,
    class: RoadUserClass,
}

impl LineCrossing {
    /// Without a direction, both are judged. If `classes` is empty, the rule is for all vulnerable road users.
    pub fn new(line: Line, direction: Option<Direction>, classes: &[RoadUserClass]) -> Self {
        Self { settings: Settings { line, direction, classes: watched(classes) }, walks: Walks::default() }
    }

    pub(super) fn has_settings_of(&self, other: &Self) -> bool {
        self.settings == other.settings
    }
}

impl Side {
    fn of(distance: f64) -> Self {
        if distance < 0.0 { Self::Left } else { Self::Right }
    }
}

impl Walk {
    fn new(side: Side) -> Self {
        Self { settled: side, side, confirmed: false, crossing: None, judged: 0 }
    }

    fn observe(&mut self, object: &TrackObservation, frame: &FrameTracks<'_>, settings: &Settings) -> Option<Finding> {
        let size = (frame.source_width, frame.source_height);
        let distance = settings.line.signed_distance(object.foot, size);
        let side = Side::of(distance);
        if side != self.side {
            self.side = side;
            // A second crossing before the first one counted leads back.
            let through = object.motion.is_some_and(|motion| settings.line.is_between(motion.from, object.foot, size));
            if through {
                let crossing = Crossing { frame: frame.stamp, rect: object.rect, class: object.class };
                self.crossing = if self.crossing.is_some() { None } else { Some(crossing) };
            }
        }
        self.confirmed |= object.is_confirmed();
        if let Some(crossing) = &mut self.crossing {
            crossing.class = object.class;
        }
        let clearly = distance.abs() >= f64::from(object.rect.height * MARGIN);
        if clearly && self.confirmed { self.settle(object.track_id, settings) } else { None }
    }

    /// The track is clearly on its side of the line, or ends there.
    fn settle(&mut self, track_id: u64, settings: &Settings) -> Option<Finding> {
        let crossing = self.crossing.take();
        if std::mem::replace(&mut self.settled, self.side) == self.side || !self.confirmed {
            return None;
        }
        let Crossing { frame, rect, class } = crossing?;
        let direction = match self.side {
            Side::Right => Direction::In,
            Side::Left => Direction::Out,
        };
        if settings.direction.is_some_and(|wanted| wanted != direction) || !settings.classes.contains(&class) {
            return None;
        }
        let occurrence = self.judged;
        self.judged = self.judged.saturating_add(1);
        Some(Finding {
            progress: Progress::Raised,
            place: Place::Line(settings.line.id.clone()),
            direction: Some(direction),
            track_ids: vec![track_id],
            occurrence,
            class,
            rect,
            frame,
            began_at_us: frame.captured_at_us,
            ended_at_us: Some(frame.captured_at_us),
            end_reason: None,
        })
    }

    fn read(state: &mut StateReader<'_>) -> Result<Self, StateError> {
        let mut side = || Ok(if state.flag()? { Side::Right } else { Side::Left });
        let (settled, now) = (side()?, side()?);
        let (confirmed, judged) = (state.flag()?, state.small()?);
        let crossing = if state.flag()? {
            Some(Crossing { frame: state.stamp()?, rect: state.rect()?, class: state.class()? })
        } else {
            None
        };
        Ok(Self { settled, side: now, confirmed, crossing, judged })
    }
}

impl Walks {
    pub fn read(state: &mut StateReader<'_>) -> Result<Self, StateError> {
        let mut walks = Self::default();
        for _ in 0..state.number()? {
            let track_id = state.number()?;
            walks.tracks.insert(track_id, Walk::read(state)?);
        }
        Ok(walks)
    }

    /// How many crossings of each track were raised.
    pub fn occurrences(&self) -> Occurrences {
        let judged = self.tracks.iter().map(|(&track_id, walk)| (track_id, walk.judged));
        self.earlier.iter().map(|(&track_id, &raised)| (track_id, raised)).chain(judged).collect()
    }
}

impl Judge for LineCrossing {
    fn observe(&mut self, frame: &FrameTracks<'_>, is_alive: &dyn Fn(u64) -> bool, findings: &mut Vec<Finding>) {
        let Self { settings, walks: Walks { tracks, earlier } } = self;
        earlier.retain(|&track_id, _| is_alive(track_id));
        tracks.retain(|&track_id, walk| {
            let alive = is_alive(track_id);
            if !alive {
                findings.extend(walk.settle(track_id, settings));
            }
            alive
        });
        let size = (frame.source_width, frame.source_height);
        for object in frame.objects {
            let side = || Side::of(settings.line.signed_distance(object.foot, size));
            let walk = tracks
                .entry(object.track_id)
                .or_insert_with(|| Walk { judged: earlier.remove(&object.track_id).unwrap_or(0), ..Walk::new(side()) });
            findings.extend(walk.observe(object, frame, settings));
        }
    }

    fn finish(&mut self, _reason: EndReason, findings: &mut Vec<Finding>) {
        for (track_id, mut walk) in std::mem::take(&mut self.walks).tracks {
            findings.extend(walk.settle(track_id, &self.settings));
        }
    }

    // A crossing is over when it is raised.
    fn end_open(&mut self, _reason: EndReason, _findings: &mut Vec<Finding>) {}

    fn open(&self, _findings: &mut Vec<Finding>) {}

    fn resume(&mut self, _raised: &Finding) -> bool {
        false
    }

    fn take_back_unless(&mut self, _raised: &dyn Fn(u64, u32) -> bool) {}

    fn occurrences(&self) -> Occurrences {
        self.walks.occurrences()
    }

    fn begin_after(&mut self, raised: &Occurrences) {
        for (&track_id, &raised) in raised {
            match self.walks.tracks.get_mut(&track_id) {
                Some(walk) => walk.judged = walk.judged.max(raised),
                None => drop(self.walks.earlier.insert(track_id, raised)),
            }
        }
    }

    fn save(&self, state: &mut StateWriter) {
        state.number(self.walks.tracks.len() as u64);
        for (track_id, walk) in &self.walks.tracks {
            state.number(*track_id);
            for flag in [walk.settled == Side::Right, walk.side == Side::Right, walk.confirmed] {
                state.byte(u8::from(flag));
            }
            state.number(u64::from(walk.judged)).byte(u8::from(walk.crossing.is_some()));
            if let Some(Crossing { frame, rect, class }) = walk.crossing {
                state.stamp(frame).rect(rect).class(class);
            }
        }
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.walks = Walks::read(state)?;
        Ok(())
    }
}
