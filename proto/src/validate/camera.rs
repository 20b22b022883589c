//! Cameras: their sources, and what is judged in their pictures.

use std::collections::HashSet;

use super::{CAPTURE_TIME_US, fail};
use crate::error::InvalidMessage;
use crate::ids::CameraId;
use crate::v1;
use crate::{pull_source, tracker_settings, zone_shape};

const NAME: &str = "CameraConfig";
/// The longest key of an object in S3.
const MAX_OBJECT_KEY: usize = 1_024;

/// Validates a camera's configuration from any source.
pub fn camera(config: &v1::CameraConfig) -> Result<CameraId, InvalidMessage> {
    source(config)?;
    view(config)
}

/// Validates all but the source: what is needed to analyse pictures that come from elsewhere.
pub fn view(config: &v1::CameraConfig) -> Result<CameraId, InvalidMessage> {
    let id: CameraId = config.id.parse()?;
    output(config)?;
    if let Some(settings) = &config.tracker {
        tracker_settings::check(settings)?;
    }
    let zones = zones(&config.zones)?;
    let lines = lines(&config.lines)?;
    let mut rules = HashSet::new();
    for rule in &config.rules {
        if rule.id.is_empty() || !rules.insert(rule.id.as_str()) {
            return fail(NAME, "rules.id", format!("is empty or used twice: `{}`", rule.id));
        }
        check_rule(rule, &zones, &lines)?;
    }
    Ok(id)
}

fn source(config: &v1::CameraConfig) -> Result<(), InvalidMessage> {
    match &config.source {
        None => return fail(NAME, "source", "is missing: set one of pull, push and file"),
        Some(v1::camera_config::Source::Pull(pull)) => {
            credentials(pull.credentials.as_ref())?;
            pull_source::check(pull)?;
        }
        Some(v1::camera_config::Source::Push(push)) => {
            push_path(&push.path)?;
            match (credentials(push.credentials.as_ref())?, push.allow_anonymous) {
                (true, true) => {
                    let problem = "is set together with credentials: remove one of them";
                    return fail(NAME, "push.allow_anonymous", problem);
                }
                (false, false) => {
                    let problem = "are missing: set username and password, or allow_anonymous to let anyone publish";
                    return fail(NAME, "push.credentials", problem);
                }
                _ => {}
            }
        }
        Some(v1::camera_config::Source::File(file)) => {
            if file.path.is_empty() == file.object.is_empty() {
                return fail(NAME, "file.path", "or `file.object` must be set, and not both");
            }
            if file.object.len() > MAX_OBJECT_KEY {
                return fail(NAME, "file.object", format!("has more than {MAX_OBJECT_KEY} bytes"));
            }
            if i64::try_from(file.session).is_err() {
                return fail(NAME, "file.session", "does not fit in 63 bits");
            }
            if file.start_time_us != 0 && !CAPTURE_TIME_US.contains(&file.start_time_us) {
                let problem = format!("is outside of the years 2000 to 2200: {}", file.start_time_us);
                return fail(NAME, "file.start_time_us", problem);
            }
        }
    }
    Ok(())
}

fn output(config: &v1::CameraConfig) -> Result<(), InvalidMessage> {
    if let Some(output) = &config.output {
        if !(output.max_fps.is_finite() && (0.0..=240.0).contains(&output.max_fps)) {
            return fail(NAME, "output.max_fps", "is not between 0 and 240");
        }
        if output.jpeg_quality > 100 {
            return fail(NAME, "output.jpeg_quality", "is not between 0 and 100");
        }
    }
    Ok(())
}

/// The ids of the zones.
fn zones(zones: &[v1::Zone]) -> Result<HashSet<&str>, InvalidMessage> {
    let mut ids = HashSet::new();
    for zone in zones {
        if zone.id.is_empty() || !ids.insert(zone.id.as_str()) {
            return fail(NAME, "zones.id", format!("is empty or used twice: `{}`", zone.id));
        }
        if zone.polygon.len() < 3 || zone.polygon.len() > 1_000 {
            return fail(
                NAME,
                "zones.polygon",
                format!("of `{}` has {} corners, not 3 to 1000", zone.id, zone.polygon.len()),
            );
        }
        if !zone.polygon.iter().all(|p| (0.0..=1.0).contains(&p.x) && (0.0..=1.0).contains(&p.y)) {
            return fail(
                NAME,
                "zones.polygon",
                format!("of `{}` has a corner outside of 0 to 1 (fractions of the picture)", zone.id),
            );
        }
        if !zone_shape::has_area(&zone.polygon) {
            let problem = "has no area: its corners are fewer than 3 different ones, or on one line";
            return fail(NAME, "zones.polygon", format!("of `{}` {problem}", zone.id));
        }
    }
    Ok(ids)
}

