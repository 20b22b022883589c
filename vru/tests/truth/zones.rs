//! Alerts and counts of a walker whose visits and crossings are known, through the real program.

use serde_json::{Value, json};

use crate::analysis::Analyse;
use crate::videos::make;

/// The walker of `probe-walk` comes down, out of the picture at the lower edge, goes up, and does both again: 8 s each. The feet are in the
/// lowest quarter of the picture from 5.1 s to 10.9 s and from 21.1 s to 26.9 s, and below the picture from 7.3 s to 8.7 s and from 23.3 s to
/// 24.7 s.
fn walk(fps: u32, size: &str) -> std::path::PathBuf {
    let brightness = "16+186*(1-abs(mod(T/8,2)-1))";
    make(
        &format!("walk-{fps}.mkv"),
        &format!(
            "-f lavfi -i color=black:s={size}:r={fps}:d=32,format=yuv420p,geq=lum='{brightness}':cb=128:cr=128 -c:v ffv1"
        ),
    )
}

const CAMERAS: &str = r#"
[[cameras]]
id = "edge"
push = { allow_anonymous = true }
zones = [{ id = "lowest", polygon = [[0, 0.75], [1, 0.75], [1, 1], [0, 1]] }]
lines = [{ id = "middle", points = [[0, 0.5], [1, 0.5]] }]
rules = [
  { id = "there", zone_presence = { zone = "lowest" } },
  { id = "stays", dwell = { zone = "lowest", seconds = 4 } },
  { id = "stays-long", dwell = { zone = "lowest", seconds = 7 } },
  { id = "crosses", line_crossing = { line = "middle" } },
  { id = "comes", line_crossing = { line = "middle", direction = "in" } },
  { id = "rides", line_crossing = { line = "middle", classes = ["cyclist"] } },
]
"#;

/// The summary that `vru analyse --json` printed.
fn summary(log: &str) -> Value {
    let line = log.lines().rfind(|line| line.starts_with('{')).expect("a summary");
    serde_json::from_str(line).unwrap()
}

#[test]
fn visits_at_the_edge_stays_and_crossings_are_the_same_at_every_frame_rate_and_size() {
    for (fps, size) in [(5, "320x240"), (10, "333x251"), (25, "640x360")] {
        let found = Analyse::fixture(&walk(fps, size), "probe-walk").cameras(CAMERAS).succeed();
        let summary = summary(&found.log);
        assert_eq!(summary["alerts_by_rule"], json!({ "there": 2, "stays": 2 }), "{fps} fps: {summary}");
        // Two rules count the way down.
        let crossings = json!({ "middle": { "in": { "pedestrian": 4 }, "out": { "pedestrian": 2 } } });
        assert_eq!(summary["crossings"], crossings, "{fps} fps: {summary}");
        assert_eq!(summary["tracks"], 1, "{fps} fps: {summary}");
        let raised: Vec<(&str, f64)> = found
            .frames
            .iter()
            .flat_map(|frame| frame.alerts.iter().map(move |alert| (alert.rule.as_str(), frame.captured_at_us)))
            .map(|(rule, us)| (rule, (us - found.frames[0].captured_at_us) as f64 / 1e6))
            .collect();
        for ((rule, at), (wanted, from)) in
            raised.iter().zip([("there", 5.1), ("stays", 9.1), ("there", 21.1), ("stays", 25.1)])
        {
            assert_eq!(*rule, wanted, "{fps} fps: {raised:?}");
            assert!((from..from + 0.7).contains(at), "{fps} fps: {wanted} at {at} s, not soon after {from} s");
        }
        let ids: std::collections::BTreeSet<&str> =
            found.frames.iter().flat_map(|frame| &frame.alerts).map(|alert| alert.id.as_str()).collect();
        assert_eq!(ids.len(), 4, "each visit has an id of its own");
    }
}

#[test]
fn zones_and_lines_without_extent_and_unclear_rules_are_refused_by_name() {
    let video = make("short.mkv", "-f lavfi -i color=black:s=64x64:r=5:d=1 -c:v ffv1");
    for (from, to, wanted) in [
        ("[[0, 0.75], [1, 0.75], [1, 1], [0, 1]]", "[[0, 0.75], [1, 0.75], [0, 0.75], [0, 0.75]]", "no area"),
        ("[[0, 0.75], [1, 0.75], [1, 1], [0, 1]]", "[[0, 1], [0.3, 1], [1, 1], [0.6, 1]]", "no area"),
        ("[[0, 0.75], [1, 0.75], [1, 1], [0, 1]]", "[[0, 0.75], [1, 0.75], [1, 1], [1, 0.75]]", "no area"),
        ("points = [[0, 0.5], [1, 0.5]]", "points = [[0, 0.5], [0, 0.5]]", "same point"),
        ("points = [[0, 0.5], [1, 0.5]]", "points = [[0, 0.5]]", "not 2"),
        ("line = \"middle\", direction", "line = \"nowhere\", direction", "a line that does not exist"),
        ("seconds = 4", "seconds = 0", "how long"),
        ("zone = \"lowest\" }", "zone = \"lowest\", min_seconds = 1, min_frames = 3 }", "together"),
        ("zone = \"lowest\" }", "zone = \"lowest\", cooldown_seconds = -1 }", "cooldown_seconds"),
        (
            "dwell = { zone = \"lowest\", seconds = 4 }",
            "zone_presence = { zone = \"lowest\" }, dwell = { zone = \"lowest\", seconds = 4 }",
            "exactly one",
        ),
    ] {
        assert!(CAMERAS.contains(from));
        let refused = Analyse::fixture(&video, "probe-walk").cameras(&CAMERAS.replacen(from, to, 1)).run();
        assert!(!refused.status.success(), "{to} was accepted");
        assert!(refused.log.contains(wanted) && refused.log.contains("`edge`"), "{to}: {}", refused.log);
    }
}

#[test]
fn tracker_settings_that_contradict_the_model_are_refused_with_both_values() {
    let video = make("short.mkv", "-f lavfi -i color=black:s=64x64:r=5:d=1 -c:v ffv1");
    let cameras = format!("{CAMERAS}[cameras.tracker]\nhigh_score = 0.05\n");
    let refused = Analyse::fixture(&video, "probe-walk").cameras(&cameras).run();
    assert!(!refused.status.success(), "it was accepted");
    let wanted = "camera edge do not fit the model: the model's low_score 0.1 is above the camera's high_score 0.05";
    assert!(refused.log.contains(wanted), "{}", refused.log);
}
