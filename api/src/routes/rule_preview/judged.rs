//! Judges what the camera saw.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::time::SystemTime;

use vru_proto::v1;
use vru_rules::{PastFrame, replay, rules, wire};
use vru_storage::past_frames::Past;
use vru_storage::tracks::TrackId;
use vru_vision::rules::Judgement;

use super::frames::frames;
use super::preview::{PreviewedAlert, RuleCount, RulePreview};
use crate::routes::text::{micros, time};
use crate::words::{AlertKind, Direction, RoadUserClass, Severity, Word as _};

/// The newest of each preview. How many there are in all, `rules` says.
const MOST_ALERTS: usize = 100;

pub(super) struct Asked {
    pub config: v1::CameraConfig,
    pub from: SystemTime,
    pub to: SystemTime,
}

pub(super) struct Judged {
    /// Whose alerts do not say yet which tracks have a picture.
    pub preview: RulePreview,
    /// Session and number of each track that it names.
    pub tracks: Vec<(i64, i64)>,
}

/// Of what is raised from `from` on. `None` if `go_on` says that it takes too long.
pub(super) fn judged(asked: &Asked, past: &Past, go_on: impl FnMut() -> bool) -> Option<Judged> {
    let Asked { config, from, to } = asked;
    let from_us = micros(*from);
    let (frames, unjudged) = frames(&past.frames);
    let mut all = Raised::default();
    replay(&rules(config), &frames, go_on, |session, judgement| {
        if judgement.finding.frame.captured_at_us >= from_us {
            all.add(session, judgement);
        }
    })?;
    let of_rule = |id: &str| all.by_rule.get(id).copied().unwrap_or(0);
    let count = |rule: &v1::Rule| RuleCount { rule_id: rule.id.clone(), alerts: of_rule(&rule.id) };
    let counts = config.rules.iter().map(count).collect();
    let raised = all.newest();
    let times = || frames.iter().map(|frame| frame.stamp.captured_at_us).filter(|&at_us| at_us >= from_us);
    let first_us = times().min();
    let preview = RulePreview {
        from: time(*from),
        to: time(*to),
        frames: times().count(),
        first_frame: first_us.map(moment),
        last_frame: times().max().map(moment),
        watched_seconds: watched_us(&frames, from_us) as f64 / 1e6,
        // What is missing of the time before the one that was asked for is the beginning of visits only.
        truncated: past.is_cut && past.frames.iter().all(|frame| frame.captured_at > *from),
        unjudged_frames: unjudged.into_iter().filter(|&at_us| at_us >= from_us).count(),
        rules: counts,
        alerts: raised.iter().map(|one| alert(&config.id, &frames, one)).collect(),
    };
    Some(Judged { preview, tracks: raised.iter().map(track).collect() })
}

/// What was raised: how many by each rule, and the newest. Many rules raise more than there is room for.
#[derive(Default)]
struct Raised {
    by_rule: HashMap<String, usize>,
    some: Vec<(u64, Judgement)>,
}

impl Raised {
    fn add(&mut self, session: u64, judgement: Judgement) {
        match self.by_rule.get_mut(&judgement.rule_id) {
            Some(count) => *count += 1,
            None => drop(self.by_rule.insert(judgement.rule_id.clone(), 1)),
        }
        self.some.push((session, judgement));
        // Now and then, so that it is sorted seldom.
        if self.some.len() >= 10 * MOST_ALERTS {
            self.keep_newest();
        }
    }

    fn keep_newest(&mut self) {
        self.some.sort_by_key(|one| (Reverse(one.1.finding.frame.captured_at_us), track(one)));
        self.some.truncate(MOST_ALERTS);
    }

    /// The newest first.
    fn newest(mut self) -> Vec<(u64, Judgement)> {
        self.keep_newest();
        self.some
    }
}

/// The time between two frames of a session was watched if tracks go on over it.
fn watched_us(frames: &[PastFrame], from_us: i64) -> i64 {
    let between = |pair: &[PastFrame]| {
        let [before, frame] = pair else { return 0 };
        let begin_us = before.stamp.captured_at_us.max(from_us);
        let gap_us = frame.stamp.captured_at_us - before.stamp.captured_at_us;
        let watched = before.max_lost_us.is_some()
            && before.session == frame.session
            && frame.max_lost_us.is_some_and(|longest_us| (0..=longest_us).contains(&gap_us));
        if watched { (frame.stamp.captured_at_us - begin_us).max(0) } else { 0 }
    };
    frames.windows(2).map(between).sum()
}

/// Session and number of the track that an alert is about.
fn track((session, judgement): &(u64, Judgement)) -> (i64, i64) {
    let track = judgement.finding.track_ids.first().copied().unwrap_or_default();
    (session.cast_signed(), track.cast_signed())
}

