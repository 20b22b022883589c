//! Visits of tracks to a zone: what presence and dwell have in common.

use std::collections::BTreeMap;

use super::judge::{Judge, Occurrences, watched};
use super::judgement::{EndReason, Finding, Progress};
use super::observation::{FrameTracks, TrackObservation};
use super::place::{Place, Zone};
use crate::frame_stamp::FrameStamp;
use crate::geometry::Rect;
use crate::road_user::RoadUserClass;
use crate::state_codec::{StateError, StateReader, StateWriter};

/// How long a road user may be outside before a visit that is not judged yet begins anew: less is taken for jitter of the box.
const JITTER_US: i64 = 500_000;

/// What a visit needs before it is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needed {
    /// The time between the first and the last frame inside, in microseconds. Moments outside and frames without a detection do not
    /// interrupt it.
    Time { us: i64 },
    /// Consecutive analysed frames inside, as a confirmed track.
    Frames(u32),
}

/// Which visits a rule judges.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct VisitSettings {
    pub zone: Zone,
    pub classes: Vec<RoadUserClass>,
    pub needed: Needed,
    /// A visit that was judged ends when the track was not seen inside for longer than this.
    pub cooldown_us: i64,
}

/// Judges each visit of a confirmed track to a zone that lasts long enough.
#[derive(Debug, Clone)]
pub(super) struct ZoneVisits {
    settings: VisitSettings,
    visits: Visits,
}

impl ZoneVisits {
    pub fn new(zone: Zone, needed: Needed, cooldown_us: i64, classes: &[RoadUserClass]) -> Self {
        let settings = VisitSettings { zone, classes: watched(classes), needed, cooldown_us };
        Self { settings, visits: Visits::default() }
    }

    pub fn has_settings_of(&self, other: &Self) -> bool {
        self.settings == other.settings
    }
}

impl Judge for ZoneVisits {
    fn observe(&mut self, frame: &FrameTracks<'_>, is_alive: &dyn Fn(u64) -> bool, findings: &mut Vec<Finding>) {
        self.visits.observe(&self.settings, frame, is_alive, findings);
    }

    fn finish(&mut self, reason: EndReason, findings: &mut Vec<Finding>) {
        self.end_open(reason, findings);
        self.visits = Visits::default();
    }

    fn end_open(&mut self, reason: EndReason, findings: &mut Vec<Finding>) {
        self.visits.end_open(reason, &self.settings, findings);
    }

    fn open(&self, findings: &mut Vec<Finding>) {
        self.visits.open(&self.settings, findings);
    }

    fn resume(&mut self, raised: &Finding) -> bool {
        raised.place == Place::Zone(self.settings.zone.id.clone()) && self.visits.resume(raised)
    }

    fn take_back_unless(&mut self, raised: &dyn Fn(u64, u32) -> bool) {
        for (&track_id, track) in &mut self.visits.tracks {
            let occurrence = track.ended;
            if let Some(visit) = track.open.as_mut().filter(|_| !raised(track_id, occurrence)) {
                visit.judged = None;
            }
        }
    }

    fn occurrences(&self) -> Occurrences {
        self.visits.occurrences()
    }

    fn begin_after(&mut self, raised: &Occurrences) {
        for (&track_id, &raised) in raised {
            let track = self.visits.tracks.entry(track_id).or_default();
            track.ended = track.ended.max(raised);
        }
    }

    fn save(&self, state: &mut StateWriter) {
        self.visits.save(state);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.visits = Visits::read(state)?;
        Ok(())
    }
}

/// The visits of one session's tracks.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Visits {
    /// By track id: every track that is inside, and those with a judged visit that may return.
    tracks: BTreeMap<u64, TrackVisits>,
}

#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct TrackVisits {
    /// How many visits were judged and have ended.
    ended: u32,
    open: Option<Visit>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Visit {
    began_at_us: i64,
    inside_at_us: i64,
    /// In which it was confirmed, one after the other.
    frames: u32,
    /// Since when the track has been seen outside only.
    outside_since_us: Option<i64>,
    judged: Option<Judged>,
}

