//! Counts as a table, one row for each bin.

use jiff::Timestamp;

use super::answer::{Bin, Counts, Series};
use crate::http::Column;
use crate::words::{Direction, RoadUserClass, Word as _};

/// `count` is null if nobody looked.
pub(super) fn table(counts: &Counts) -> Vec<(&'static str, Column)> {
    let rows: Vec<(&Series, &Bin)> =
        counts.series.iter().flat_map(|series| series.bins.iter().map(move |bin| (series, bin))).collect();
    let text = |value: &dyn Fn(&Series) -> Option<String>| {
        Column::Text(rows.iter().map(|&(series, _)| value(series)).collect())
    };
    let time = |value: &dyn Fn(&Bin) -> &str| {
        let micros = |bin: &Bin| value(bin).parse::<Timestamp>().ok().map(Timestamp::as_microsecond);
        Column::Time(rows.iter().map(|&(_, bin)| micros(bin)).collect())
    };
    vec![
        ("camera_id", text(&|series| Some(series.camera_id.clone()))),
        ("line_id", text(&|series| series.line_id.clone())),
        ("zone_id", text(&|series| series.zone_id.clone())),
        ("direction", text(&|series| series.direction.map(|direction| Direction::text(direction).to_owned()))),
        ("class", text(&|series| series.class.map(|class| RoadUserClass::text(class).to_owned()))),
        ("session", text(&|series| series.session.clone())),
        ("from", time(&|bin| &bin.from)),
        ("to", time(&|bin| &bin.to)),
        ("seconds", Column::Number(rows.iter().map(|(_, bin)| Some(bin.seconds)).collect())),
        ("watched_seconds", Column::Real(rows.iter().map(|(_, bin)| Some(bin.watched_seconds)).collect())),
        ("count", Column::Number(rows.iter().map(|(_, bin)| bin.count).collect())),
    ]
}
