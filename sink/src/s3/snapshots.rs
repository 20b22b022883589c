//! Writes the snapshot that each alert contains.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vru_proto::names::snapshot_key;
use vru_proto::v1;

use super::alert_consumer::{AlertConsumer, AlertHandler};
use super::config::S3Config;
use super::context::S3Context;
use super::uploader::{ObjectKind, Uploader};
use crate::metrics::{S3_SINK, STORED_ALERTS};

const CONSUMER: AlertConsumer = AlertConsumer {
    group: S3Config::snapshots_group,
    // Each keeps its picture in memory.
    max_in_flight: 128,
    drain_deadline: Duration::from_secs(8),
};

/// Runs until shutdown.
pub(crate) async fn run(context: &S3Context) {
    CONSUMER.run(context, |cancel| SnapshotHandler { uploader: context.uploader.clone(), cancel }).await;
}

struct SnapshotHandler {
    uploader: Uploader,
    cancel: CancellationToken,
}

impl AlertHandler for SnapshotHandler {
    async fn handle(&self, alert: v1::Alert, _: Option<i64>) -> bool {
        let ended = alert.is_end();
        if !alert.snapshot.is_empty() {
            // The key is always derived from the alert: a record must not choose which object it overwrites.
            let key = snapshot_key(alert.captured_at_us, &alert.camera_id, &alert.id);
            if !alert.snapshot_key.is_empty() && alert.snapshot_key != key {
                tracing::warn!(
                    alert = alert.id,
                    key,
                    ignored = alert.snapshot_key,
                    "alert has an unexpected snapshot key"
                );
            }
            if !self.uploader.upload(ObjectKind::Snapshot, &key, alert.snapshot, &self.cancel).await {
                return false;
            }
        }
        if !ended {
            STORED_ALERTS.with_label_values(&[S3_SINK]).inc();
        }
        true
    }
}
