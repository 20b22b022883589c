//! Writes everything of one camera and range into one archive: rows as NDJSON, pictures, and a manifest with numbers and SHA-256.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use vru_storage::audit::{self, Actor, Entry};
use vru_storage::data_jobs::DataJob;
use vru_storage::data_jobs::export::{self, PARTS, PartReader};
use vru_storage::postgres::DatabaseError;
use vru_storage::s3::{MOST_PARTS, Multipart};

use super::archive::Archive;
use super::{DataJobs, Going, JobError};

/// Attempts, after which an export has failed.
const ATTEMPTS: i64 = 20;
/// Rows of one file: so many bytes, or a bit more.
const FILE_BYTES: usize = 8 * 1024 * 1024;
const PICTURES: i64 = 200;

/// Writes the archive, or removes it when its time is over.
pub(super) async fn work(jobs: &DataJobs, job: &DataJob) -> Result<Going, JobError> {
    let export = Export { jobs, job };
    if is_over(job) { export.remove(None).await } else { export.write().await }
}

fn is_over(job: &DataJob) -> bool {
    job.expires_at.is_some_and(|at| at <= SystemTime::now())
}

/// Whether no other attempt is made. An archive whose time is over must be removed, however often that fails.
pub(super) fn gives_up(job: &DataJob, error: &JobError) -> bool {
    error.is_final() || (job.epoch >= ATTEMPTS && !is_over(job))
}

/// Removes what there is, and says why.
pub(super) async fn give_up(jobs: &DataJobs, job: &DataJob, problem: &str) -> Result<Going, JobError> {
    Export { jobs, job }.remove(Some(problem)).await
}

struct Export<'a> {
    jobs: &'a DataJobs,
    job: &'a DataJob,
}

/// Where the archive of a job is while this process writes it. Another one writes another object.
fn object_key(job: &DataJob) -> String {
    format!("exports/{}/{}/{}.tar", job.site_id, job.id, job.epoch)
}

