//! Adds the detections of a batch to the rows of their tracks, in the transaction that stores the detections.

use std::collections::{BTreeMap, HashMap};
use std::pin::pin;

use futures::TryStreamExt as _;
use tokio_postgres::types::{FromSql, ToSql};
use tokio_postgres::{Client, Row, Statement, Transaction};
use vru_proto::ids::FrameKey;
use vru_proto::v1;
use vru_storage::postgres::DatabaseError;

use super::columns::{INSERT, READ, REPLACE, TrackColumns};
use super::foot::Foot;
use super::motion::{Anchor, Motion, Travel};
use super::path::{Path, PathPoint};
use super::track::{Best, Moment, Sighting, Track, TrackKey, ZoneStay};
use crate::postgres::copy::UnixMicros;

/// The prepared statements.
pub(crate) struct TrackStatements {
    read: Statement,
    insert: Statement,
    replace: Statement,
    detections: Statement,
}

const DETECTIONS: &str = "SELECT captured_at, sequence, class, score, track_state, box_left, box_top, box_width, box_height, \
     ground_x_m, ground_y_m, zone_ids, snapshot_key FROM detections \
     WHERE camera_id = $1 AND session = $2 AND track_id = $3 ORDER BY captured_at, sequence, object_index";

impl TrackStatements {
    pub(crate) async fn prepare(client: &Client) -> Result<Self, DatabaseError> {
        let fail = DatabaseError::statement("prepare statements");
        Ok(Self {
            read: client.prepare(&READ).await.map_err(fail)?,
            insert: client.prepare(&INSERT).await.map_err(fail)?,
            replace: client.prepare(&REPLACE).await.map_err(fail)?,
            detections: client.prepare(DETECTIONS).await.map_err(fail)?,
        })
    }
}

/// The detections of a batch by track, with the size of the picture.
type Sightings<'a> = BTreeMap<TrackKey, Vec<(Sighting<'a>, (i32, i32))>>;

/// Updates the rows of all tracks in the frames, whose detections the transaction has stored. Returns the number of new rows.
pub(crate) async fn store(
    transaction: &Transaction<'_>,
    statements: &TrackStatements,
    frames: &[(&FrameKey, &v1::FrameDetections)],
) -> Result<u64, DatabaseError> {
    let sightings = by_track(frames);
    if sightings.is_empty() {
        return Ok(0);
    }
    let mut held = read(transaction, &statements.read, sightings.keys()).await?;
    let (mut created, mut changed) = (Vec::new(), Vec::new());
    for (key, sightings) in &sightings {
        let Some(track) = held.remove(key) else {
            created.extend(extend(None, sightings).map(|track| (key, track)));
            continue;
        };
        let late = sightings.first().is_some_and(|(first, _)| first.moment <= track.last);
        let track = if late {
            // A frame that comes after later ones, as it may after a worker was suspended. Path and speed depend on the order
            // of the detections, so the row is made anew.
            rebuild(transaction, &statements.detections, key, &track, sightings).await?
        } else {
            extend(Some(track), sightings)
        };
        changed.extend(track.map(|track| (key, track)));
    }
    write(transaction, &statements.insert, &created).await?;
    write(transaction, &statements.replace, &changed).await?;
    Ok(created.len() as u64)
}

/// Each track's detections, in order.
fn by_track<'a>(frames: &[(&'a FrameKey, &'a v1::FrameDetections)]) -> Sightings<'a> {
    let mut sightings = Sightings::new();
    for (frame_key, frame) in frames {
        let moment = Moment { at_us: frame.captured_at_us, sequence: frame_key.sequence as i64 };
        let size = (frame.source_width as i32, frame.source_height as i32);
        for object in frame.objects.iter().filter(|object| object.track_id != 0) {
            let key = TrackKey {
                camera: frame_key.camera.as_str().to_owned(),
                session: frame_key.session as i64,
                track_id: object.track_id as i64,
            };
            sightings.entry(key).or_default().push((Sighting::of(moment, frame, object), size));
        }
    }
    // Stable: objects of one frame stay in the order of their indexes.
    for sightings in sightings.values_mut() {
        sightings.sort_by_key(|(sighting, _)| sighting.moment);
    }
    sightings
}

