//! MOTA, IDF1 and HOTA are those of `motmetrics` and `trackeval`. `mot/make.py` writes the files and asks both.

use std::path::Path;

use vru_vision::mot::{self, EvaluationOptions, MotEntry};

fn entries(name: &str) -> Vec<MotEntry> {
    mot::read(&text(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/truth/mot").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn assert_agrees(scene: &str) {
    let expected: toml::Table = text("expected.toml").parse().unwrap();
    let expected = expected[scene].as_table().unwrap();
    let options = EvaluationOptions { every_frame: true, ..EvaluationOptions::default() };
    let got =
        mot::evaluate(&entries(&format!("{scene}.truth.txt")), &entries(&format!("{scene}.tracks.txt")), &options);
    for (name, value) in [
        ("switches", got.switches),
        ("misses", got.misses),
        ("false_positives", got.false_positives),
        ("boxes", got.truths),
    ] {
        assert_eq!(Some(value as i64), expected[name].as_integer(), "{name} of {scene}");
    }
    for (name, value) in [
        ("mota", got.mota()),
        ("idf1", got.idf1()),
        ("trackeval_mota", got.mota()),
        ("trackeval_idf1", got.idf1()),
        ("hota", got.hota.hota),
        ("detection", got.hota.detection),
        ("association", got.hota.association),
        ("localisation", got.hota.localisation),
    ] {
        let want = expected[name].as_float().unwrap();
        // Coordinates have 24 bits here and 53 there.
        assert!((value - want).abs() < 1e-5, "{name} of {scene} is {value}, and {want} there");
    }
}

#[test]
fn the_metrics_of_plain_tracks_are_those_of_motmetrics_and_trackeval() {
    assert_agrees("plain");
}

#[test]
fn the_metrics_with_classes_and_distractors_are_those_of_motmetrics_and_trackeval() {
    assert_agrees("classes");
}
