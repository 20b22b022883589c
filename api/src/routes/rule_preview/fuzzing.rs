use std::time::{Duration, SystemTime};

use vru_storage::past_frames::{Past, PastObject, StoredFrame};

use super::create::WantedPreview;
use super::judged::{Asked, judged};
use crate::http::read_json;
use crate::routes::fuzz_checks::check_problem;

/// More than any rule needs to be raised; so few that a case takes little time.
const FRAMES: i64 = 60;

/// Reads the body of a preview, and judges some frames with it. Panics if the answer has more than it may, or contradicts itself.
pub(in crate::routes) fn body(case: &[u8]) {
    let checked = read_json::<WantedPreview>(case).and_then(|wanted| wanted.checked("cam"));
    let (minutes, config) = match checked {
        Ok(checked) => checked,
        Err(problem) => return check_problem(&problem),
    };
    assert!((1..=60).contains(&minutes));
    assert!(vru_proto::validate::view(&config).is_ok() && config.source.is_none());
    let to = SystemTime::UNIX_EPOCH + Duration::from_hours(500_000);
    let from = to - Duration::from_secs(60 * u64::from(minutes));
    let rules: Vec<String> = config.rules.iter().map(|rule| rule.id.clone()).collect();
    let found = judged(&Asked { config, from, to }, &past(to), || true).expect("nothing stops it");
    let preview = found.preview;
    let counted: usize = preview.rules.iter().map(|rule| rule.alerts).sum();
    assert!(preview.rules.iter().map(|rule| &rule.rule_id).eq(&rules));
    assert_eq!(preview.alerts.len(), counted.min(100));
    assert!(preview.alerts.iter().all(|alert| alert.x.is_finite() && alert.y.is_finite()));
    assert!(serde_json::to_string(&preview).is_ok());
}

/// Two road users go from the left to the right, and a third one stands in the middle.
fn past(to: SystemTime) -> Past {
    let object = |track_id: i64, left: f32, top: f32| PastObject {
        track_id,
        class: 1 + (track_id % 2) as i16,
        track_state: 2,
        found: Some([left, top, 10.0, 20.0]),
    };
    let frame = |at: i64| StoredFrame {
        captured_at: to - Duration::from_millis(500 * (FRAMES - at).unsigned_abs()),
        session: 1,
        sequence: at,
        source_size: (100, 100),
        end_of_stream: at + 1 == FRAMES,
        max_lost_us: Some(2_000_000),
        objects: vec![object(1, 2.0 * at as f32 - 10.0, 10.0), object(2, 1.5 * at as f32, 60.0), object(3, 45.0, 40.0)],
    };
    Past { frames: (0..FRAMES).map(frame).collect(), is_cut: false }
}
