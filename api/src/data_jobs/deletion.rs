//! Deletes one camera's data of a range: rows first, which name the pictures, then pictures, then the rows of Parquet objects. Every step can
//! be done again. Objects may be written late, by a sink that is behind or reads again, so it looks for them for some days.

use std::time::{Duration, SystemTime};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use serde_json::json;
use vru_proto::time::utc;
use vru_storage::audit::{self, Actor, Entry};
use vru_storage::data_jobs::removal::{self, PendingObject, Scope};
use vru_storage::data_jobs::{self, DataJob, JobKind, JobState};
use vru_storage::postgres::DatabaseError;

use super::{DataJobs, Going, HOLD, JobError, parquet};

const LONGEST_PAUSE: Duration = Duration::from_hours(6);
const PICTURES: i64 = 500;
const REQUESTS: usize = 8;
/// The clocks of this host and of the bucket's server may differ so much.
const CLOCKS: Duration = Duration::from_mins(15);

/// Until nothing is left to do now.
pub(super) async fn work(jobs: &DataJobs, job: &DataJob) -> Result<Going, JobError> {
    Deletion { jobs, job }.delete().await
}

struct Deletion<'a> {
    jobs: &'a DataJobs,
    job: &'a DataJob,
}

impl Deletion<'_> {
    async fn delete(&self) -> Result<Going, JobError> {
        let began = SystemTime::now();
        if self.rows().await? == Going::Away || self.pictures().await? == Going::Away {
            return Ok(Going::Away);
        }
        if self.archives().await? == Going::Away {
            return Ok(Going::Away);
        }
        self.finish(began).await
    }

    fn scope(&self) -> Scope<'_> {
        Scope { held: self.job.held(), camera_id: &self.job.camera_id, range: self.job.range }
    }

    async fn renew(&self, step: &str) -> Result<Going, JobError> {
        self.jobs.renew(self.job, step).await
    }

    async fn rows(&self) -> Result<Going, JobError> {
        let first = self.job.state != JobState::Done;
        let mut any = false;
        loop {
            if self.renew("rows").await? == Going::Away {
                return Ok(Going::Away);
            }
            let mut client = self.jobs.database.get().await?;
            match removal::delete_some(&mut client, self.scope()).await? {
                Ok(true) => any = true,
                Ok(false) => break,
                Err(removal::Overtaken) => return Ok(Going::Away),
            }
        }
        // Also if this process goes on with what another has begun.
        if first || any {
            let mut client = self.jobs.database.get().await?;
            if !removal::make_quarters_anew(&mut client, self.scope()).await? {
                return Ok(Going::Away);
            }
        }
        Ok(Going::On)
    }

    /// Snapshots and clips of the alerts. What was there is counted before it is removed, so that nothing is counted twice or not at all.
    async fn pictures(&self) -> Result<Going, JobError> {
        let bucket = &self.jobs.bucket;
        let mut after = String::new();
        loop {
            if self.renew("pictures").await? == Going::Away {
                return Ok(Going::Away);
            }
            let mut client = self.jobs.database.get().await?;
            let keys = removal::pictures(&client, &self.job.id, &after, PICTURES).await?;
            let Some(last) = keys.last() else { return Ok(Going::On) };
            after.clone_from(last);
            let stamps = stream::iter(keys).map(|key| async move {
                let there = bucket.stamp(&key).await?.is_some();
                Ok::<_, JobError>(there.then_some(key))
            });
            let stamps: Vec<Option<String>> = stamps.buffered(REQUESTS).try_collect().await?;
            let there: Vec<String> = stamps.into_iter().flatten().collect();
            if there.is_empty() {
                continue;
            }
            if !removal::count_pictures(&mut client, self.job.held(), &there).await? {
                return Ok(Going::Away);
            }
            drop(client);
            let removals = stream::iter(there).map(|key| async move { bucket.remove(&key).await });
            removals.buffered(REQUESTS).try_collect::<Vec<()>>().await?;
        }
    }

    /// Parquet objects, which hold the detections of many cameras: those of the hours of the range that were written since the last look.
    async fn archives(&self) -> Result<Going, JobError> {
        if let Some(pending) = pending(self.job)
            && self.finish_pending(&pending).await? == Going::Away
        {
            return Ok(Going::Away);
        }
        let since = self.job.checked_until.map(|time| time - CLOCKS);
        let (first, last) = (hour(self.job.range.from), hour(self.job.range.to - Duration::from_micros(1)));
        let mut day = first.0;
        while day <= last.0 {
            let folder = format!("detections/date={day}/");
            let mut after = String::new();
            loop {
                if self.renew("archives").await? == Going::Away {
                    return Ok(Going::Away);
                }
                let listed = self.jobs.bucket.list(&folder, &after).await?;
                let Some(end) = listed.last() else { break };
                after.clone_from(&end.key);
                for object in listed {
                    let hour = object
                        .key
                        .strip_prefix(&folder)
                        .and_then(|rest| rest.strip_prefix("hour=")?.get(..2)?.parse::<i8>().ok());
                    let of_range = hour.is_some_and(|hour| (day, hour) >= first && (day, hour) <= last);
                    let late = since.zip(object.written_at).is_none_or(|(since, written)| written >= since);
                    if of_range && late && self.rewrite(&object.key).await? == Going::Away {
                        return Ok(Going::Away);
                    }
                }
            }
            let Ok(next) = day.tomorrow() else { break };
            day = next;
        }
        Ok(Going::On)
    }

    async fn rewrite(&self, key: &str) -> Result<Going, JobError> {
        let Some(object) = self.jobs.bucket.get(key).await? else { return Ok(Going::On) };
        let Some(rest) = self.without(key, object).await? else { return Ok(Going::On) };
        let pending = PendingObject { key: key.to_owned(), rows: rest.removed, whole: rest.object.is_none() };
        let client = self.jobs.database.get().await?;
        if !removal::set_pending(&client, self.job.held(), &pending, HOLD).await? {
            return Ok(Going::Away);
        }
        drop(client);
        self.replace(key, rest).await?;
        self.count_pending().await
    }

    async fn without(&self, key: &str, object: bytes::Bytes) -> Result<Option<parquet::Rest>, JobError> {
        let (camera, range) = (self.job.camera_id.clone(), micros(self.job.range.from)..micros(self.job.range.to));
        let filtered = tokio::task::spawn_blocking(move || parquet::without(object, &camera, &range)).await?;
        filtered.map_err(|source| JobError::Parquet { key: key.to_owned(), source })
    }

    async fn replace(&self, key: &str, rest: parquet::Rest) -> Result<(), JobError> {
        match rest.object {
            None => self.jobs.bucket.remove(key).await?,
            Some(object) => {
                let media_type = "application/vnd.apache.parquet";
                self.jobs.bucket.put(key, media_type, object, self.jobs.config.part_bytes).await?;
            }
        }
        Ok(())
    }

    /// A process ended while it changed this object. Its rows are counted, whether or not they were gone already.
    async fn finish_pending(&self, pending: &PendingObject) -> Result<Going, JobError> {
        if let Some(object) = self.jobs.bucket.get(&pending.key).await?
            && let Some(rest) = self.without(&pending.key, object).await?
        {
            self.replace(&pending.key, rest).await?;
        }
        self.count_pending().await
    }

    async fn count_pending(&self) -> Result<Going, JobError> {
        let client = self.jobs.database.get().await?;
        let ours = removal::count_pending(&client, self.job.held()).await?;
        Ok(if ours { Going::On } else { Going::Away })
    }

    async fn finish(&self, began: SystemTime) -> Result<Going, JobError> {
        let DataJob { id, site_id, camera_id, checks, created_at, .. } = self.job;
        let config = &self.jobs.config;
        let pause = config.look_after.saturating_mul(1 << (*checks).clamp(0, 16)).min(LONGEST_PAUSE);
        let over = SystemTime::now() > *created_at + config.look_for;
        let failed = DatabaseError::statement("end a deletion");
        let mut client = self.jobs.database.get().await?;
        let transaction = client.transaction().await.map_err(failed)?;
        if !removal::finish_look(&transaction, self.job.held(), began, (!over).then_some(pause)).await? {
            return Ok(Going::Away);
        }
        let done = data_jobs::find(&transaction, site_id, JobKind::Deletion, id).await?;
        let counts = done.map(|done| done.counts).unwrap_or_default();
        if counts != self.job.counts || self.job.state != JobState::Done {
            tracing::info!(job = id, camera = camera_id, %counts, "data was deleted");
            let details = json!({ "job": id, "deleted": counts });
            let entry = Entry { action: "camera.data_deleted", site_id, object: camera_id, details };
            audit::record(&transaction, &Actor::default(), entry).await?;
        }
        transaction.commit().await.map_err(failed)?;
        Ok(Going::On)
    }
}

fn pending(job: &DataJob) -> Option<PendingObject> {
    let pending = job.pending.as_ref()?;
    let key = pending["key"].as_str()?.to_owned();
    Some(PendingObject { key, rows: pending["rows"].as_i64()?, whole: pending["whole"].as_bool()? })
}

/// Day and hour, UTC, as the folders of objects have them.
fn hour(time: SystemTime) -> (jiff::civil::Date, i8) {
    let time = utc(micros(time));
    (time.date(), time.hour())
}

fn micros(time: SystemTime) -> i64 {
    Timestamp::try_from(time).unwrap_or_default().as_microsecond()
}
