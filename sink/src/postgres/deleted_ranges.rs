//! What people have deleted stays deleted: nothing is stored that was captured in a range of a deletion, however often Kafka gives it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use tokio_postgres::{Client, Statement, Transaction};
use vru_proto::ids::FrameKey;
use vru_proto::v1;
use vru_storage::data_jobs::RANGES_LOCK;
use vru_storage::postgres::DatabaseError;

use super::copy::UnixMicros;

/// A deletion that begins waits for this batch, and the next batches know of it.
const LOCK: &str = "SELECT pg_advisory_xact_lock_shared($1)";
const READ: &str =
    "SELECT camera_id, from_at, to_at, id FROM data_jobs WHERE kind = 'deletion' AND camera_id = ANY($1)";
/// The pictures of an alert are other consumers' work: whoever deletes looks for these objects.
const OBJECTS: &str = "INSERT INTO deleted_objects (key, job_id) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT (key) DO NOTHING";

/// The prepared statements.
pub(super) struct DeletedRanges {
    lock: Statement,
    read: Statement,
    objects: Statement,
}

/// Capture times in microseconds, and the job that deleted them.
type Ranges = BTreeMap<String, Vec<(Range<i64>, String)>>;

impl DeletedRanges {
    pub(super) async fn prepare(client: &Client) -> Result<Self, DatabaseError> {
        let fail = DatabaseError::statement("prepare statements");
        Ok(Self {
            lock: client.prepare(LOCK).await.map_err(fail)?,
            read: client.prepare(READ).await.map_err(fail)?,
            objects: client.prepare(OBJECTS).await.map_err(fail)?,
        })
    }

    /// Leaves frames and alerts of deleted ranges out, and returns how many. No row of the transaction may be written before.
    pub(super) async fn leave_out(
        &self,
        transaction: &Transaction<'_>,
        frames: &mut Vec<(&FrameKey, &v1::FrameDetections)>,
        alerts: &mut Vec<(&FrameKey, &v1::Alert)>,
    ) -> Result<(u64, u64), DatabaseError> {
        let keys = frames.iter().map(|(key, _)| *key).chain(alerts.iter().map(|(key, _)| *key));
        let cameras: Vec<&str> = keys.map(|key| key.camera.as_str()).collect::<BTreeSet<_>>().into_iter().collect();
        if cameras.is_empty() {
            return Ok((0, 0));
        }
        let fail = DatabaseError::statement("read what was deleted");
        transaction.execute(&self.lock, &[&RANGES_LOCK]).await.map_err(fail)?;
        let rows = transaction.query(&self.read, &[&cameras]).await.map_err(fail)?;
        if rows.is_empty() {
            return Ok((0, 0));
        }
        let mut ranges = Ranges::new();
        for row in &rows {
            let range = row.get::<_, UnixMicros>(1).0..row.get::<_, UnixMicros>(2).0;
            ranges.entry(row.get(0)).or_default().push((range, row.get(3)));
        }
        let (all_frames, all_alerts) = (frames.len(), alerts.len());
        frames.retain(|(key, frame)| job(&ranges, key, frame.captured_at_us).is_none());
        let (mut objects, mut jobs) = (Vec::new(), Vec::new());
        alerts.retain(|(key, alert)| {
            let Some(job) = job(&ranges, key, alert.captured_at_us) else { return true };
            for key in [alert.snapshot_key.as_str(), alert.stored_clip_key()].into_iter().filter(|key| !key.is_empty())
            {
                objects.push(key);
                jobs.push(job);
            }
            false
        });
        if !objects.is_empty() {
            transaction.execute(&self.objects, &[&objects, &jobs]).await.map_err(fail)?;
        }
        Ok(((all_frames - frames.len()) as u64, (all_alerts - alerts.len()) as u64))
    }
}

fn job<'a>(ranges: &'a Ranges, key: &FrameKey, captured_at_us: i64) -> Option<&'a str> {
    let of_camera = ranges.get(key.camera.as_str())?;
    of_camera.iter().find(|(range, _)| range.contains(&captured_at_us)).map(|(_, job)| job.as_str())
}
