//! Adds the detections of a batch to the rows of their tracks, in the transaction that stores the detections.

use std::collections::{BTreeMap, HashMap};
use std::pin::pin;

use futures::TryStreamExt as _;
use tokio_postgres::types::{FromSql, ToSql};
use tokio_postgres::{Client, Row, Statement, Transaction};
use vru_proto::ids::FrameKey;
use vru_proto::v1;
use vru_storage::postgres::DatabaseError;

use super::columns::{INSERT, REPLACE, TrackColumns};
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
            read: client.prepare(READ).await.map_err(fail)?,
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

/// What a track is continued from, in the order in which [`track`] takes it.
const READ: &str = "SELECT camera_id, session, track_id, first_seen, last_seen, last_sequence, source_width, source_height, \
     detections, confirmed_detections, vote_classes, vote_counts, score_sum, best_score, best_at, best_sequence, best_left, \
     best_top, best_width, best_height, snapshot_key, snapshot_score, zone_ids, zone_first_inside, zone_last_inside, \
     zone_detections, path_at, path_x, path_y, path_errors_px, anchor_at, anchor_x, anchor_y, anchor_ground_x_m, \
     anchor_ground_y_m, travelled_px, measured_px_us, top_speed_px_s, travelled_m, measured_m_us, top_speed_m_s \
     FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS k (camera_id, session, track_id) \
     JOIN tracks held USING (camera_id, session, track_id) FOR UPDATE OF held";

/// The columns of a row, one after the other. A search by name would cost more than all the rest.
struct Columns<'a> {
    row: &'a Row,
    next: usize,
}

impl<'a> Columns<'a> {
    fn take<T: FromSql<'a>>(&mut self) -> T {
        let value = self.row.get(self.next);
        self.next += 1;
        value
    }

    fn list<T: FromSql<'a>>(&mut self) -> std::vec::IntoIter<T> {
        self.take::<Vec<T>>().into_iter()
    }

    fn micros(&mut self) -> i64 {
        self.take::<UnixMicros>().0
    }

    fn pair<T: FromSql<'a>, U: FromSql<'a>>(&mut self) -> Option<(T, U)> {
        pair(self.take(), self.take())
    }

    fn moment(&mut self) -> Moment {
        Moment { at_us: self.micros(), sequence: self.take() }
    }

    fn foot(&mut self) -> Foot {
        Foot { x: self.take(), y: self.take() }
    }

    fn zones(&mut self) -> BTreeMap<String, ZoneStay> {
        let ids = self.list();
        let times = self.list::<UnixMicros>().zip(self.list::<UnixMicros>());
        let stays = times.zip(self.list());
        let stays =
            stays.map(|((first, last), detections)| ZoneStay { first_us: first.0, last_us: last.0, detections });
        ids.zip(stays).collect()
    }

    fn path(&mut self) -> Path {
        let times = self.list::<UnixMicros>();
        let feet = self.list().zip(self.list()).map(|(x, y)| Foot { x, y });
        let points = times.zip(feet).zip(self.list());
        Path::of(points.map(|((at, foot), error_px)| PathPoint { at_us: at.0, foot, error_px }).collect())
    }

    fn travel(&mut self) -> Travel {
        Travel {
            length: self.take::<Option<f64>>().unwrap_or(0.0),
            time_us: self.take(),
            top_speed: self.take::<Option<f64>>().unwrap_or(0.0),
        }
    }
}

/// The fields are evaluated in the order in which they are written, which is that of [`READ`].
fn track(row: &Row) -> (TrackKey, Track) {
    let mut columns = Columns { row, next: 0 };
    let key = TrackKey { camera: columns.take(), session: columns.take(), track_id: columns.take() };
    let track = Track {
        first_us: columns.micros(),
        last: columns.moment(),
        size: (columns.take(), columns.take()),
        detections: columns.take(),
        confirmed: columns.take(),
        votes: columns.list::<i16>().zip(columns.list()).collect(),
        score_sum: columns.take(),
        best: Best {
            score: columns.take(),
            moment: columns.moment(),
            bounds: [columns.take(), columns.take(), columns.take(), columns.take()],
        },
        snapshot: columns.pair(),
        zones: columns.zones(),
        path: columns.path(),
        motion: Motion {
            anchor: Anchor { at_us: columns.micros(), foot: columns.foot(), ground: columns.pair() },
            pixels: columns.travel(),
            metres: columns.travel(),
        },
    };
    (key, track)
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
