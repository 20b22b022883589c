//! What is counted: every crossing of a line and every visit of a zone by a confirmed track, of any class, whether or not a rule names the line
//! or the zone. A visit is what a presence rule with default settings judges.

use vru_proto::v1;
use vru_proto::validate::{MAX_COUNTED, is_place_id};
use vru_vision::road_user::RoadUserClass;
use vru_vision::rules::{
    EndReason, FrameStamp, Judgement, LineCrossing, Needed, Place, Presence, Progress, Rule, RuleKind, RuleSet,
    Severity, StateError, TrackedFrame,
};

use super::wire::{class_to_wire, direction_to_wire};
use vru_rules::{default_presence, line, read_zone};

/// Counts for one camera.
#[derive(Debug, Default)]
pub(super) struct Counter {
    judge: RuleSet,
    rules: Vec<Rule>,
    line_ids: Vec<String>,
    zone_ids: Vec<String>,
}

impl Counter {
    /// Counts at the lines and zones of this configuration from the next frame on. What did not change goes on.
    pub(super) fn configure(&mut self, config: Option<&v1::CameraConfig>) {
        let default = v1::CameraConfig::default();
        let config = config.unwrap_or(&default);
        let lines: Vec<_> = config.lines.iter().filter_map(|found| line(config, &found.id)).collect();
        let lines = countable(&config.id, lines, |line| &line.id);
        let zones: Vec<_> = config.zones.iter().filter_map(read_zone).collect();
        let zones = countable(&config.id, zones, |zone| &zone.id);
        self.line_ids = lines.iter().map(|line| line.id.clone()).collect();
        self.zone_ids = zones.iter().map(|zone| zone.id.clone()).collect();
        // A line and a zone may have the same id.
        let lines = lines.into_iter().map(|line| {
            let id = format!("line {}", line.id);
            (id, RuleKind::LineCrossing(LineCrossing::new(line, None, &RoadUserClass::ALL)))
        });
        let zones = zones.into_iter().map(|zone| {
            let (min_us, cooldown_us) = default_presence();
            let id = format!("zone {}", zone.id);
            (id, RuleKind::Presence(Presence::new(zone, Needed::Time { us: min_us }, cooldown_us, &RoadUserClass::ALL)))
        });
        self.rules = lines.chain(zones).map(|(id, kind)| Rule { id, severity: Severity::Info, kind }).collect();
        self.judge.replace(self.rules.clone(), EndReason::RuleChanged);
    }

    /// What is counted in a frame.
    pub(super) fn watched(&self, classes: &[RoadUserClass], max_gap_us: i64) -> v1::Counting {
        v1::Counting {
            line_ids: self.line_ids.clone(),
            zone_ids: self.zone_ids.clone(),
            classes: classes.iter().map(|&class| class_to_wire(class).into()).collect(),
            max_gap_us: u32::try_from(max_gap_us).unwrap_or(0),
        }
    }

    /// Another session has other tracks.
    pub(super) fn begin_session(&mut self) {
        self.judge = RuleSet::new(self.rules.clone());
    }

    /// Processes the next frame.
    pub(super) fn observe(
        &mut self,
        frame: &TrackedFrame<'_>,
        is_alive: impl Fn(u64) -> bool,
        session: u64,
    ) -> Vec<v1::Passage> {
        passages(self.judge.observe(frame, is_alive), session)
    }

    /// What is still to be counted of a session when it ends.
    pub(super) fn finish(&mut self, session: u64) -> Vec<v1::Passage> {
        passages(self.judge.finish(EndReason::SessionEnded), session)
    }

    /// The state after the frame `at`, for the worker that takes over.
    pub(super) fn save(&self, at: FrameStamp) -> Vec<u8> {
        if self.judge.is_empty() { Vec::new() } else { self.judge.save(at) }
    }

    pub(super) fn restore(&mut self, state: &[u8], at: FrameStamp) -> Result<(), StateError> {
        self.judge.restore(state, at)
    }
}