fn alert(camera_id: &str, frames: &[PastFrame], one: &(u64, Judgement)) -> PreviewedAlert {
    let (session, judgement) = one;
    let finding = &judgement.finding;
    let in_frame = |frame: &&PastFrame| (frame.session, frame.stamp) == (*session, finding.frame);
    let (width, height) = frames.iter().find(in_frame).map_or((1, 1), |frame| frame.source_size);
    let foot = finding.rect.foot_point(width, height);
    let (session, track_id) = track(one);
    PreviewedAlert {
        rule_id: judgement.rule_id.clone(),
        kind: AlertKind::word(wire::kind_to_wire(judgement.kind) as i16),
        severity: Severity::word(wire::severity_to_wire(judgement.severity) as i16),
        class: RoadUserClass::word(wire::class_to_wire(finding.class) as i16),
        direction: Direction::word(wire::direction_to_wire(finding.direction) as i16),
        at: moment(finding.frame.captured_at_us),
        track_id: TrackId { camera_id: camera_id.to_owned(), session, track_id }.to_string(),
        has_snapshot: false,
        x: foot.x,
        y: foot.y,
    }
}

fn moment(us: i64) -> String {
    time(vru_runtime::clock::from_us(us))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use vru_storage::past_frames::{PastObject, StoredFrame};

    use super::*;

    /// Somebody stands in the middle of the picture for so many frames, ten a second, from ten minutes before the end on.
    fn past(frames: i64, is_cut: bool) -> Past {
        let begin = end() - Duration::from_mins(10);
        let found = Some([45.0, 40.0, 10.0, 10.0]);
        let frame = |at: i64| StoredFrame {
            captured_at: begin + Duration::from_millis(100 * at.unsigned_abs()),
            session: 1,
            sequence: at,
            source_size: (100, 100),
            end_of_stream: false,
            max_lost_us: Some(2_000_000),
            objects: vec![PastObject { track_id: 7, class: 1, track_state: 2, found }],
        };
        Past { frames: (0..frames).map(frame).collect(), is_cut }
    }

    fn end() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_hours(500_000)
    }

    fn asked(minutes: u64) -> Asked {
        let corner = |x, y| v1::Point { x, y };
        let polygon = vec![corner(0.0, 0.0), corner(1.0, 0.0), corner(1.0, 1.0), corner(0.0, 1.0)];
        let zone = v1::Zone { id: "all".to_owned(), polygon, ..Default::default() };
        let dwell = v1::Dwell { zone_id: "all".to_owned(), seconds: 5.0, ..Default::default() };
        let rule = v1::Rule { id: "stay".to_owned(), kind: Some(v1::rule::Kind::Dwell(dwell)), ..Default::default() };
        let config =
            v1::CameraConfig { id: "cam".to_owned(), zones: vec![zone], rules: vec![rule], ..Default::default() };
        Asked { config, from: end() - Duration::from_secs(60 * minutes), to: end() }
    }

    #[test]
    fn what_was_cut_off_is_said_if_it_is_of_the_time_that_was_asked_for() {
        let truncated = |minutes, is_cut| {
            let found = judged(&asked(minutes), &past(100, is_cut), || true).unwrap();
            found.preview.truncated
        };
        assert!(truncated(60, true));
        assert!(!truncated(60, false));
        // All of the last five minutes was read.
        assert!(!truncated(5, true));
    }

    #[test]
    fn what_was_raised_before_the_time_that_was_asked_for_is_not_told() {
        let count = |minutes| {
            let found = judged(&asked(minutes), &past(6_000, false), || true).unwrap().preview;
            (found.rules[0].alerts, found.alerts.len(), found.frames, found.watched_seconds)
        };
        assert_eq!(count(10), (1, 1, 6_000, 599.9));
        // The visit goes on, and was raised nine minutes ago.
        assert_eq!(count(1), (0, 0, 600, 59.9));
    }

    #[test]
    fn each_of_many_alerts_is_counted_and_the_newest_are_kept() {
        let mut raised = Raised::default();
        let mut one = replayed(&asked(60), &past(100, false)).remove(0);
        // Not in the order of time: sessions may overlap.
        for at in 0..5_000_i64 {
            one.1.rule_id = format!("rule {}", at % 2);
            one.1.finding.frame.captured_at_us = at * 7919 % 5_000;
            raised.add(one.0, one.1.clone());
            assert!(raised.some.len() < 10 * MOST_ALERTS);
        }
        assert_eq!((raised.by_rule["rule 0"], raised.by_rule["rule 1"]), (2_500, 2_500));
        let times: Vec<i64> = raised.newest().iter().map(|one| one.1.finding.frame.captured_at_us).collect();
        assert_eq!(times, (4_900..5_000).rev().collect::<Vec<_>>());
    }

    fn replayed(asked: &Asked, past: &Past) -> Vec<(u64, Judgement)> {
        let mut raised = Vec::new();
        let tell = |session, judgement| raised.push((session, judgement));
        replay(&rules(&asked.config), &frames(&past.frames).0, || true, tell).unwrap();
        raised
    }

    #[test]
    fn it_gives_up_when_it_takes_too_long() {
        assert!(judged(&asked(60), &past(10, false), || false).is_none());
    }
}
