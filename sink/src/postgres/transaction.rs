//! Writes one batch in one transaction: lock the positions and check their epochs, copy the rows, update the tracks and
//! the bins, advance the positions.

use std::collections::{BTreeMap, HashSet};

use futures::SinkExt as _;
use tokio_postgres::{Client, Statement, Transaction};
use vru_proto::ids::FrameKey;
use vru_proto::v1;
use vru_runtime::kafka::Partition;
use vru_storage::postgres::DatabaseError;

use super::alerts::{AlertStatements, StoredAlert};
use super::copy::{CopyRows, UnixMicros};
use super::deleted_ranges::DeletedRanges;
use super::parse::ParsedRecord;
use super::passages::PassageStatements;
use super::positions::{self, Claim, ConsumerIdentity};
use super::rows;
use super::tracks::{self, TrackStatements};
use super::watch::{self, WatchStatements};
use crate::batch::{Item, next_offsets};
use crate::error::SinkError;

/// Numbers of rows that a batch wrote.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) frames: u64,
    pub(crate) detections: u64,
    /// Tracks that began.
    pub(crate) tracks: u64,
    pub(crate) alerts: u64,
    /// Crossings and visits that were counted.
    pub(crate) passages: u64,
    /// Frames that were skipped because they have a row already.
    pub(crate) duplicate_frames: u64,
    /// Alerts whose row got its end.
    pub(crate) ended_alerts: u64,
    /// Records of alerts that were skipped because the row says the same already.
    pub(crate) duplicate_alerts: u64,
    /// Frames that were left out because somebody has deleted the time in which they were captured.
    pub(crate) deleted_frames: u64,
    /// Alerts that were left out for the same reason.
    pub(crate) deleted_alerts: u64,
}

/// A connection with its prepared statements.
pub(crate) struct PreparedClient {
    client: Client,
    lock: Statement,
    advance: Statement,
    deleted: DeletedRanges,
    copy_frames: Statement,
    copy_detections: Statement,
    alerts: AlertStatements,
    tracks: TrackStatements,
    passages: PassageStatements,
    watch: WatchStatements,
}

/// All statements look up a few keys in large tables. The planner, which does not know how many keys an array has and whose
/// statistics of a new table may be old, must not scan the tables for them.
const PLANS: &str = "SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_seqscan = off; SET jit = off";