/// The frame in which a visit was judged.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Judged {
    frame: FrameStamp,
    rect: Rect,
    class: RoadUserClass,
}

impl Visits {
    pub fn observe(
        &mut self,
        settings: &VisitSettings,
        frame: &FrameTracks<'_>,
        is_alive: &dyn Fn(u64) -> bool,
        findings: &mut Vec<Finding>,
    ) {
        let now_us = frame.stamp.captured_at_us;
        let seen = |track_id: u64| {
            let at = frame.objects.binary_search_by_key(&track_id, |object| object.track_id).ok()?;
            Some(&frame.objects[at]).filter(|object| settings.classes.contains(&object.class))
        };
        let inside = |object: &TrackObservation| settings.zone.polygon.contains(object.foot);
        self.tracks.retain(|&track_id, track| {
            let object = seen(track_id);
            if !is_alive(track_id) {
                track.end(track_id, EndReason::TrackLost, settings, findings);
                return false;
            }
            if !object.is_some_and(inside) {
                track.not_inside(track_id, object.is_some(), now_us, settings, findings);
            }
            *track != TrackVisits::default()
        });
        for object in frame.objects.iter().filter(|object| settings.classes.contains(&object.class) && inside(object)) {
            let track = self.tracks.entry(object.track_id).or_default();
            findings.extend(track.inside(object, frame.stamp, settings));
        }
    }

    pub fn end_open(&mut self, reason: EndReason, settings: &VisitSettings, findings: &mut Vec<Finding>) {
        for (&track_id, track) in &mut self.tracks {
            track.end(track_id, reason, settings, findings);
        }
    }

    pub fn open(&self, settings: &VisitSettings, findings: &mut Vec<Finding>) {
        findings.extend(self.tracks.iter().filter_map(|(&track_id, track)| {
            let visit = track.open.as_ref()?;
            Some(finding(track_id, track.ended, visit, visit.judged?, settings).ended(visit.inside_at_us, None))
        }));
    }

    /// Makes the track's visit the one that was raised. What is known about it besides stays.
    pub fn resume(&mut self, raised: &Finding) -> bool {
        let (Some(track_id), Some(inside_at_us)) = (raised.subject(), raised.ended_at_us) else { return false };
        let track = self.tracks.entry(track_id).or_default();
        track.ended = raised.occurrence;
        let judged = Some(Judged { frame: raised.frame, rect: raised.rect, class: raised.class });
        let began_at_us = raised.began_at_us;
        let known =
            track.open.unwrap_or(Visit { began_at_us, inside_at_us, frames: 0, outside_since_us: None, judged });
        track.open = Some(Visit { began_at_us, inside_at_us, judged, ..known });
        true
    }

    pub fn occurrences(&self) -> Occurrences {
        let raised = |track: &TrackVisits| {
            let goes_on = track.open.is_some_and(|visit| visit.judged.is_some());
            track.ended.saturating_add(u32::from(goes_on))
        };
        self.tracks.iter().map(|(&track_id, track)| (track_id, raised(track))).collect()
    }

    pub fn save(&self, state: &mut StateWriter) {
        state.number(self.tracks.len() as u64);
        for (track_id, track) in &self.tracks {
            state.number(*track_id).number(u64::from(track.ended)).byte(u8::from(track.open.is_some()));
            let Some(visit) = track.open else { continue };
            state.time(visit.began_at_us).time(visit.inside_at_us).number(u64::from(visit.frames));
            state.byte(u8::from(visit.outside_since_us.is_some()));
            if let Some(since_us) = visit.outside_since_us {
                state.time(since_us);
            }
            state.byte(u8::from(visit.judged.is_some()));
            if let Some(Judged { frame, rect, class }) = visit.judged {
                state.stamp(frame).rect(rect).class(class);
            }
        }
    }

