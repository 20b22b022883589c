//! Cameras: their sources, and what is judged in their pictures.

use std::collections::HashSet;

use super::{CAPTURE_TIME_US, MAX_COUNTED, fail, is_place_id};
use crate::error::InvalidMessage;
use crate::ids::CameraId;
use crate::v1;
use crate::{pull_source, tracker_settings, zone_shape};

const NAME: &str = "CameraConfig";
/// The longest key of an object in S3.
const MAX_OBJECT_KEY: usize = 1_024;
/// The most zones, and the most lines: all of them are counted at.
const MAX_PLACES: usize = MAX_COUNTED;
/// The most rules of one camera. Each has a copy of its zone, and a state for each track.
const MAX_RULES: usize = 1_000;
/// The most classes that a rule names: there are fewer.
const MAX_CLASSES: usize = 64;

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
    at_most("rules", config.rules.len(), MAX_RULES)?;
    let mut rules = HashSet::new();
    for rule in &config.rules {
        new_id("rules.id", &rule.id, &mut rules)?;
        check_rule(rule, &zones, &lines)?;
    }
    Ok(id)
}

fn at_most(field: &'static str, number: usize, most: usize) -> Result<(), InvalidMessage> {
    if number <= most { Ok(()) } else { fail(NAME, field, format!("are {number}, more than {most}")) }
}

/// The id of a zone, a line or a rule, which is none of those that are known.
fn new_id<'a>(field: &'static str, id: &'a str, known: &mut HashSet<&'a str>) -> Result<(), InvalidMessage> {
    // Alerts and counts carry it to the database, which takes no zero byte.
    if !id.is_empty() && !is_place_id(id) {
        return fail(NAME, field, "has a zero byte, or is longer than 1024 bytes");
    }
    if id.is_empty() || !known.insert(id) {
        return fail(NAME, field, format!("is empty or used twice: `{id}`"));
    }
    Ok(())
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
    at_most("zones", zones.len(), MAX_PLACES)?;
    let mut ids = HashSet::new();
    for zone in zones {
        new_id("zones.id", &zone.id, &mut ids)?;
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
    at_most("lines", lines.len(), MAX_PLACES)?;
    let mut ids = HashSet::new();
    for v1::Line { id, points, .. } in lines {
        new_id("lines.id", id, &mut ids)?;
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
    let classes = match &rule.kind {
        None => 0,
        Some(v1::rule::Kind::ZonePresence(presence)) => presence.classes.len(),
        Some(v1::rule::Kind::Dwell(dwell)) => dwell.classes.len(),
        Some(v1::rule::Kind::LineCrossing(crossing)) => crossing.classes.len(),
    };
    if classes > MAX_CLASSES {
        return fail(NAME, "rules.classes", format!("of `{}` are {classes}, more than {MAX_CLASSES}", rule.id));
    }
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

#[cfg(test)]
mod tests {
    use v1::rule::Kind;

    use super::*;

    fn zone(id: &str) -> v1::Zone {
        let corner = |x, y| v1::Point { x, y };
        let polygon = vec![corner(0.0, 0.0), corner(1.0, 0.0), corner(1.0, 1.0)];
        v1::Zone { id: id.to_owned(), polygon, ..Default::default() }
    }

    fn line(id: &str) -> v1::Line {
        let points = vec![v1::Point { x: 0.0, y: 0.0 }, v1::Point { x: 1.0, y: 0.0 }];
        v1::Line { id: id.to_owned(), points, ..Default::default() }
    }

    fn rule(id: &str, classes: usize) -> v1::Rule {
        let dwell =
            v1::Dwell { zone_id: "z".to_owned(), seconds: 1.0, classes: vec![1; classes], ..Default::default() };
        v1::Rule { id: id.to_owned(), kind: Some(Kind::Dwell(dwell)), ..Default::default() }
    }

    fn wrong(zones: Vec<v1::Zone>, lines: Vec<v1::Line>, rules: Vec<v1::Rule>) -> Option<&'static str> {
        let config = v1::CameraConfig { id: "cam".to_owned(), zones, lines, rules, ..Default::default() };
        view(&config).err().map(|invalid| invalid.field)
    }

    #[test]
    fn lists_of_a_camera_have_bounds_and_ids_are_such_as_can_be_stored() {
        let zones = |count: usize| (0..count).map(|at| zone(&at.to_string())).collect::<Vec<_>>();
        let lines = |count: usize| (0..count).map(|at| line(&at.to_string())).collect::<Vec<_>>();
        let rules = |count: usize| (0..count).map(|at| rule(&at.to_string(), 6)).collect::<Vec<_>>();
        let with_z = || vec![zone("z")];
        assert_eq!(wrong(zones(1_000), lines(1_000), Vec::new()), None);
        assert_eq!(wrong(with_z(), Vec::new(), rules(1_000)), None);
        assert_eq!(wrong(zones(1_001), Vec::new(), Vec::new()), Some("zones"));
        assert_eq!(wrong(Vec::new(), lines(1_001), Vec::new()), Some("lines"));
        assert_eq!(wrong(with_z(), Vec::new(), rules(1_001)), Some("rules"));
        assert_eq!(wrong(with_z(), Vec::new(), vec![rule("a", 65)]), Some("rules.classes"));
        assert_eq!(wrong(vec![zone(&"x".repeat(1_024))], Vec::new(), Vec::new()), None);
        for id in ["", "a\0", &"x".repeat(1_025)] {
            assert_eq!(wrong(vec![zone(id)], Vec::new(), Vec::new()), Some("zones.id"));
            assert_eq!(wrong(Vec::new(), vec![line(id)], Vec::new()), Some("lines.id"));
            assert_eq!(wrong(with_z(), Vec::new(), vec![rule(id, 0)]), Some("rules.id"));
        }
        assert_eq!(wrong(vec![zone("z"), zone("z")], Vec::new(), Vec::new()), Some("zones.id"));
    }
}
