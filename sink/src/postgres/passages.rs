//! What was counted, one row each, and the bins that count the rows. A passage that was published twice, perhaps in two frames, has one row.

use tokio_postgres::{Client, Statement, Transaction};
use vru_proto::ids::FrameKey;
use vru_proto::v1;
use vru_storage::postgres::DatabaseError;

use super::copy::UnixMicros;
use super::rows::file_session;

/// The bins grow by the rows that the same statement inserts.
fn insert() -> String {
    let bins = |name: &str, table: &str, width: &str| {
        format!(
            "{name} AS (INSERT INTO {table} AS held \
             (camera_id, line_id, zone_id, starts_at, file_session, direction, class, passages) \
             SELECT camera_id, line_id, zone_id, date_bin('{width}', passed_at, '1970-01-01 00:00+00'), file_session, direction, \
             class, count(*) FROM new GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3, 4, 5, 6, 7 \
             ON CONFLICT (camera_id, line_id, zone_id, starts_at, file_session, direction, class) \
             DO UPDATE SET passages = held.passages + excluded.passages, updated_at = now())"
        )
    };
    format!(
        "WITH new AS (INSERT INTO passages \
         (camera_id, session, line_id, zone_id, track_id, occurrence, passed_at, direction, class, file_session) \
         SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::integer[], $7::timestamptz[], \
         $8::smallint[], $9::smallint[], $10::bigint[]) ON CONFLICT DO NOTHING RETURNING *), {}, {} SELECT count(*) FROM new",
        bins("minutes", "counts_1m", "1 minute"),
        bins("quarters", "counts_15m", "15 minutes")
    )
}

/// The prepared statement.
pub(super) struct PassageStatements {
    insert: Statement,
}

impl PassageStatements {
    pub(super) async fn prepare(client: &Client) -> Result<Self, DatabaseError> {
        let fail = DatabaseError::statement("prepare statements");
        Ok(Self { insert: client.prepare(&insert()).await.map_err(fail)? })
    }

    /// Stores what the frames add. Returns the number of rows.
    pub(super) async fn store(
        &self,
        transaction: &Transaction<'_>,
        frames: &[(&FrameKey, &v1::FrameDetections)],
    ) -> Result<u64, DatabaseError> {
        let passages = || {
            let of_frame = |&(key, frame): &(_, _)| passages_of(key, frame);
            frames.iter().flat_map(of_frame)
        };
        if passages().next().is_none() {
            return Ok(0);
        }
        let cameras: Vec<&str> = passages().map(|(camera, ..)| camera).collect();
        let sessions: Vec<i64> = passages().map(|(_, _, passage)| passage.session as i64).collect();
        let lines: Vec<&str> = passages().map(|(_, _, passage)| passage.line_id.as_str()).collect();
        let zones: Vec<&str> = passages().map(|(_, _, passage)| passage.zone_id.as_str()).collect();
        let tracks: Vec<i64> = passages().map(|(_, _, passage)| passage.track_id as i64).collect();
        let occurrences: Vec<i32> = passages().map(|(_, _, passage)| passage.occurrence as i32).collect();
        let times: Vec<UnixMicros> = passages().map(|(_, _, passage)| UnixMicros(passage.at_us)).collect();
        let directions: Vec<i16> = passages().map(|(_, _, passage)| passage.direction as i16).collect();
        let classes: Vec<i16> = passages().map(|(_, _, passage)| passage.class as i16).collect();
        let files: Vec<i64> =
            passages().map(|(_, delivery, passage)| file_session(delivery, passage.session as i64)).collect();
        let row = transaction
            .query_one(
                &self.insert,
                &[&cameras, &sessions, &lines, &zones, &tracks, &occurrences, &times, &directions, &classes, &files],
            )
            .await
            .map_err(DatabaseError::statement("store what was counted"))?;
        Ok(row.get::<_, i64>(0) as u64)
    }
}

fn passages_of<'a>(
    key: &'a FrameKey,
    frame: &'a v1::FrameDetections,
) -> impl Iterator<Item = (&'a str, v1::Delivery, &'a v1::Passage)> {
    frame.passages.iter().map(move |passage| (key.camera.as_str(), frame.delivery(), passage))
}
