//! Edges of bins, questions, and answers without a database.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;
use vru_storage::counts::{Counted, CountedCamera, Place, Watch, Watched};

use super::answer::{Bin, Counts, Series};
use super::csv::csv;
use super::question::{CountQuery, Question, Video};
use super::series::{Looks, places, retain_present, series};
use crate::http::{Parameters, Problem};
use crate::routes::bins::{BinLength, edges};
use crate::words::{Direction, RoadUserClass, Word as _};

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The lengths of the bins in minutes.
fn minutes(length: BinLength, from: &str, to: &str, zone_name: &str) -> Result<Vec<i64>, Problem> {
    let edges = edges(length, (time(from), time(to)), &zone(zone_name), 10_000)?;
    Ok(edges.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_secs() / 60).collect())
}

#[test]
fn days_have_23_and_25_hours_when_the_clocks_change() {
    let berlin = |from, to| minutes(BinLength::Day, from, to, "Europe/Berlin").unwrap();
    assert_eq!(berlin("2026-03-28T00:00:00+01:00", "2026-03-31T00:00:00+02:00"), [24 * 60, 23 * 60, 24 * 60]);
    assert_eq!(berlin("2026-10-24T00:00:00+02:00", "2026-10-27T00:00:00+01:00"), [24 * 60, 25 * 60, 24 * 60]);
    // Midnight does not exist on this day: it begins at one o'clock.
    let cairo = minutes(BinLength::Day, "2026-04-23T00:00:00+02:00", "2026-04-25T00:00:00+03:00", "Africa/Cairo");
    assert_eq!(cairo.unwrap(), [24 * 60, 23 * 60]);
}

#[test]
fn hours_are_those_of_the_site_also_where_they_are_no_hours_of_utc() {
    let kathmandu = |from, to| minutes(BinLength::Hour, from, to, "Asia/Kathmandu");
    assert_eq!(kathmandu("2026-01-01T10:00:00+05:45", "2026-01-01T12:00:00+05:45").unwrap(), [60, 60]);
    assert!(kathmandu("2026-01-01T10:00:00Z", "2026-01-01T12:00:00Z").is_err());
    // Both hours from two to three.
    let berlin = minutes(BinLength::Hour, "2026-10-25T01:00:00+02:00", "2026-10-25T04:00:00+01:00", "Europe/Berlin");
    assert_eq!(berlin.unwrap(), [60, 60, 60, 60]);
    // This clock changes by half an hour: at two o'clock it is half past two.
    let lord_howe =
        minutes(BinLength::Hour, "2026-10-04T01:00:00+10:30", "2026-10-04T04:00:00+11:00", "Australia/Lord_Howe");
    assert_eq!(lord_howe.unwrap(), [60, 30, 60]);
}

#[test]
fn ends_that_are_no_edges_and_too_many_bins_are_refused_with_the_parameter() {
    let field = |length, from: &str, to: &str| {
        let problem = edges(length, (time(from), time(to)), &zone("Europe/Berlin"), 100).err();
        problem.map(|problem| format!("{problem:?}"))
    };
    let refused = |length, from, to, name: &str, why: &str| {
        let problem = field(length, from, to).unwrap_or_default();
        assert!(problem.contains(&format!("Some(\"{name}\")")) && problem.contains(why), "{from} {to}: {problem}");
    };
    refused(BinLength::Quarter, "2026-01-01T10:10:00Z", "2026-01-01T11:00:00Z", "from", "15m");
    refused(BinLength::Quarter, "2026-01-01T10:00:00.5Z", "2026-01-01T11:00:00Z", "from", "15m");
    refused(BinLength::Quarter, "2026-01-01T10:00:00Z", "2026-01-01T11:10:00Z", "to", "15m");
    refused(BinLength::Day, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "from", "time zone of the site");
    refused(BinLength::Day, "2026-01-01T00:00:00+01:00", "2026-01-02T00:00:00Z", "to", "time zone of the site");
    refused(BinLength::Minute, "2026-01-01T10:00:00Z", "2026-01-01T10:00:00Z", "to", "not after");
    refused(BinLength::Minute, "2026-01-01T10:00:00Z", "2026-01-01T11:41:00Z", "to", "more than 100");
    assert_eq!(field(BinLength::Minute, "2026-01-01T10:00:00Z", "2026-01-01T11:40:00Z"), None);
}

fn read(query: &str) -> Result<Question, Problem> {
    let Parameters(query) = Parameters::<CountQuery>::read(query)?;
    query.checked()
}

const RANGE: &str = "from=2026-01-01T00:00:00Z&to=2026-01-01T00:30:00Z&bin=15m";

