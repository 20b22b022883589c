//! Rows of `tracks` as arrays of columns, for one statement that writes them all.

use std::sync::LazyLock;

use tokio_postgres::types::ToSql;

use super::track::{Track, TrackKey};
use crate::postgres::copy::UnixMicros;

/// Declares the columns. `one` columns have a value in each row. `many` columns hold a list in each row; the lists of all rows
/// follow each other in one array, and `spans` tell which part of it belongs to the row.
macro_rules! columns {
    (
        one { $($one:ident: $one_type:ty = $one_sql:literal, $one_value:expr;)* }
        $(many $from:ident $to:ident { $($many:ident: $many_type:ty = $many_sql:literal, $many_value:expr;)* })*
    ) => {
        #[derive(Default)]
        pub(super) struct TrackColumns<'a> {
            $($one: Vec<$one_type>,)*
            $($from: Vec<i32>, $to: Vec<i32>, $($many: Vec<$many_type>,)*)*
        }

        impl<'a> TrackColumns<'a> {
            /// Appends a row.
            pub(super) fn push(&mut self, key: &'a TrackKey, track: &'a Track) {
                let row = Row { key, track };
                $(self.$one.push(($one_value)(&row));)*
                $(
                    $(self.$many.extend(($many_value)(&row));)*
                    // All lists of a group have the same length. Subscripts of PostgreSQL's arrays count from 1 and include the
                    // end.
                    let [end, ..] = [$(self.$many.len()),*];
                    self.$from.push(self.$to.last().map_or(1, |before| before + 1));
                    self.$to.push(end as i32);
                )*
            }

            /// The parameters of the statements.
            pub(super) fn parameters(&self) -> Vec<&(dyn ToSql + Sync)> {
                vec![$(&self.$one,)* $(&self.$from, &self.$to, $(&self.$many,)*)*]
            }
        }

        const ONE: &[(&str, &str)] = &[$((stringify!($one), $one_sql)),*];
        const MANY: &[Group] = &[$((stringify!($from), stringify!($to), &[$((stringify!($many), $many_sql)),*])),*];
    };
}

/// Names of the two columns of a span, and the columns of lists.
type Group = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

struct Row<'a> {
    key: &'a TrackKey,
    track: &'a Track,
}