impl Export<'_> {
    /// Removes what there is of the archive. `problem`: why it is given up.
    async fn remove(&self, problem: Option<&str>) -> Result<Going, JobError> {
        self.remove_objects().await?;
        let client = self.jobs.database.get().await?;
        let ours = export::close(&client, self.job.held(), problem).await?;
        Ok(if ours { Going::On } else { Going::Away })
    }

    async fn remove_objects(&self) -> Result<(), JobError> {
        let DataJob { object_key, multipart_id, .. } = self.job;
        if let (Some(key), Some(upload_id)) = (object_key, multipart_id) {
            self.jobs.bucket.abort_parts(Multipart { key, upload_id }).await?;
        }
        if let Some(key) = object_key {
            self.jobs.bucket.remove(key).await?;
        }
        Ok(())
    }

    async fn renew(&self, step: &str) -> Result<Going, JobError> {
        self.jobs.renew(self.job, step).await
    }

    async fn write(&self) -> Result<Going, JobError> {
        // Of an attempt before.
        self.remove_objects().await?;
        let key = object_key(self.job);
        let bucket = &self.jobs.bucket;
        let upload_id = bucket.start_parts(&key, "application/x-tar").await?;
        let client = self.jobs.database.get().await?;
        let ours = export::set_upload(&client, self.job.held(), &key, &upload_id).await?;
        drop(client);
        let upload = Multipart { key: &key, upload_id: &upload_id };
        if !ours {
            bucket.abort_parts(upload).await?;
            return Ok(Going::Away);
        }
        let made_at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut archive = Archive::new(bucket, upload, self.jobs.config.part_bytes, made_at);
        let mut counts = Map::new();
        for (part, statement) in PARTS {
            if self.rows(&mut archive, (part, statement), &mut counts).await? == Going::Away {
                return Ok(Going::Away);
            }
        }
        if self.pictures(&mut archive, &mut counts).await? == Going::Away {
            return Ok(Going::Away);
        }
        let DataJob { id, site_id, camera_id, range, .. } = self.job;
        let time = |time: SystemTime| Timestamp::try_from(time).unwrap_or_default().to_string();
        let about = json!({
            "export": id, "site_id": site_id, "camera_id": camera_id, "from": time(range.from), "to": time(range.to), "counts": counts
        });
        let (bytes, sha256) = archive.finish(about).await?;
        let failed = DatabaseError::statement("end an export");
        let mut client = self.jobs.database.get().await?;
        let transaction = client.transaction().await.map_err(failed)?;
        let keep = self.jobs.config.keep_exports;
        let ours = export::finish(&transaction, self.job.held(), (bytes as i64, &sha256), keep).await?;
        if !ours {
            return Ok(Going::Away);
        }
        tracing::info!(job = id, camera = camera_id, bytes, "data was exported");
        let details = json!({ "job": id, "bytes": bytes, "sha256": sha256, "exported": counts });
        let entry = Entry { action: "camera.data_exported", site_id, object: camera_id, details };
        audit::record(&transaction, &Actor::default(), entry).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(Going::On)
    }

    /// The rows of one kind, in files of some megabytes.
    async fn rows(
        &self,
        archive: &mut Archive<'_>,
        (part, statement): (&str, &str),
        counts: &mut Map<String, Value>,
    ) -> Result<Going, JobError> {
        let mut file = Lines::default();
        let (mut number, mut total) = (0, 0);
        let mut client = self.jobs.database.get().await?;
        let scope = (self.job.camera_id.as_str(), self.job.range);
        let mut reader = PartReader::open(&mut client, statement, scope).await?;
        loop {
            let lines = reader.next().await?;
            if lines.is_empty() {
                break;
            }
            for line in &lines {
                file.push(line);
            }
            total += lines.len();
            if file.text.len() >= FILE_BYTES {
                number += 1;
                let Lines { text, rows } = std::mem::take(&mut file);
                archive.add(&format!("{part}-{number:05}.ndjson"), text.as_bytes(), Some(rows)).await?;
                self.check_size(archive)?;
            }
            if self.renew(part).await? == Going::Away {
                return Ok(Going::Away);
            }
        }
        drop(reader);
        drop(client);
        number += 1;
        archive.add(&format!("{part}-{number:05}.ndjson"), file.text.as_bytes(), Some(file.rows)).await?;
        counts.insert(part.to_owned(), json!(total));
        self.count(counts).await
    }

    async fn count(&self, counts: &Map<String, Value>) -> Result<Going, JobError> {
        let client = self.jobs.database.get().await?;
        let ours = export::set_counts(&client, self.job.held(), &Value::Object(counts.clone())).await?;
        Ok(if ours { Going::On } else { Going::Away })
    }

    /// Snapshots and clips that are stored, and lists of them.
    async fn pictures(&self, archive: &mut Archive<'_>, counts: &mut Map<String, Value>) -> Result<Going, JobError> {
        let scope = (self.job.camera_id.as_str(), self.job.range);
        let (mut after, mut number) = (String::new(), 0);
        let (mut snapshots, mut clips, mut missing) = (0, 0, 0);
        loop {
            if self.renew("pictures").await? == Going::Away {
                return Ok(Going::Away);
            }
            let client = self.jobs.database.get().await?;
            let keys = export::pictures(&client, scope, &after, PICTURES).await?;
            drop(client);
            let Some(last) = keys.last() else { break };
            after.clone_from(last);
            let mut list = Lines::default();
            for key in &keys {
                let Some(content) = self.jobs.bucket.get(key).await? else {
                    missing += 1;
                    list.push(&json!({ "name": key, "missing": true }).to_string());
                    continue;
                };
                if key.starts_with("clips/") {
                    clips += 1;
                } else {
                    snapshots += 1;
                }
                let hash = hex::encode(Sha256::digest(&content));
                list.push(&json!({ "name": key, "bytes": content.len(), "sha256": hash }).to_string());
                archive.add_listed(key, &content).await?;
                self.check_size(archive)?;
            }
            number += 1;
            archive.add(&format!("pictures-{number:05}.ndjson"), list.text.as_bytes(), Some(list.rows)).await?;
        }
        for (kind, number) in [("snapshots", snapshots), ("clips", clips), ("missing_pictures", missing)] {
            counts.insert(kind.to_owned(), json!(number));
        }
        self.count(counts).await
    }

    fn check_size(&self, archive: &Archive<'_>) -> Result<(), JobError> {
        // Some parts are left for the manifest.
        let most = (MOST_PARTS - 100) * self.jobs.config.part_bytes as u64;
        if archive.bytes() > most { Err(JobError::TooLarge { most }) } else { Ok(()) }
    }
}

/// A file with one row a line.
#[derive(Default)]
struct Lines {
    text: String,
    rows: usize,
}

impl Lines {
    fn push(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
        self.rows += 1;
    }
}
