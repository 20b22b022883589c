//! Adds the frames of a batch to the bins of their cameras, in the transaction that stores the frames.

use std::collections::{BTreeMap, HashSet};

use tokio_postgres::{Client, Row, Statement, Transaction};
use vru_proto::ids::FrameKey;
use vru_proto::v1;
use vru_storage::postgres::DatabaseError;

use super::target::Target;
use super::watched::{Minutes, Moment, QUARTER_US, add};
use crate::postgres::copy::UnixMicros;

/// No message has a longer `max_gap_us`: frames that are further apart than this do not concern each other.
const MAX_GAP_US: i64 = vru_proto::validate::MAX_WATCHED_GAP_US as i64;
/// How many targets are remembered as stored. A busy sink has some for each camera.
const MAX_KNOWN: usize = 100_000;

/// Frames that follow each other: the live video of a camera, or one session of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Feed<'a> {
    camera: &'a str,
    /// 0 for live video.
    file_session: i64,
}

/// The prepared statements, and what they have stored.
pub(crate) struct WatchStatements {
    insert_target: Statement,
    last: Statement,
    move_last: Statement,
    minutes: Statement,
    quarters: Statement,
    /// Targets that have a row: camera and id.
    known: HashSet<(String, i64)>,
    /// Those that have one when the transaction commits.
    new: Vec<(String, i64)>,
}

const INSERT_TARGET: &str = "INSERT INTO watches (camera_id, id, line_ids, zone_ids, classes, max_gap_us) \
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";

const LAST: &str = "SELECT camera_id, file_session, captured_at, session, sequence, watch_id \
     FROM unnest($1::text[], $2::bigint[]) AS k (camera_id, file_session) JOIN watched_until held USING (camera_id, file_session) \
     FOR UPDATE OF held";

const MOVE_LAST: &str = "INSERT INTO watched_until (camera_id, file_session, captured_at, session, sequence, watch_id) \
     SELECT * FROM unnest($1::text[], $2::bigint[], $3::timestamptz[], $4::bigint[], $5::bigint[], $6::bigint[]) \
     ON CONFLICT (camera_id, file_session) DO UPDATE SET captured_at = excluded.captured_at, session = excluded.session, \
     sequence = excluded.sequence, watch_id = excluded.watch_id, updated_at = now()";

fn add_watched(table: &str) -> String {
    format!(
        "INSERT INTO {table} AS held (camera_id, starts_at, file_session, watch_id, watched_us) \
         SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::bigint[], $4::bigint[], $5::bigint[]) \
         ON CONFLICT (camera_id, starts_at, file_session, watch_id) DO UPDATE \
         SET watched_us = held.watched_us + excluded.watched_us, updated_at = now()"
    )
}

impl WatchStatements {
    pub(crate) async fn prepare(client: &Client) -> Result<Self, DatabaseError> {
        let fail = DatabaseError::statement("prepare statements");
        Ok(Self {
            insert_target: client.prepare(INSERT_TARGET).await.map_err(fail)?,
            last: client.prepare(LAST).await.map_err(fail)?,
            move_last: client.prepare(MOVE_LAST).await.map_err(fail)?,
            minutes: client.prepare(&add_watched("watched_1m")).await.map_err(fail)?,
            quarters: client.prepare(&add_watched("watched_15m")).await.map_err(fail)?,
            known: HashSet::new(),
            new: Vec::new(),
        })
    }

    /// The transaction of the last [`store`] has committed.
    pub(crate) fn committed(&mut self) {
        if self.known.len() > MAX_KNOWN {
            self.known.clear();
        }
        self.known.extend(self.new.drain(..));
    }

    async fn insert_target(
        &mut self,
        transaction: &Transaction<'_>,
        camera: &str,
        id: i64,
        target: &Target,
    ) -> Result<(), DatabaseError> {
        let key = (camera.to_owned(), id);
        if self.known.contains(&key) || self.new.contains(&key) {
            return Ok(());
        }
        let Target { lines, zones, classes, max_gap_us } = target;
        transaction
            .execute(&self.insert_target, &[&camera, &id, lines, zones, classes, max_gap_us])
            .await
            .map_err(DatabaseError::statement("store what is watched"))?;
        self.new.push(key);
        Ok(())
    }
}