#[test]
fn a_question_is_read_whole_or_the_parameter_is_named() {
    let question = read(&format!(
        "{RANGE}&line_id=a&line_id=b%2Cc&line_id=a&class=cyclist&group_by=class&group_by=direction&direction=in&video=file&format=csv"
    ))
    .unwrap();
    assert_eq!(question.lines, ["a", "b,c"]);
    assert_eq!(question.classes, [RoadUserClass::Cyclist]);
    assert_eq!((question.direction, question.video), (Some(Direction::In), Video::File));
    assert!(question.by_class && question.by_direction);
    for (query, name) in [
        ("", "from"),
        ("from=yesterday&to=2026-01-01T00:30:00Z&bin=15m", "from"),
        ("from=1999-01-01T00:00:00Z&to=2026-01-01T00:30:00Z&bin=15m", "from"),
        ("from=2026-01-01T00:00:00Z&bin=15m", "to"),
        ("from=2026-01-01T00:00:00Z&to=2026-01-01T00:30:00Z", "bin"),
        ("from=2026-01-01T00:00:00Z&to=2026-01-01T00:30:00Z&bin=2h", "bin"),
        ("from=2026-01-01T00:00:00Z&from=2026-01-01T00:15:00Z&to=2026-01-01T00:30:00Z&bin=15m", "from"),
        (&format!("{RANGE}&class=dog"), "class"),
        (&format!("{RANGE}&direction=up"), "direction"),
        (&format!("{RANGE}&direction=in&zone_id=z"), "direction"),
        (&format!("{RANGE}&group_by=line"), "group_by"),
        (&format!("{RANGE}&video=dvd"), "video"),
        (&format!("{RANGE}&format=xls"), "format"),
        (&format!("{RANGE}&line_id="), "line_id"),
        (&format!("{RANGE}&line_id=a%00"), "line_id"),
        (&format!("{RANGE}&lines=a"), "lines"),
    ] {
        let problem = format!("{:?}", read(query).unwrap_err());
        assert!(problem.contains(&format!("Some(\"{name}\")")), "{query}: {problem}");
    }
}

fn place(line: &str, zone: &str) -> Place {
    Place { camera_id: "cam".to_owned(), line_id: line.to_owned(), zone_id: zone.to_owned() }
}

fn camera() -> CountedCamera {
    let settings = json!({ "lines": [{ "id": "kerb" }, { "id": "new" }], "zones": [{ "id": "road" }] });
    CountedCamera { id: "cam".to_owned(), settings, deleted: false, file: false }
}

/// The kerb and the road in the first bin, by a model without motorcycles; the kerb and a line that is gone in half of the second one.
fn watched() -> (Vec<Watch>, Vec<Watched>) {
    let ids = |ids: &[&str]| ids.iter().map(|&id| id.to_owned()).collect::<Vec<_>>();
    let watch = |id, lines: &[&str], zones: &[&str], classes: &[i16]| Watch {
        camera_id: "cam".to_owned(),
        id,
        line_ids: ids(lines),
        zone_ids: ids(zones),
        classes: classes.to_vec(),
    };
    let bin = |watch_id, bin, seconds: i64| Watched {
        camera_id: "cam".to_owned(),
        file_session: 0,
        watch_id,
        bin,
        watched_us: seconds * 1_000_000,
    };
    (
        vec![
            watch(1, &["kerb"], &["road"], &[1, 2]),
            watch(2, &["gone", "kerb"], &[], &[1, 2, 3]),
            watch(3, &["older"], &[], &[]),
        ],
        vec![bin(1, 0, 900), bin(2, 1, 400), bin(1, 1, 50)],
    )
}

fn answer(query: &str, counted: &[Counted]) -> Vec<Series> {
    let question = read(&format!("{RANGE}&{query}")).unwrap();
    let (watches, watched) = watched();
    let cameras = [camera()];
    let mut asked = places(&question, &cameras, &watches).unwrap();
    let looks = Looks::new(&watches, &watched);
    retain_present(&mut asked, &question, &cameras, &looks);
    let edges = edges(question.bin, (question.from, question.to), &TimeZone::UTC, 100).unwrap();
    series(&question, &asked, &looks, counted, &edges, &TimeZone::UTC).unwrap()
}

fn shown(series: &[Series]) -> Vec<String> {
    let bin = |bin: &Bin| {
        let count = bin.count.map_or("null".to_owned(), |count| count.to_string());
        format!("{count}/{}", bin.watched_seconds)
    };
    series
        .iter()
        .map(|series| {
            let name = series.line_id.as_ref().or(series.zone_id.as_ref()).unwrap();
            let part =
                series.direction.map_or("", Direction::text).to_owned() + series.class.map_or("", RoadUserClass::text);
            format!("{name} {part} {}", series.bins.iter().map(bin).collect::<Vec<_>>().join(" "))
        })
        .collect()
}

