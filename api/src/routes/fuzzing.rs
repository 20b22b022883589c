//! What clients send to routes, for the targets in `fuzz/`.

use jiff::tz::TimeZone;
use serde_json::Value;
use vru_runtime::cameras::CameraSettings;

use super::cameras::checked;
use super::fuzz_checks::check_problem;
use super::{counts, rule_preview, tracks};
use crate::cameras::CameraMessages;
use crate::http::read_json;

/// The body of a preview of rules.
pub(crate) fn rule_preview(case: &[u8]) {
    rule_preview::fuzzing::body(case);
}

/// The query of the counts of tracks.
pub(crate) fn track_counts(case: &[u8]) {
    if let Ok(query) = std::str::from_utf8(case) {
        tracks::fuzzing::counts(query, &zone(query));
    }
}

/// The query of the pictures of tracks.
pub(crate) fn track_snapshots(case: &[u8]) {
    if let Ok(query) = std::str::from_utf8(case) {
        tracks::fuzzing::snapshots(query);
    }
}

/// The query of counts.
pub(crate) fn counts(case: &[u8]) {
    if let Ok(query) = std::str::from_utf8(case) {
        counts::fuzzing::query(query, &zone(query));
    }
}

/// The settings of a camera. Panics if those that are stored are not a camera, or are other ones.
pub(crate) fn camera_settings(case: &[u8]) {
    let stored = read_json::<CameraSettings>(case).and_then(|settings| {
        let stored = checked("cam", &settings, None)?;
        let location = settings.location();
        let in_range = |value: f64, most: f64| (-most..=most).contains(&value);
        assert!(location.is_none_or(|at| in_range(at.latitude, 90.0) && in_range(at.longitude, 180.0)));
        assert!(location.and_then(|at| at.heading).is_none_or(|heading| (0.0..=360.0).contains(&heading)));
        Ok(stored)
    });
    let stored: Value = match stored {
        Ok(stored) => stored,
        Err(problem) => return check_problem(&problem),
    };
    let message = CameraMessages::message("cam", &stored, None).expect("what is stored is a camera");
    assert!(vru_proto::validate::camera(&message).is_ok());
    let again: CameraSettings = serde_json::from_value(stored.clone()).expect("what is stored are settings");
    assert_eq!(checked("cam", &again, None).expect("they are accepted again"), stored);
}

/// Of a site: with clocks that change by an hour, by half an hour, a minute after midnight, and never.
fn zone(query: &str) -> TimeZone {
    let names = ["Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "UTC"];
    TimeZone::get(names[query.len() % names.len()]).expect("a time zone")
}