/// Adds frames that the transaction will store after this call.
pub(crate) async fn store(
    transaction: &Transaction<'_>,
    statements: &mut WatchStatements,
    frames: &[(&FrameKey, &v1::FrameDetections)],
) -> Result<(), DatabaseError> {
    statements.new.clear();
    let mut targets = Targets::default();
    let feeds = by_feed(frames, &mut targets);
    if feeds.is_empty() {
        return Ok(());
    }
    for ((camera, id), target) in &targets.0 {
        statements.insert_target(transaction, camera, *id, target).await?;
    }
    let held = last(transaction, statements, &feeds).await?;
    let mut columns = Columns::default();
    let mut newest = Vec::new();
    for (feed, moments) in &feeds {
        let last = held.get(&(feed.camera.to_owned(), feed.file_session)).copied();
        let is_late = |moment: &&Moment| last.is_some_and(|last| **moment <= last);
        let late: Vec<Moment> = moments.iter().filter(is_late).copied().collect();
        let next: Vec<Moment> = moments.iter().filter(|moment| !is_late(moment)).copied().collect();
        newest.extend(next.last().map(|newest| (feed, *newest)));
        let chain: Vec<Moment> = last.into_iter().chain(next).collect();
        let mut minutes = Minutes::new();
        add(&mut minutes, &chain, 1);
        for cluster in clusters(&late) {
            let stored = neighbours(transaction, feed, cluster).await?;
            let mut all = [&stored[..], cluster].concat();
            all.sort_unstable();
            add(&mut minutes, &stored, -1);
            add(&mut minutes, &all, 1);
        }
        for (&(minute_us, ends), &us) in minutes.iter().filter(|&(_, &us)| us != 0) {
            let (id, target) = targets.common(transaction, feed.camera, ends).await?;
            if let Some(target) = target {
                statements.insert_target(transaction, feed.camera, id, &target).await?;
            }
            *columns.0.entry((feed.clone(), minute_us, id)).or_default() += us;
        }
    }
    columns.write(transaction, &statements.minutes).await?;
    columns.quarters().write(transaction, &statements.quarters).await?;
    move_last(transaction, &statements.move_last, &newest).await
}

/// The watched frames of each feed, in order.
fn by_feed<'a>(
    frames: &[(&'a FrameKey, &'a v1::FrameDetections)],
    targets: &mut Targets<'a>,
) -> BTreeMap<Feed<'a>, Vec<Moment>> {
    let mut feeds: BTreeMap<Feed<'_>, Vec<Moment>> = BTreeMap::new();
    for (key, frame) in frames {
        let Some(counting) = &frame.counting else { continue };
        let (camera, session) = (key.camera.as_str(), key.session as i64);
        let target = Target::of(counting);
        let watch = target.id(camera);
        targets.0.entry((camera, watch)).or_insert(target);
        let moment = Moment {
            at_us: frame.captured_at_us,
            session,
            sequence: key.sequence as i64,
            watch,
            max_gap_us: i64::from(counting.max_gap_us),
        };
        let file_session = crate::postgres::rows::file_session(frame.delivery(), session);
        feeds.entry(Feed { camera, file_session }).or_default().push(moment);
    }
    for moments in feeds.values_mut() {
        moments.sort_unstable();
    }
    feeds
}

/// What frames are watched for, by camera and id.
#[derive(Default)]
struct Targets<'a>(BTreeMap<(&'a str, i64), Target>);

impl Targets<'_> {
    /// The id of what both are watched for, and what it is if it may be new.
    async fn common(
        &self,
        transaction: &Transaction<'_>,
        camera: &str,
        (before, after): (i64, i64),
    ) -> Result<(i64, Option<Target>), DatabaseError> {
        if before == after {
            return Ok((before, None));
        }
        let (before, after) =
            (self.target(transaction, camera, before).await?, self.target(transaction, camera, after).await?);
        let common = before.common(&after);
        Ok((common.id(camera), Some(common)))
    }

    async fn target(&self, transaction: &Transaction<'_>, camera: &str, id: i64) -> Result<Target, DatabaseError> {
        const READ: &str =
            "SELECT line_ids, zone_ids, classes, max_gap_us FROM watches WHERE camera_id = $1 AND id = $2";
        if let Some(known) = self.0.get(&(camera, id)) {
            return Ok(known.clone());
        }
        let row = transaction.query_one(READ, &[&camera, &id]).await;
        let row = row.map_err(DatabaseError::statement("read what was watched"))?;
        Ok(Target { lines: row.get(0), zones: row.get(1), classes: row.get(2), max_gap_us: row.get(3) })
    }
}

/// The newest frame of each feed that has one, locked, by camera and session of the file.
async fn last(
    transaction: &Transaction<'_>,
    statements: &WatchStatements,
    feeds: &BTreeMap<Feed<'_>, Vec<Moment>>,
) -> Result<BTreeMap<(String, i64), Moment>, DatabaseError> {
    let cameras: Vec<&str> = feeds.keys().map(|feed| feed.camera).collect();
    let sessions: Vec<i64> = feeds.keys().map(|feed| feed.file_session).collect();
    let rows = transaction.query(&statements.last, &[&cameras, &sessions]).await;
    let rows = rows.map_err(DatabaseError::statement("read the newest frames"))?;
    let moment = |row: &Row| {
        let at_us = row.get::<_, UnixMicros>(2).0;
        // Of two frames, only the later one says how far they may be apart.
        Moment { at_us, session: row.get(3), sequence: row.get(4), watch: row.get(5), max_gap_us: 0 }
    };
    Ok(rows.iter().map(|row| ((row.get(0), row.get(1)), moment(row))).collect())
}