/// Those that messages can name.
fn countable<T>(camera: &str, mut places: Vec<T>, id: fn(&T) -> &String) -> Vec<T> {
    let all = places.len();
    places.retain(|place| is_place_id(id(place)));
    places.truncate(MAX_COUNTED);
    if places.len() < all {
        let left_out = all - places.len();
        tracing::warn!(
            camera,
            left_out,
            "nothing is counted at some lines or zones: their ids are too long, or they are too many"
        );
    }
    places
}

fn passages(judgements: Vec<Judgement>, session: u64) -> Vec<v1::Passage> {
    let raised = judgements.into_iter().map(|judgement| judgement.finding);
    raised
        .filter(|finding| finding.progress == Progress::Raised)
        .map(|finding| {
            let (line_id, zone_id) = match finding.place {
                Place::Line(id) => (id, String::new()),
                Place::Zone(id) => (String::new(), id),
            };
            v1::Passage {
                line_id,
                zone_id,
                direction: direction_to_wire(finding.direction).into(),
                class: class_to_wire(finding.class).into(),
                track_id: finding.track_ids.first().copied().unwrap_or_default(),
                session,
                occurrence: finding.occurrence,
                at_us: finding.began_at_us,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use vru_vision::detection::Detection;
    use vru_vision::geometry::Rect;

    use super::*;
    use crate::analysis::{AnalysisSettings, CameraAnalysis};
    use crate::test_support::{fake_model, live_frame};

    /// A line down the middle of the picture, a zone on its right half, and no rule.
    fn camera() -> v1::CameraConfig {
        let point = |x, y| v1::Point { x, y };
        v1::CameraConfig {
            id: "cam".to_owned(),
            lines: vec![v1::Line {
                id: "middle".to_owned(),
                points: vec![point(0.5, 1.0), point(0.5, 0.0)],
                ..Default::default()
            }],
            zones: vec![v1::Zone {
                id: "right".to_owned(),
                polygon: vec![point(0.5, 0.0), point(1.0, 0.0), point(1.0, 1.0), point(0.5, 1.0)],
                ..Default::default()
            }],
            ..Default::default()
        }
    }

    fn analysis() -> CameraAnalysis {
        CameraAnalysis::new(Some(&camera()), AnalysisSettings::of(fake_model()))
    }

    /// There and back across the line, a step of a fiftieth of the picture for each frame.
    fn there_and_back(sequence: u64) -> Detection {
        let size = live_frame("cam", 1, 0);
        let step = if sequence < 30 { sequence } else { 60 - sequence.min(60) };
        let x = size.source_width as f32 * (0.2 + step as f32 / 50.0);
        let rect = Rect { left: x - 10.0, top: size.source_height as f32 * 0.4, width: 20.0, height: 50.0 };
        Detection::new(rect, RoadUserClass::Truck, 0.9)
    }

    fn observe(analysis: &mut CameraAnalysis, session: u64, sequence: u64) -> v1::FrameDetections {
        let frame = live_frame("cam", session, sequence);
        analysis.observe(&frame, &[there_and_back(sequence)], None, v1::StageTimings::default()).0
    }

    fn passed(messages: &[v1::FrameDetections]) -> Vec<v1::Passage> {
        messages.iter().flat_map(|message| message.passages.clone()).collect()
    }

    #[test]
    fn crossings_and_visits_of_every_class_are_counted_without_a_rule() {
        let mut analysis = analysis();
        let messages: Vec<_> = (0..60).map(|sequence| observe(&mut analysis, 1, sequence)).collect();
        let track = messages[0].objects[0].track_id;
        let at = |sequence| live_frame("cam", 1, sequence).captured_at_us;
        let first_inside = messages.iter().position(|message| !message.objects[0].zones.is_empty()).unwrap() as u64;
        let passages = passed(&messages);
        let (lines, zones): (Vec<_>, Vec<_>) = passages.iter().partition(|passage| passage.zone_id.is_empty());
        let directions: Vec<_> = lines.iter().map(|line| (line.direction(), line.occurrence)).collect();
        assert_eq!(directions, [(v1::CrossingDirection::In, 0), (v1::CrossingDirection::Out, 1)]);
        assert_eq!(lines[0].at_us, at(first_inside), "the crossing, not the frame that made it certain");
        assert_eq!(zones.len(), 1, "{zones:?}");
        assert_eq!((zones[0].at_us, zones[0].zone_id.as_str()), (at(first_inside), "right"));
        for passage in &passages {
            assert_eq!((passage.track_id, passage.session), (track, 1));
            assert_eq!(passage.class(), v1::RoadUserClass::Truck);
        }
        for message in &messages {
            let counting = message.counting.as_ref().unwrap();
            assert_eq!(
                (&counting.line_ids[..], &counting.zone_ids[..]),
                (&["middle".to_owned()][..], &["right".to_owned()][..])
            );
            assert_eq!(counting.max_gap_us, 2_000_000);
            vru_proto::validate::read_detections(prost::Message::encode_to_vec(message).into()).unwrap();
        }
    }

    #[test]
    fn whoever_takes_over_at_any_frame_counts_the_same() {
        let mut one = analysis();
        let messages: Vec<_> = (0..60).map(|sequence| observe(&mut one, 1, sequence)).collect();
        let all = passed(&messages);
        assert_eq!(all.len(), 3, "{all:?}");
        for taken_over_at in 1..60 {
            let mut other = analysis();
            let from = taken_over_at.max(5) - 5;
            other.replay(&messages[from..taken_over_at].iter().collect::<Vec<_>>());
            let rest: Vec<_> = (taken_over_at as u64..60).map(|sequence| observe(&mut other, 1, sequence)).collect();
            assert_eq!(passed(&rest), passed(&messages[taken_over_at..]), "taken over at {taken_over_at}");
        }
    }

    #[test]
    fn a_session_that_ends_is_counted_to_its_end_and_the_picture_less_end_of_a_file_is_not_watched() {
        let mut analysis = analysis();
        // The foot point is beyond the line, but not yet clearly.
        let crossed = (0..30).find(|&sequence| {
            there_and_back(sequence).rect.left + 10.0 >= live_frame("cam", 1, 0).source_width as f32 / 2.0
        });
        let before: Vec<_> = (0..=crossed.unwrap()).map(|sequence| observe(&mut analysis, 1, sequence)).collect();
        assert!(passed(&before).iter().all(|passage| passage.line_id.is_empty()));
        let next = observe(&mut analysis, 2, 0);
        let lines: Vec<_> = next.passages.iter().map(|passage| (passage.line_id.as_str(), passage.session)).collect();
        assert_eq!(lines, [("middle", 1)]);
        let end = v1::Frame { end_of_stream: true, payload: bytes::Bytes::new(), ..live_frame("cam", 2, 1) };
        assert_eq!(analysis.end(&end).0.counting, None);
    }

    #[test]
    fn lines_that_no_message_can_name_are_not_counted_and_spoil_no_message() {
        let line = |id: String| v1::Line { id, ..camera().lines[0].clone() };
        let mut lines: Vec<_> = (0..1_001).map(|number| line(number.to_string())).collect();
        lines.insert(0, line("x".repeat(2_000)));
        let config = v1::CameraConfig { lines, ..camera() };
        let mut analysis = CameraAnalysis::new(Some(&config), AnalysisSettings::of(fake_model()));
        let message = observe(&mut analysis, 1, 0);
        let counting = message.counting.as_ref().unwrap();
        assert_eq!((counting.line_ids.len(), counting.line_ids[0].as_str()), (1_000, "0"));
        vru_proto::validate::read_detections(prost::Message::encode_to_vec(&message).into()).unwrap();
    }

    #[test]
    fn a_line_that_is_added_counts_from_then_on() {
        let without = v1::CameraConfig { lines: Vec::new(), ..camera() };
        let mut analysis = CameraAnalysis::new(Some(&without), AnalysisSettings::of(fake_model()));
        let before: Vec<_> = (0..10).map(|sequence| observe(&mut analysis, 1, sequence)).collect();
        assert!(before.iter().all(|message| message.counting.as_ref().unwrap().line_ids.is_empty()));
        analysis.configure(Some(&camera()));
        let after: Vec<_> = (10..30).map(|sequence| observe(&mut analysis, 1, sequence)).collect();
        assert!(after.iter().all(|message| message.counting.as_ref().unwrap().line_ids == ["middle"]));
        assert_eq!(passed(&after).iter().filter(|passage| passage.line_id == "middle").count(), 1);
    }
}
