//! Deletes one kind of a site's data that is older than the site keeps it.

use std::time::SystemTime;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio_util::sync::CancellationToken;
use vru_storage::audit::Actor;
use vru_storage::leases;
use vru_storage::postgres::{DatabaseError, Pool};
use vru_storage::retention::DataKind;
use vru_storage::retention::sweep::{self, OldAlert};
use vru_storage::s3::Bucket;

use super::{HOLD, RetentionError, TASK};
use crate::metrics::RETENTION_DELETED;
use crate::uploads::start_removal;

/// Statements for one camera in one round. The rest comes in the next one, so that no camera keeps the others waiting.
const STEPS: usize = 50;
const REQUESTS: usize = 8;

pub(super) struct Sweep<'a> {
    pub(super) database: &'a Pool,
    pub(super) bucket: Option<&'a Bucket>,
    pub(super) stop: &'a CancellationToken,
    /// With which this replica holds the task.
    pub(super) epoch: i64,
    pub(super) site_id: &'a str,
    pub(super) kind: DataKind,
    pub(super) before: SystemTime,
}

impl Sweep<'_> {
    pub(super) async fn run(&self) -> Result<(), RetentionError> {
        let mut deleted = 0;
        let outcome = self.delete(&mut deleted).await;
        if deleted > 0 {
            RETENTION_DELETED.with_label_values(&[self.kind.word()]).inc_by(deleted);
            tracing::info!(
                site = self.site_id,
                kind = self.kind.word(),
                deleted,
                "deleted what the site keeps no longer"
            );
        }
        outcome
    }

    async fn delete(&self, deleted: &mut u64) -> Result<(), RetentionError> {
        match self.kind {
            DataKind::Uploads => return self.uploads(deleted).await,
            DataKind::Audit => return self.steps(deleted, "").await,
            _ => {}
        }
        let cameras = sweep::cameras(&self.database.get().await?, self.site_id).await?;
        for camera in cameras {
            self.steps(deleted, &camera).await?;
        }
        Ok(())
    }

    /// Steps of one camera until nothing is left, or there were enough.
    async fn steps(&self, deleted: &mut u64, camera: &str) -> Result<(), RetentionError> {
        for _ in 0..STEPS {
            let client = self.database.get().await?;
            if self.stop.is_cancelled() || !leases::keep(&client, TASK, self.epoch, HOLD).await? {
                return Err(RetentionError::Away);
            }
            let rows = match self.kind {
                DataKind::Detections => sweep::frames(&client, camera, self.before).await?,
                DataKind::Tracks => sweep::tracks(&client, camera, self.before).await?,
                DataKind::Counts => sweep::counts(&client, camera, self.before).await?,
                DataKind::Audit => sweep::audit(&client, self.site_id, self.before).await?,
                DataKind::Alerts | DataKind::Pictures => {
                    drop(client);
                    self.alerts(camera).await?
                }
                DataKind::Uploads => 0,
            };
            *deleted += rows;
            if rows == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Pictures first, then the rows that name them.
    async fn alerts(&self, camera: &str) -> Result<u64, RetentionError> {
        // Without it, they would be left behind where nobody finds them.
        let Some(bucket) = self.bucket else { return Ok(0) };
        let pictures_only = self.kind == DataKind::Pictures;
        let mut client = self.database.get().await?;
        let alerts = sweep::old_alerts(&client, camera, self.before, pictures_only).await?;
        if alerts.is_empty() {
            return Ok(0);
        }
        let keys: Vec<String> = alerts.iter().flat_map(|alert: &OldAlert| alert.pictures.clone()).collect();
        let removals = stream::iter(keys).map(|key| async move { bucket.remove(&key).await });
        removals.buffered(REQUESTS).try_collect::<Vec<()>>().await?;
        let failed = DatabaseError::statement("delete old alerts of a site");
        let transaction = client.transaction().await.map_err(failed)?;
        sweep::forget_alerts(&transaction, camera, &alerts, !pictures_only).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(alerts.len() as u64)
    }

    /// Starts their deletion, as the call of the API does.
    async fn uploads(&self, deleted: &mut u64) -> Result<(), RetentionError> {
        let failed = DatabaseError::statement("delete old uploads of a site");
        let mut client = self.database.get().await?;
        for id in sweep::old_uploads(&client, self.site_id, self.before).await? {
            let transaction = client.transaction().await.map_err(failed)?;
            let found = start_removal(&transaction, &Actor::default(), self.site_id, &id).await?;
            transaction.commit().await.map_err(failed)?;
            *deleted += u64::from(found.is_some());
        }
        Ok(())
    }
}
