//! Counts as CSV (RFC 4180).

use std::fmt::Write as _;

use super::answer::{Bin, Counts};
use crate::words::{Direction, RoadUserClass, Word as _};

const HEAD: &str = "camera_id,line_id,zone_id,direction,class,session,from,to,seconds,watched_seconds,count\r\n";

/// One line for each bin. A count that is not known is empty.
pub(super) fn csv(counts: &Counts) -> String {
    let mut text = HEAD.to_owned();
    for series in &counts.series {
        let texts = [
            Some(series.camera_id.as_str()),
            series.line_id.as_deref(),
            series.zone_id.as_deref(),
            series.direction.map(Direction::text),
            series.class.map(RoadUserClass::text),
            series.session.as_deref(),
        ];
        let head: Vec<String> = texts.iter().map(|text| field(text.unwrap_or_default())).collect();
        let head = head.join(",");
        for bin in &series.bins {
            let count = bin.count.map(|count| count.to_string()).unwrap_or_default();
            let Bin { from, to, seconds, watched_seconds, .. } = bin;
            let numbers = format_args!("{seconds},{watched_seconds},{count}");
            write!(text, "{head},{from},{to},{numbers}\r\n").expect("a text takes everything");
        }
    }
    text
}

fn field(text: &str) -> String {
    if text.contains([',', '"', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}