/// The ids of the lines.
fn lines(lines: &[v1::Line]) -> Result<HashSet<&str>, InvalidMessage> {
    let mut ids = HashSet::new();
    for v1::Line { id, points, .. } in lines {
        if id.is_empty() || !ids.insert(id.as_str()) {
            return fail(NAME, "lines.id", format!("is empty or used twice: `{id}`"));
        }
        let [from, to] = &points[..] else {
            return fail(NAME, "lines.points", format!("of `{id}` are {}, not 2", points.len()));
        };
        if !points.iter().all(|p| (0.0..=1.0).contains(&p.x) && (0.0..=1.0).contains(&p.y)) {
            let problem = "have a number outside of 0 to 1 (fractions of the picture)";
            return fail(NAME, "lines.points", format!("of `{id}` {problem}"));
        }
        if (from.x - to.x).hypot(from.y - to.y) < MIN_LINE {
            return fail(NAME, "lines.points", format!("of `{id}` are the same point"));
        }
    }
    Ok(ids)
}

/// In fractions of the picture; less than a pixel.
const MIN_LINE: f64 = 1e-4;
/// The most seconds of a rule: a day.
const MAX_SECONDS: f64 = 86_400.0;

fn check_rule(rule: &v1::Rule, zones: &HashSet<&str>, lines: &HashSet<&str>) -> Result<(), InvalidMessage> {
    let zone = |zone_id: &str| {
        if zones.contains(zone_id) {
            return Ok(());
        }
        fail(NAME, "rules.zone_id", format!("of `{}` names a zone that does not exist: `{zone_id}`", rule.id))
    };
    let seconds = |field: &'static str, seconds: Option<f64>| match seconds {
        Some(seconds) if !(0.0..=MAX_SECONDS).contains(&seconds) => {
            fail(NAME, field, format!("of `{}` is not between 0 and 86400: {seconds}", rule.id))
        }
        _ => Ok(()),
    };
    match &rule.kind {
        None => fail(NAME, "rules.kind", format!("of `{}` is missing", rule.id)),
        Some(v1::rule::Kind::ZonePresence(presence)) => {
            zone(&presence.zone_id)?;
            seconds("rules.min_seconds", presence.min_seconds)?;
            seconds("rules.cooldown_seconds", presence.cooldown_seconds)?;
            if presence.min_frames > 0 && presence.min_seconds.is_some() {
                let problem = format!("of `{}` is set together with min_seconds: remove it", rule.id);
                return fail(NAME, "rules.min_frames", problem);
            }
            Ok(())
        }
        Some(v1::rule::Kind::Dwell(dwell)) => {
            zone(&dwell.zone_id)?;
            seconds("rules.seconds", Some(dwell.seconds))?;
            seconds("rules.cooldown_seconds", dwell.cooldown_seconds)?;
            if dwell.seconds > 0.0 {
                return Ok(());
            }
            fail(NAME, "rules.seconds", format!("of `{}` is 0 or missing: set how long a road user must stay", rule.id))
        }
        Some(v1::rule::Kind::LineCrossing(crossing)) => {
            if lines.contains(crossing.line_id.as_str()) {
                return Ok(());
            }
            let problem = format!("of `{}` names a line that does not exist: `{}`", rule.id, crossing.line_id);
            fail(NAME, "rules.line_id", problem)
        }
    }
}

/// Whether a camera has credentials. Credentials that cannot log anyone in are an error, because a reader that ignored them would leave
/// the camera open. References are resolved where the camera runs, not here.
fn credentials(given: Option<&v1::Credentials>) -> Result<bool, InvalidMessage> {
    const NAME: &str = "Credentials";
    let Some(v1::Credentials { username, password }) = given else { return Ok(false) };
    for (field, text) in [("username", username), ("password", password)] {
        if text.is_empty() {
            return fail(NAME, field, "is empty: set both username and password, or neither");
        }
        if ["env:", "file:"].contains(&text.as_str()) {
            return fail(NAME, field, "is a reference without a name: write env:NAME or file:PATH");
        }
        if text.len() > 1_024 || text.chars().any(char::is_control) {
            return fail(NAME, field, "is longer than 1024 bytes or has a control character");
        }
    }
    Ok(true)
}

/// The characters that cannot be in a path of a URL, and the forms that clients write differently, are refused. Such a camera could
/// never be reached.
fn push_path(path: &str) -> Result<(), InvalidMessage> {
    let field = "push.path";
    if path.starts_with('/') || path.ends_with('/') || path.contains("//") {
        return fail("CameraConfig", field, "has a slash at an end or two in a row");
    }
    if path.len() > 512 || path.chars().any(|c| c.is_control() || matches!(c, '?' | '#' | '%' | '\\')) {
        return fail("CameraConfig", field, "is longer than 512 bytes or has a control character or one of ? # % \\");
    }
    if path.split('/').any(|segment| matches!(segment, "." | "..")) {
        return fail("CameraConfig", field, "has a segment `.` or `..`, which clients remove");
    }
    Ok(())
}
