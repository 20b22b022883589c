//! One process at a time receives an upload. It holds it for a while, which it renews; whoever takes it over counts the epoch up, and the
//! earlier one can write nothing more here.

use std::time::Duration;

use deadpool_postgres::GenericClient;

use super::{COLUMNS, Upload, upload};
use crate::postgres::DatabaseError;

/// What came of the wish to receive.
#[derive(Debug)]
pub enum Taken {
    /// It is ours, as it is now.
    Ours(Box<Upload>),
    /// Why not can be seen from it. `None`: there is none.
    Refused(Option<Box<Upload>>),
}

/// How far it is now.
#[derive(Debug, Clone, Copy)]
pub struct Advance<'a> {
    pub received: i64,
    pub multipart_id: Option<&'a str>,
    /// Tags of all parts.
    pub part_tags: &'a [String],
    pub tail_key: Option<&'a str>,
    /// How long nobody else may work on it; zero: it is released.
    pub hold: Duration,
    pub expire_after: Duration,
}

/// Takes the upload for `hold` if it is received at this offset and nobody works on it.
pub async fn take<C: GenericClient>(
    client: &C,
    site_id: &str,
    id: &str,
    offset: i64,
    hold: Duration,
) -> Result<Taken, DatabaseError> {
    let failed = DatabaseError::statement("take an upload");
    let sql = format!(
        "UPDATE uploads u SET epoch = epoch + 1, held_until = now() + $4 * interval '1 second' \
         WHERE site_id = $1 AND id = $2 AND state = 'receiving' AND received = $3 AND expires_at > now() \
         AND (held_until IS NULL OR held_until <= now()) RETURNING {COLUMNS}"
    );
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let row = client.query_opt(&statement, &[&site_id, &id, &offset, &hold.as_secs_f64()]).await.map_err(failed)?;
    match row {
        Some(row) => Ok(Taken::Ours(Box::new(upload(&row).map_err(failed)?))),
        None => Ok(Taken::Refused(super::find(client, site_id, id).await?.map(Box::new))),
    }
}

/// Holds it for longer. False if it is not ours any more.
pub async fn renew<C: GenericClient>(client: &C, id: &str, epoch: i64, hold: Duration) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("hold an upload");
    let sql = "UPDATE uploads SET held_until = now() + $3 * interval '1 second' \
               WHERE id = $1 AND epoch = $2 AND state IN ('receiving', 'checking', 'deleting')";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let rows = client.execute(&statement, &[&id, &epoch, &hold.as_secs_f64()]).await.map_err(failed)?;
    Ok(rows == 1)
}

/// Records what is in the bucket; with the last byte it is complete, and released. False if it is not ours any more.
pub async fn advance<C: GenericClient>(
    client: &C,
    id: &str,
    epoch: i64,
    to: Advance<'_>,
) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("record how far an upload is");
    let sql = "UPDATE uploads SET received = $3, multipart_id = $4, part_tags = $5, tail_key = $6, \
               held_until = CASE WHEN $3 < length AND $7::float8 > 0 THEN now() + $7 * interval '1 second' END, \
               expires_at = now() + $8 * interval '1 second', \
               changed_at = CASE WHEN $3 < length THEN changed_at ELSE now() END, \
               state = CASE WHEN $3 < length THEN 'receiving' ELSE 'checking' END \
               WHERE id = $1 AND epoch = $2 AND state = 'receiving'";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let Advance { received, multipart_id, part_tags, tail_key, hold, expire_after } = to;
    let (hold, expire_after) = (hold.as_secs_f64(), expire_after.as_secs_f64());
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 8] =
        [&id, &epoch, &received, &multipart_id, &part_tags, &tail_key, &hold, &expire_after];
    client.execute(&statement, &values).await.map(|rows| rows == 1).map_err(failed)
}

/// Lets others work on it.
pub async fn release<C: GenericClient>(client: &C, id: &str, epoch: i64) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("release an upload");
    let statement = client
        .prepare_cached("UPDATE uploads SET held_until = NULL WHERE id = $1 AND epoch = $2")
        .await
        .map_err(failed)?;
    client.execute(&statement, &[&id, &epoch]).await.map(drop).map_err(failed)
}