fn count(line: &str, direction: i16, class: i16, bin: usize, passages: i64) -> Counted {
    Counted { place: place(line, ""), file_session: 0, direction, class, bin, passages }
}

#[test]
fn nobody_came_and_nobody_looked_are_different_answers() {
    // Zones sort before lines: their line's id is empty. What is gone and was not watched is left out.
    assert_eq!(
        shown(&answer("", &[count("kerb", 0, 0, 1, 7)])),
        ["road  0/900 0/50", "gone  null/0 0/400", "kerb  0/900 7/450", "new  null/0 null/0"]
    );
    // Unless somebody asks for it.
    assert_eq!(shown(&answer("line_id=older", &[])), ["older  null/0 null/0"]);
}

#[test]
fn lines_of_a_file_are_no_lines_that_nobody_watches_live() {
    let places_of = |query: &str, file| {
        let question = read(&format!("{RANGE}&{query}")).unwrap();
        let cameras = [CountedCamera { file, ..camera() }];
        let mut asked = places(&question, &cameras, &[]).unwrap();
        retain_present(&mut asked, &question, &cameras, &Looks::new(&[], &[]));
        asked.len()
    };
    assert_eq!((places_of("", false), places_of("", true)), (3, 0));
    assert_eq!((places_of("video=file", true), places_of("line_id=kerb", true)), (3, 1));
}

#[test]
fn a_class_that_the_model_cannot_find_was_not_watched() {
    let found = answer("line_id=kerb&group_by=class&class=cyclist&class=motorcyclist", &[count("kerb", 0, 2, 0, 3)]);
    assert_eq!(shown(&found), ["kerb cyclist 3/900 0/450", "kerb motorcyclist null/0 0/400"]);
    // Together they were watched only where both were.
    assert_eq!(shown(&answer("line_id=kerb&class=cyclist&class=motorcyclist", &[])), ["kerb  null/0 0/400"]);
}

#[test]
fn directions_have_series_of_their_own_and_zones_have_none() {
    let counted = [count("kerb", 1, 0, 0, 3), count("kerb", 2, 0, 1, 4)];
    let found = answer("line_id=kerb&zone_id=road&group_by=direction", &counted);
    assert_eq!(shown(&found), ["road  0/900 0/50", "kerb in 3/900 0/450", "kerb out 0/900 4/450"]);
    let only_in = answer("direction=in", &[count("kerb", 0, 0, 0, 3)]);
    assert_eq!(shown(&only_in), ["gone in null/0 0/400", "kerb in 3/900 0/450", "new in null/0 null/0"]);
}

#[test]
fn a_count_is_shown_also_where_nothing_was_watched_around_it() {
    assert_eq!(shown(&answer("line_id=new", &[count("new", 0, 0, 1, 1)])), ["new  null/0 1/0"]);
}

#[test]
fn unknown_lines_and_zones_are_refused() {
    let (watches, _) = watched();
    for (query, name) in [("line_id=road", "line_id"), ("zone_id=kerb", "zone_id")] {
        let question = read(&format!("{RANGE}&{query}")).unwrap();
        let problem = format!("{:?}", places(&question, &[camera()], &watches).unwrap_err());
        assert!(problem.contains(&format!("Some(\"{name}\")")), "{problem}");
    }
}

#[test]
fn csv_quotes_what_must_be_quoted_and_leaves_unknown_counts_empty() {
    let bin = |count| Bin {
        from: "2026-01-01T00:00:00+00:00".to_owned(),
        to: "2026-01-01T00:15:00+00:00".to_owned(),
        seconds: 900,
        watched_seconds: 1.5,
        count,
    };
    let series = Series {
        camera_id: "cam".to_owned(),
        line_id: Some("a, \"b\"\nc".to_owned()),
        zone_id: None,
        direction: Some(Direction::In),
        class: Some(RoadUserClass::Bus),
        session: None,
        bins: vec![bin(None), bin(Some(0))],
    };
    let text = csv(&Counts { bin: BinLength::Quarter, time_zone: "UTC".to_owned(), series: vec![series] });
    let head = "cam,\"a, \"\"b\"\"\nc\",,in,bus,,2026-01-01T00:00:00+00:00,2026-01-01T00:15:00+00:00,900,1.5,";
    assert_eq!(
        text,
        format!(
            "camera_id,line_id,zone_id,direction,class,session,from,to,seconds,watched_seconds,count\r\n{head}\r\n{head}0\r\n"
        )
    );
}
