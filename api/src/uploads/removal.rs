//! What is left of deleted and expired uploads is removed: parts and objects, rows, pictures, and what ingest has written about the file.
//!
//! Frames of the file that are on their way are analysed after its camera is gone. So its rows are deleted after a while, and looked for
//! once more.

use std::time::{Duration, SystemTime};

use deadpool_postgres::Transaction;
use serde_json::json;
use vru_proto::names::{FILE_POSITIONS_PARTITION, file_fault_key, file_position_key};
use vru_runtime::kafka::{KafkaConfig, KafkaFailure, OutgoingRecord, ProducerOptions, RenewableProducer, SendError};
use vru_runtime::report::chain;
use vru_storage::audit::{self, Actor, Entry};
use vru_storage::cameras;
use vru_storage::postgres::DatabaseError;
use vru_storage::s3::{BucketError, Multipart};
use vru_storage::uploads::{self, Upload};

use super::{Uploads, tail_key};
use crate::metrics::UPLOADS_REMOVED;

const INTERVAL: Duration = Duration::from_secs(5);
/// How long one process works on an upload.
const HOLD: Duration = Duration::from_mins(10);
const MESSAGE_TIMEOUT: Duration = Duration::from_secs(10);
/// Holders of an upload whose last bytes are looked for.
const EARLIER_HOLDERS: i64 = 8;

/// From now on it does not exist for people, nor does its camera; what is left of it is removed in the background. `None` if the site has none
/// with that id.
pub(crate) async fn start_removal(
    transaction: &Transaction<'_>,
    actor: &Actor,
    site_id: &str,
    id: &str,
) -> Result<Option<Upload>, DatabaseError> {
    let Some(upload) = uploads::lock(transaction, site_id, id).await? else { return Ok(None) };
    if let Some(camera) = &upload.camera_id
        && let Some((found, _)) = cameras::lock(transaction, site_id, camera).await?.filter(|found| !found.0.deleted)
    {
        cameras::change(transaction, actor, camera, &found.settings, true).await?;
    }
    uploads::start_deletion(transaction, id).await?;
    let details = json!({ "name": upload.name, "bytes": upload.length, "state": upload.state.word() });
    audit::record(transaction, actor, Entry { action: "upload.delete", site_id, object: id, details }).await?;
    Ok(Some(upload))
}

#[derive(Debug, thiserror::Error)]
enum RemovalError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Bucket(#[from] BucketError),
    #[error("cannot remove the position of a file from Kafka")]
    Kafka(#[from] SendError),
}

pub(super) struct Removal {
    uploads: Uploads,
    producer: RenewableProducer,
    topic: String,
}

impl Removal {
    pub(super) fn new(uploads: Uploads, kafka: &KafkaConfig) -> Result<Self, KafkaFailure> {
        let options = ProducerOptions {
            client_id: "vru-api-uploads".to_owned(),
            message_timeout: MESSAGE_TIMEOUT,
            queue_bytes: 1024 * 1024,
            ..ProducerOptions::default()
        };
        let producer = RenewableProducer::new(kafka, options)?;
        Ok(Self { uploads, producer, topic: kafka.topics().file_positions })
    }

    /// Until the stop. Several replicas may do it at once.
    pub(super) async fn run(self) {
        let mut work = self.uploads.work.subscribe();
        loop {
            if let Err(error) = self.round().await {
                tracing::warn!(error = %chain(&error), "uploads cannot be removed; trying again later");
            }
            tokio::select! {
                () = self.uploads.stop.cancelled() => return,
                _ = work.changed() => {}
                () = tokio::time::sleep(INTERVAL) => {}
            }
        }
    }

    async fn round(&self) -> Result<(), RemovalError> {
        let expired = uploads::delete_expired(&self.uploads.database.get().await?).await?;
        if expired > 0 {
            tracing::info!(expired, "unfinished uploads have expired");
        }
        loop {
            let client = self.uploads.database.get().await?;
            let Some(upload) = uploads::claim_deleting(&client, HOLD).await? else { return Ok(()) };
            drop(client);
            let removed = self.remove(&upload).await;
            let client = self.uploads.database.get().await?;
            if matches!(removed, Ok(true)) {
                uploads::forget(&client, &upload.id, upload.epoch).await?;
                UPLOADS_REMOVED.with_label_values(&[] as &[&str]).inc();
            } else {
                // Others wait before they look again, too.
                uploads::renew(&client, &upload.id, upload.epoch, INTERVAL).await?;
            }
            removed?;
        }
    }

    /// True when nothing is left.
    async fn remove(&self, upload: &Upload) -> Result<bool, RemovalError> {
        let bucket = &self.uploads.bucket;
        if let Some(upload_id) = &upload.multipart_id {
            bucket.abort_parts(Multipart { key: &upload.object_key, upload_id }).await?;
        }
        for epoch in (upload.epoch - EARLIER_HOLDERS).max(1)..=upload.epoch {
            bucket.remove(&tail_key(&upload.site_id, &upload.id, epoch)).await?;
        }
        if let Some(key) = &upload.tail_key {
            bucket.remove(key).await?;
        }
        bucket.remove(&upload.object_key).await?;
        let Some(camera) = &upload.camera_id else { return Ok(true) };
        let age = SystemTime::now().duration_since(upload.changed_at).unwrap_or_default();
        if age < self.uploads.config.delete_for {
            return Ok(false);
        }
        let mut clean = true;
        loop {
            let client = self.uploads.database.get().await?;
            let mut after = String::new();
            loop {
                let keys = uploads::pictures(&client, camera, &after).await?;
                let Some(last) = keys.last() else { break };
                after.clone_from(last);
                for key in &keys {
                    bucket.remove(key).await?;
                }
            }
            if uploads::delete_rows(&client, camera).await? == 0 {
                break;
            }
            clean = false;
            if !uploads::renew(&client, &upload.id, upload.epoch, HOLD).await? {
                return Ok(false);
            }
        }
        let session = upload.session.unsigned_abs();
        for key in [file_position_key(camera, session), file_fault_key(camera, session)] {
            let record = OutgoingRecord { payload: None, ..OutgoingRecord::new(&self.topic, &key, &[]) };
            self.producer.current().publish(record.partition(FILE_POSITIONS_PARTITION))?.await?;
        }
        Ok(clean)
    }
}