    pub fn read(state: &mut StateReader<'_>) -> Result<Self, StateError> {
        let mut tracks = BTreeMap::new();
        for _ in 0..state.number()? {
            let track_id = state.number()?;
            let ended = state.small()?;
            let open = if state.flag()? { Some(Visit::read(state)?) } else { None };
            tracks.insert(track_id, TrackVisits { ended, open });
        }
        Ok(Self { tracks })
    }
}

impl Visit {
    fn read(state: &mut StateReader<'_>) -> Result<Self, StateError> {
        let (began_at_us, inside_at_us, frames) = (state.time()?, state.time()?, state.small()?);
        let outside_since_us = if state.flag()? { Some(state.time()?) } else { None };
        let judged = if state.flag()? {
            Some(Judged { frame: state.stamp()?, rect: state.rect()?, class: state.class()? })
        } else {
            None
        };
        Ok(Self { began_at_us, inside_at_us, frames, outside_since_us, judged })
    }

    fn is_long_enough(&self, needed: Needed) -> bool {
        match needed {
            Needed::Time { us } => self.inside_at_us.saturating_sub(self.began_at_us) >= us,
            Needed::Frames(frames) => self.frames >= frames,
        }
    }
}

impl TrackVisits {
    /// The track is seen inside.
    fn inside(&mut self, object: &TrackObservation, frame: FrameStamp, settings: &VisitSettings) -> Option<Finding> {
        let now_us = frame.captured_at_us;
        let visit = self.open.get_or_insert(Visit {
            began_at_us: now_us,
            inside_at_us: now_us,
            frames: 0,
            outside_since_us: None,
            judged: None,
        });
        visit.inside_at_us = now_us;
        visit.outside_since_us = None;
        // A tentative track may become a confirmed one: the time counts already.
        visit.frames = if object.is_confirmed() { visit.frames.saturating_add(1) } else { 0 };
        if visit.judged.is_some() || !object.is_confirmed() || !visit.is_long_enough(settings.needed) {
            return None;
        }
        let judged = Judged { frame, rect: object.rect, class: object.class };
        visit.judged = Some(judged);
        Some(finding(object.track_id, self.ended, visit, judged, settings))
    }

    /// The track is not seen inside; `outside` if it is seen outside.
    fn not_inside(
        &mut self,
        track_id: u64,
        outside: bool,
        now_us: i64,
        settings: &VisitSettings,
        findings: &mut Vec<Finding>,
    ) {
        let Some(visit) = &mut self.open else { return };
        if outside {
            visit.outside_since_us.get_or_insert(now_us);
        }
        let over = if visit.judged.is_some() {
            now_us.saturating_sub(visit.inside_at_us) > settings.cooldown_us
        } else {
            match settings.needed {
                Needed::Frames(_) => true,
                Needed::Time { .. } => {
                    visit.outside_since_us.is_some_and(|since_us| now_us.saturating_sub(since_us) >= JITTER_US)
                }
            }
        };
        if over {
            self.end(track_id, EndReason::Left, settings, findings);
        }
    }

    fn end(&mut self, track_id: u64, reason: EndReason, settings: &VisitSettings, findings: &mut Vec<Finding>) {
        let Some(visit) = self.open.take() else { return };
        let Some(judged) = visit.judged else { return };
        let raised = finding(track_id, self.ended, &visit, judged, settings);
        findings.push(raised.ended(visit.inside_at_us, Some(reason)));
        self.ended = self.ended.saturating_add(1);
    }
}

fn finding(track_id: u64, occurrence: u32, visit: &Visit, judged: Judged, settings: &VisitSettings) -> Finding {
    Finding {
        progress: Progress::Raised,
        place: Place::Zone(settings.zone.id.clone()),
        direction: None,
        track_ids: vec![track_id],
        occurrence,
        class: judged.class,
        rect: judged.rect,
        frame: judged.frame,
        began_at_us: visit.began_at_us,
        ended_at_us: None,
        end_reason: None,
    }
}