/// Adds detections to a track, or begins one. `None` if there are none.
fn extend(track: Option<Track>, sightings: &[(Sighting<'_>, (i32, i32))]) -> Option<Track> {
    sightings.iter().fold(track, |track, (next, size)| Some(Track::with(track, next, *size)))
}

/// The track of all its stored detections. The picture's size is that of the last frame.
async fn rebuild(
    transaction: &Transaction<'_>,
    statement: &Statement,
    key: &TrackKey,
    held: &Track,
    sightings: &[(Sighting<'_>, (i32, i32))],
) -> Result<Option<Track>, DatabaseError> {
    let fail = DatabaseError::statement("read the detections of a track");
    let newest = sightings.last().filter(|(newest, _)| newest.moment > held.last);
    let size = newest.map_or(held.size, |(_, size)| *size);
    let parameters: [&(dyn ToSql + Sync); 3] = [&key.camera, &key.session, &key.track_id];
    let rows = transaction.query_raw(statement, parameters).await.map_err(fail)?;
    let mut rows = pin!(rows);
    let mut track = None;
    while let Some(row) = rows.try_next().await.map_err(fail)? {
        track = Some(Track::with(track, &sighting(&row), size));
    }
    Ok(track)
}

fn sighting(row: &Row) -> Sighting<'_> {
    Sighting {
        moment: Moment { at_us: row.get::<_, UnixMicros>(0).0, sequence: row.get(1) },
        class: row.get(2),
        score: row.get(3),
        confirmed: row.get::<_, i16>(4) == v1::TrackState::Confirmed as i16,
        bounds: [row.get(5), row.get(6), row.get(7), row.get(8)],
        ground: pair(row.get(9), row.get(10)),
        zones: row.get::<_, Option<Vec<&str>>>(11).unwrap_or_default(),
        snapshot_key: row.get(12),
    }
}

fn pair<T, U>(one: Option<T>, other: Option<U>) -> Option<(T, U)> {
    Some((one?, other?))
}

/// The rows of these tracks, locked.
async fn read(
    transaction: &Transaction<'_>,
    statement: &Statement,
    keys: impl Iterator<Item = &TrackKey> + Clone,
) -> Result<HashMap<TrackKey, Track>, DatabaseError> {
    let cameras: Vec<&str> = keys.clone().map(|key| key.camera.as_str()).collect();
    let sessions: Vec<i64> = keys.clone().map(|key| key.session).collect();
    let track_ids: Vec<i64> = keys.map(|key| key.track_id).collect();
    let rows = transaction
        .query(statement, &[&cameras, &sessions, &track_ids])
        .await
        .map_err(DatabaseError::statement("read tracks"))?;
    Ok(rows.iter().map(track).collect())
}

fn track(row: &Row) -> (TrackKey, Track) {
    let micros = |name: &str| row.get::<_, UnixMicros>(name).0;
    let key = TrackKey { camera: row.get("camera_id"), session: row.get("session"), track_id: row.get("track_id") };
    let track = Track {
        first_us: micros("first_seen"),
        last: Moment { at_us: micros("last_seen"), sequence: row.get("last_sequence") },
        size: (row.get("source_width"), row.get("source_height")),
        detections: row.get("detections"),
        confirmed: row.get("confirmed_detections"),
        votes: list::<i16>(row, "vote_classes").zip(list(row, "vote_counts")).collect(),
        score_sum: row.get("score_sum"),
        best: Best {
            score: row.get("best_score"),
            moment: Moment { at_us: micros("best_at"), sequence: row.get("best_sequence") },
            bounds: ["best_left", "best_top", "best_width", "best_height"].map(|name| row.get(name)),
        },
        snapshot: pair(row.get("snapshot_key"), row.get("snapshot_score")),
        zones: zones(row),
        path: path(row),
        motion: motion(row),
    };
    (key, track)
}

fn zones(row: &Row) -> BTreeMap<String, ZoneStay> {
    let first = list::<UnixMicros>(row, "zone_first_inside");
    let last = list::<UnixMicros>(row, "zone_last_inside");
    let stays = first.zip(last).zip(list(row, "zone_detections"));
    let stays = stays.map(|((first, last), detections)| ZoneStay { first_us: first.0, last_us: last.0, detections });
    list(row, "zone_ids").zip(stays).collect()
}

fn path(row: &Row) -> Path {
    let feet = list(row, "path_x").zip(list(row, "path_y")).map(|(x, y)| Foot { x, y });
    let points = list::<UnixMicros>(row, "path_at").zip(feet).zip(list(row, "path_errors_px"));
    Path::of(points.map(|((at, foot), error_px)| PathPoint { at_us: at.0, foot, error_px }).collect())
}

fn motion(row: &Row) -> Motion {
    let travel = |length: &str, time_us: &str, top_speed: &str| Travel {
        length: row.get::<_, Option<f64>>(length).unwrap_or(0.0),
        time_us: row.get(time_us),
        top_speed: row.get::<_, Option<f64>>(top_speed).unwrap_or(0.0),
    };
    Motion {
        anchor: Anchor {
            at_us: row.get::<_, UnixMicros>("anchor_at").0,
            foot: Foot { x: row.get("anchor_x"), y: row.get("anchor_y") },
            ground: pair(row.get("anchor_ground_x_m"), row.get("anchor_ground_y_m")),
        },
        pixels: travel("travelled_px", "measured_px_us", "top_speed_px_s"),
        metres: travel("travelled_m", "measured_m_us", "top_speed_m_s"),
    }
}

fn list<'a, T: FromSql<'a>>(row: &'a Row, name: &str) -> std::vec::IntoIter<T> {
    row.get::<_, Vec<T>>(name).into_iter()
}

async fn write(
    transaction: &Transaction<'_>,
    statement: &Statement,
    tracks: &[(&TrackKey, Track)],
) -> Result<(), DatabaseError> {
    if tracks.is_empty() {
        return Ok(());
    }
    let mut columns = TrackColumns::default();
    for (key, track) in tracks {
        columns.push(key, track);
    }
    let fail = DatabaseError::statement("store tracks");
    transaction.execute(statement, &columns.parameters()).await.map_err(fail)?;
    Ok(())
}