columns! {
    one {
        camera_id: &'a str = "text", |row: &Row<'a>| row.key.camera.as_str();
        session: i64 = "bigint", |row: &Row<'_>| row.key.session;
        track_id: i64 = "bigint", |row: &Row<'_>| row.key.track_id;
        first_seen: UnixMicros = "timestamptz", |row: &Row<'_>| UnixMicros(row.track.first_us);
        last_seen: UnixMicros = "timestamptz", |row: &Row<'_>| UnixMicros(row.track.last.at_us);
        last_sequence: i64 = "bigint", |row: &Row<'_>| row.track.last.sequence;
        source_width: i32 = "integer", |row: &Row<'_>| row.track.size.0;
        source_height: i32 = "integer", |row: &Row<'_>| row.track.size.1;
        detections: i64 = "bigint", |row: &Row<'_>| row.track.detections;
        confirmed_detections: i64 = "bigint", |row: &Row<'_>| row.track.confirmed;
        class: i16 = "smallint", |row: &Row<'_>| row.track.class().0;
        class_share: f32 = "real", |row: &Row<'_>| row.track.class().1;
        mean_score: f32 = "real", |row: &Row<'_>| row.track.mean_score();
        score_sum: f64 = "double precision", |row: &Row<'_>| row.track.score_sum;
        best_score: f32 = "real", |row: &Row<'_>| row.track.best.score;
        best_at: UnixMicros = "timestamptz", |row: &Row<'_>| UnixMicros(row.track.best.moment.at_us);
        best_sequence: i64 = "bigint", |row: &Row<'_>| row.track.best.moment.sequence;
        best_left: f32 = "real", |row: &Row<'_>| row.track.best.bounds[0];
        best_top: f32 = "real", |row: &Row<'_>| row.track.best.bounds[1];
        best_width: f32 = "real", |row: &Row<'_>| row.track.best.bounds[2];
        best_height: f32 = "real", |row: &Row<'_>| row.track.best.bounds[3];
        snapshot_key: Option<&'a str> = "text", |row: &Row<'a>| row.track.snapshot.as_ref().map(|(key, _)| key.as_str());
        snapshot_score: Option<f32> = "real", |row: &Row<'_>| row.track.snapshot.as_ref().map(|(_, score)| *score);
        path_error_px: f32 = "real", |row: &Row<'_>| row.track.path.error_px();
        travelled_px: f64 = "double precision", |row: &Row<'_>| row.track.motion.pixels.length;
        measured_px_us: i64 = "bigint", |row: &Row<'_>| row.track.motion.pixels.time_us;
        mean_speed_px_s: Option<f64> = "double precision", |row: &Row<'_>| row.track.motion.pixels.speeds().map(|(mean, _)| mean);
        top_speed_px_s: Option<f64> = "double precision", |row: &Row<'_>| row.track.motion.pixels.speeds().map(|(_, top)| top);
        travelled_m: Option<f64> = "double precision",
            |row: &Row<'_>| row.track.motion.metres.speeds().map(|_| row.track.motion.metres.length);
        measured_m_us: i64 = "bigint", |row: &Row<'_>| row.track.motion.metres.time_us;
        mean_speed_m_s: Option<f64> = "double precision", |row: &Row<'_>| row.track.motion.metres.speeds().map(|(mean, _)| mean);
        top_speed_m_s: Option<f64> = "double precision", |row: &Row<'_>| row.track.motion.metres.speeds().map(|(_, top)| top);
        anchor_at: UnixMicros = "timestamptz", |row: &Row<'_>| UnixMicros(row.track.motion.anchor.at_us);
        anchor_x: f32 = "real", |row: &Row<'_>| row.track.motion.anchor.foot.x;
        anchor_y: f32 = "real", |row: &Row<'_>| row.track.motion.anchor.foot.y;
        anchor_ground_x_m: Option<f64> = "double precision", |row: &Row<'_>| row.track.motion.anchor.ground.map(|ground| ground.0);
        anchor_ground_y_m: Option<f64> = "double precision", |row: &Row<'_>| row.track.motion.anchor.ground.map(|ground| ground.1);
    }
    many votes_from votes_to {
        vote_classes: i16 = "smallint", |row: &Row<'a>| row.track.votes.keys().copied();
        vote_counts: i64 = "bigint", |row: &Row<'a>| row.track.votes.values().copied();
    }
    many zones_from zones_to {
        zone_ids: &'a str = "text", |row: &Row<'a>| row.track.zones.keys().map(String::as_str);
        zone_first_inside: UnixMicros = "timestamptz", |row: &Row<'a>| row.track.zones.values().map(|stay| UnixMicros(stay.first_us));
        zone_last_inside: UnixMicros = "timestamptz", |row: &Row<'a>| row.track.zones.values().map(|stay| UnixMicros(stay.last_us));
        zone_detections: i64 = "bigint", |row: &Row<'a>| row.track.zones.values().map(|stay| stay.detections);
    }
    many path_from path_to {
        path_at: UnixMicros = "timestamptz", |row: &Row<'a>| row.track.path.points().iter().map(|point| UnixMicros(point.at_us));
        path_x: f32 = "real", |row: &Row<'a>| row.track.path.points().iter().map(|point| point.foot.x);
        path_y: f32 = "real", |row: &Row<'a>| row.track.path.points().iter().map(|point| point.foot.y);
        path_errors_px: f32 = "real", |row: &Row<'a>| row.track.path.points().iter().map(|point| point.error_px);
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    let many = MANY.iter().flat_map(|(_, _, lists)| lists.iter());
    ONE.iter().chain(many).map(|(name, _)| *name)
}

/// Inserts rows; fails if a track has a row.
pub(super) static INSERT: LazyLock<String> = LazyLock::new(|| {
    let (mut unnested, mut aliases, mut selected) = (Vec::new(), Vec::new(), Vec::new());
    let mut number = 0;
    let mut next = || {
        number += 1;
        number
    };
    for (name, sql) in ONE {
        unnested.push(format!("${}::{sql}[]", next()));
        aliases.push(*name);
        selected.push(format!("k.{name}"));
    }
    for (from, to, lists) in MANY {
        for span in [from, to] {
            unnested.push(format!("${}::integer[]", next()));
            aliases.push(span);
        }
        selected.extend(lists.iter().map(|(_, sql)| format!("(${}::{sql}[])[k.{from}:k.{to}]", next())));
    }
    let columns: Vec<_> = names().collect();
    format!(
        "INSERT INTO tracks AS held ({}) SELECT {} FROM unnest({}) AS k ({})",
        columns.join(", "),
        selected.join(", "),
        unnested.join(", "),
        aliases.join(", ")
    )
});

/// Replaces rows. All of them exist: the transaction has locked them.
pub(super) static REPLACE: LazyLock<String> = LazyLock::new(|| {
    let set: Vec<_> = names().skip(3).map(|name| format!("{name} = excluded.{name}")).collect();
    format!(
        "{} ON CONFLICT (camera_id, session, track_id) DO UPDATE SET {}, updated_at = now()",
        *INSERT,
        set.join(", ")
    )
});