/// Late frames that may concern the same stored frames.
fn clusters(late: &[Moment]) -> impl Iterator<Item = &[Moment]> {
    late.chunk_by(|before, after| after.at_us - before.at_us <= 2 * MAX_GAP_US)
}

/// The stored frames around late ones.
async fn neighbours(
    transaction: &Transaction<'_>,
    feed: &Feed<'_>,
    late: &[Moment],
) -> Result<Vec<Moment>, DatabaseError> {
    const READ: &str = "SELECT f.captured_at, f.session, f.sequence, f.watch_id, w.max_gap_us \
         FROM frames f JOIN watches w ON w.camera_id = f.camera_id AND w.id = f.watch_id \
         WHERE f.camera_id = $1 AND f.captured_at BETWEEN $2 AND $3 AND CASE WHEN f.delivery = 2 THEN f.session ELSE 0 END = $4 \
         ORDER BY f.captured_at, f.session, f.sequence";
    let at = |moment: Option<&Moment>, by_us: i64| UnixMicros(moment.map_or(0, |moment| moment.at_us) + by_us);
    let (from, to) = (at(late.first(), -MAX_GAP_US), at(late.last(), MAX_GAP_US));
    let rows = transaction.query(READ, &[&feed.camera, &from, &to, &feed.file_session]).await;
    let rows = rows.map_err(DatabaseError::statement("read the frames around a late one"))?;
    Ok(rows.iter().map(stored_moment).collect())
}

fn stored_moment(row: &Row) -> Moment {
    Moment {
        at_us: row.get::<_, UnixMicros>(0).0,
        session: row.get(1),
        sequence: row.get(2),
        watch: row.get(3),
        max_gap_us: i64::from(row.get::<_, i32>(4)),
    }
}

/// Rows of one of the tables of bins: feed, begin, watch.
#[derive(Default)]
struct Columns<'a>(BTreeMap<(Feed<'a>, i64, i64), i64>);

impl Columns<'_> {
    fn quarters(&self) -> Self {
        let mut quarters = Self::default();
        for ((feed, minute_us, watch), us) in &self.0 {
            let quarter_us = minute_us.div_euclid(QUARTER_US) * QUARTER_US;
            *quarters.0.entry((feed.clone(), quarter_us, *watch)).or_default() += us;
        }
        quarters
    }

    async fn write(&self, transaction: &Transaction<'_>, statement: &Statement) -> Result<(), DatabaseError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let keys = self.0.keys();
        let cameras: Vec<&str> = keys.clone().map(|(feed, ..)| feed.camera).collect();
        let starts: Vec<UnixMicros> = keys.clone().map(|&(_, start_us, _)| UnixMicros(start_us)).collect();
        let sessions: Vec<i64> = keys.clone().map(|(feed, ..)| feed.file_session).collect();
        let watches: Vec<i64> = keys.map(|&(.., watch)| watch).collect();
        let watched: Vec<i64> = self.0.values().copied().collect();
        transaction
            .execute(statement, &[&cameras, &starts, &sessions, &watches, &watched])
            .await
            .map_err(DatabaseError::statement("store what was watched"))?;
        Ok(())
    }
}

async fn move_last(
    transaction: &Transaction<'_>,
    statement: &Statement,
    newest: &[(&Feed<'_>, Moment)],
) -> Result<(), DatabaseError> {
    if newest.is_empty() {
        return Ok(());
    }
    let cameras: Vec<&str> = newest.iter().map(|(feed, _)| feed.camera).collect();
    let files: Vec<i64> = newest.iter().map(|(feed, _)| feed.file_session).collect();
    let times: Vec<UnixMicros> = newest.iter().map(|(_, moment)| UnixMicros(moment.at_us)).collect();
    let sessions: Vec<i64> = newest.iter().map(|(_, moment)| moment.session).collect();
    let sequences: Vec<i64> = newest.iter().map(|(_, moment)| moment.sequence).collect();
    let watches: Vec<i64> = newest.iter().map(|(_, moment)| moment.watch).collect();
    transaction
        .execute(statement, &[&cameras, &files, &times, &sessions, &sequences, &watches])
        .await
        .map_err(DatabaseError::statement("store the newest frames"))?;
    Ok(())
}
