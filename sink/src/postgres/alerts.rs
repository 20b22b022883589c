//! The rows of alerts. The record that raises an alert makes its row, and the record that ends it completes the row; either of them may come
//! more than once, and after the other.

use tokio_postgres::{Client, Statement, Transaction};
use vru_proto::ids::FrameKey;
use vru_proto::v1;
use vru_storage::postgres::DatabaseError;

use super::copy::UnixMicros;

const INSERT: &str = "INSERT INTO alerts (id, camera_id, captured_at, session, sequence, rule_id, zone_id, severity, class, \
     track_ids, box_left, box_top, box_width, box_height, ground_x_m, ground_y_m, clock_source, emitted_at, source_width, \
     source_height, snapshot_key, clip_key, kind, occurrence, began_at, ended_at, line_id, direction, \
     end_reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, \
     $22, $23, $24, $25, $26, $27, $28, $29) ON CONFLICT (id) DO NOTHING";

const END: &str = "UPDATE alerts SET ended_at = $2, end_reason = $3 WHERE id = $1 AND ended_at IS NULL";

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StoredAlert {
    /// It made the row.
    Inserted,
    /// It completed the row.
    Ended,
    /// The row says the same already.
    Known,
}

/// The prepared statements.
pub(super) struct AlertStatements {
    insert: Statement,
    end: Statement,
}

impl AlertStatements {
    pub(super) async fn prepare(client: &Client) -> Result<Self, DatabaseError> {
        let fail = DatabaseError::statement("prepare statements");
        Ok(Self { insert: client.prepare(INSERT).await.map_err(fail)?, end: client.prepare(END).await.map_err(fail)? })
    }

    pub(super) async fn store(
        &self,
        transaction: &Transaction<'_>,
        key: &FrameKey,
        alert: &v1::Alert,
    ) -> Result<StoredAlert, DatabaseError> {
        if self.insert(transaction, key, alert).await? > 0 {
            return Ok(StoredAlert::Inserted);
        }
        if !alert.is_end() {
            return Ok(StoredAlert::Known);
        }
        let ended = transaction
            .execute(&self.end, &[&alert.id, &UnixMicros(alert.ended_at_us), &(alert.end_reason as i16)])
            .await;
        let ended = ended.map_err(DatabaseError::statement("end an alert"))?;
        Ok(if ended > 0 { StoredAlert::Ended } else { StoredAlert::Known })
    }

    async fn insert(
        &self,
        transaction: &Transaction<'_>,
        key: &FrameKey,
        alert: &v1::Alert,
    ) -> Result<u64, DatabaseError> {
        let tracks: Vec<i64> = alert.track_ids.iter().map(|&id| id as i64).collect();
        let (bounds, ground) = (alert.r#box, alert.ground_position);
        let kind = match alert.kind() {
            v1::AlertKind::Unspecified => v1::AlertKind::Presence,
            kind => kind,
        };
        let time = |us: i64| (us != 0).then_some(UnixMicros(us));
        transaction
            .execute(
                &self.insert,
                &[
                    &alert.id,
                    &key.camera.as_str(),
                    &UnixMicros(alert.captured_at_us),
                    &(key.session as i64),
                    &(key.sequence as i64),
                    &alert.rule_id,
                    &alert.zone_id,
                    &(alert.severity as i16),
                    &(alert.class as i16),
                    &tracks,
                    &bounds.map(|bounds| bounds.left),
                    &bounds.map(|bounds| bounds.top),
                    &bounds.map(|bounds| bounds.width),
                    &bounds.map(|bounds| bounds.height),
                    &ground.map(|ground| ground.x_m),
                    &ground.map(|ground| ground.y_m),
                    &(alert.clock_source as i16),
                    &UnixMicros(alert.emitted_at_us),
                    &(alert.source_width as i32),
                    &(alert.source_height as i32),
                    &alert.snapshot_key,
                    &alert.stored_clip_key(),
                    &(kind as i16),
                    &(alert.occurrence as i32),
                    &time(alert.began_at_us),
                    &time(alert.ended_at_us),
                    &alert.line_id,
                    &(alert.direction as i16),
                    &(alert.end_reason as i16),
                ],
            )
            .await
            .map_err(DatabaseError::statement("store an alert"))
    }
}