impl PreparedClient {
    pub(crate) async fn prepare(client: Client) -> Result<Self, DatabaseError> {
        let fail = DatabaseError::statement("prepare statements");
        client.batch_execute(PLANS).await.map_err(fail)?;
        Ok(Self {
            lock: client.prepare(positions::LOCK).await.map_err(fail)?,
            advance: client.prepare(positions::ADVANCE).await.map_err(fail)?,
            deleted: DeletedRanges::prepare(&client).await?,
            copy_frames: client.prepare(rows::COPY_FRAMES).await.map_err(fail)?,
            copy_detections: client.prepare(rows::COPY_DETECTIONS).await.map_err(fail)?,
            alerts: AlertStatements::prepare(&client).await?,
            tracks: TrackStatements::prepare(&client).await?,
            passages: PassageStatements::prepare(&client).await?,
            watch: WatchStatements::prepare(&client).await?,
            client,
        })
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// For statements that are not prepared.
    pub(crate) fn client_mut(&mut self) -> &mut Client {
        &mut self.client
    }

    /// Writes the whole batch or nothing. Frames that have rows already are rare: the first attempt does not look for them. If it
    /// fails because of one, the transaction is repeated without them.
    pub(crate) async fn write(
        &mut self,
        consumer: &ConsumerIdentity,
        claims: &BTreeMap<Partition, Claim>,
        items: &[Item<ParsedRecord>],
    ) -> Result<Written, SinkError> {
        match self.attempt(consumer, claims, items, false).await {
            Err(SinkError::Database(error)) if error.is_duplicate() => {
                self.attempt(consumer, claims, items, true).await
            }
            result => result,
        }
    }

    async fn attempt(
        &mut self,
        consumer: &ConsumerIdentity,
        claims: &BTreeMap<Partition, Claim>,
        items: &[Item<ParsedRecord>],
        skip_stored_frames: bool,
    ) -> Result<Written, SinkError> {
        let next = next_offsets(items);
        let Self {
            client,
            lock,
            advance,
            deleted,
            copy_frames,
            copy_detections,
            alerts: statements,
            tracks,
            passages,
            watch,
        } = self;
        let transaction = client.transaction().await.map_err(DatabaseError::statement("begin"))?;
        let partitions: Vec<Partition> = next.keys().cloned().collect();
        let stored = positions::lock(&transaction, lock, consumer, &partitions).await?;
        check_epochs(&next, claims, &stored)?;
        check_positions(&next, claims, &stored)?;
        let mut written = Written::default();
        let (mut frames, mut alerts) = (Vec::new(), Vec::new());
        let mut seen = HashSet::new();
        for item in items {
            // If the outcome of a commit was unknown, part of the batch may be stored. The stored position shows which part.
            let not_stored = item.offset >= stored[&item.partition].next_offset.unwrap_or(0);
            match &item.value {
                ParsedRecord::Skipped => {}
                ParsedRecord::Frame { key, detections, .. } if not_stored && seen.insert(key) => {
                    frames.push((key, &**detections));
                }
                ParsedRecord::Frame { .. } => written.duplicate_frames += 1,
                ParsedRecord::Alert { key, alert, .. } if not_stored => alerts.push((key, &**alert)),
                ParsedRecord::Alert { .. } => written.duplicate_alerts += 1,
            }
        }
        (written.deleted_frames, written.deleted_alerts) =
            deleted.leave_out(&transaction, &mut frames, &mut alerts).await?;
        if skip_stored_frames {
            let before = frames.len();
            let duplicates = stored_frames(&transaction, &frames).await?;
            let mut index = 0..;
            frames.retain(|_| index.next().is_some_and(|index| !duplicates.contains(&index)));
            written.duplicate_frames += (before - frames.len()) as u64;
        }
        watch::store(&transaction, watch, &frames).await?;
        let (mut frame_rows, mut detection_rows) = (CopyRows::new(), CopyRows::new());
        for (key, detections) in &frames {
            rows::encode(key, detections, &mut frame_rows, &mut detection_rows);
        }
        written.frames = copy(&transaction, copy_frames, frame_rows).await?;
        written.detections = copy(&transaction, copy_detections, detection_rows).await?;
        written.tracks = tracks::store(&transaction, tracks, &frames).await?;
        written.passages = passages.store(&transaction, &frames).await?;
        for (key, alert) in alerts {
            match statements.store(&transaction, key, alert).await? {
                StoredAlert::Inserted => written.alerts += 1,
                StoredAlert::Ended => written.ended_alerts += 1,
                StoredAlert::Known => written.duplicate_alerts += 1,
            }
        }
        // A position never moves back: the part that was stored before may end after this batch.
        let next =
            next.into_iter().filter(|(partition, next)| stored[partition].next_offset.is_none_or(|at| at < *next));
        positions::advance(&transaction, advance, consumer, &next.collect()).await?;
        transaction.commit().await.map_err(DatabaseError::statement("commit"))?;
        watch.committed();
        Ok(written)
    }
}

fn check_epochs(
    next: &BTreeMap<Partition, i64>,
    claims: &BTreeMap<Partition, Claim>,
    stored: &BTreeMap<Partition, Claim>,
) -> Result<(), SinkError> {
    for partition in next.keys() {
        let held = claims.get(partition).map_or(0, |claim| claim.epoch);
        let found = stored.get(partition).map_or(0, |claim| claim.epoch);
        if held == 0 || held != found {
            return Err(SinkError::Fenced { partition: partition.clone(), held, found });
        }
    }
    Ok(())
}

/// A database that lost transactions has an older position. To write on from where this process stands would skip what was lost.
fn check_positions(
    next: &BTreeMap<Partition, i64>,
    claims: &BTreeMap<Partition, Claim>,
    stored: &BTreeMap<Partition, Claim>,
) -> Result<(), SinkError> {
    for partition in next.keys() {
        let held = claims.get(partition).and_then(|claim| claim.next_offset);
        let found = stored.get(partition).and_then(|claim| claim.next_offset);
        if let Some(held) = held
            && found.is_none_or(|found| found < held)
        {
            return Err(SinkError::WentBack { partition: partition.clone(), held, found });
        }
    }
    Ok(())
}

/// Indexes of the frames that have rows.
async fn stored_frames(
    transaction: &Transaction<'_>,
    frames: &[(&FrameKey, &v1::FrameDetections)],
) -> Result<HashSet<i64>, DatabaseError> {
    let cameras: Vec<&str> = frames.iter().map(|(key, _)| key.camera.as_str()).collect();
    let times: Vec<UnixMicros> = frames.iter().map(|(_, frame)| UnixMicros(frame.captured_at_us)).collect();
    let sessions: Vec<i64> = frames.iter().map(|(key, _)| key.session as i64).collect();
    let sequences: Vec<i64> = frames.iter().map(|(key, _)| key.sequence as i64).collect();
    let rows = transaction
        .query(
            "SELECT k.position - 1 FROM unnest($1::text[], $2::timestamptz[], $3::bigint[], $4::bigint[]) \
             WITH ORDINALITY AS k (camera_id, captured_at, session, sequence, position) \
             JOIN frames f USING (camera_id, captured_at, session, sequence)",
            &[&cameras, &times, &sessions, &sequences],
        )
        .await
        .map_err(DatabaseError::statement("look for stored frames"))?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

async fn copy(transaction: &Transaction<'_>, statement: &Statement, rows: CopyRows) -> Result<u64, DatabaseError> {
    if rows.rows() == 0 {
        return Ok(0);
    }
    let fail = DatabaseError::statement("copy rows");
    let copy = transaction.copy_in::<_, bytes::Bytes>(statement).await.map_err(fail)?;
    let mut copy = std::pin::pin!(copy);
    copy.send(rows.finish()).await.map_err(fail)?;
    copy.finish().await.map_err(fail)
}
