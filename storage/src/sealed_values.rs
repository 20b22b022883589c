//! What tables keep encrypted, for a change of the key.

use deadpool_postgres::GenericClient;
use tokio_postgres::types::ToSql;

use crate::postgres::DatabaseError;

/// A table with encrypted columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedTable {
    CameraSecrets,
    Webhooks,
    SigningKeys,
}

/// The encrypted values of a row, in the order of the table's columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRow {
    pub id: String,
    pub values: Vec<Option<String>>,
}

impl SealedTable {
    pub const ALL: [Self; 3] = [Self::CameraSecrets, Self::Webhooks, Self::SigningKeys];

    pub fn name(self) -> &'static str {
        match self {
            Self::CameraSecrets => "camera_secrets",
            Self::Webhooks => "webhooks",
            Self::SigningKeys => "signing_keys",
        }
    }

    fn id(self) -> &'static str {
        match self {
            Self::CameraSecrets => "camera_id",
            Self::Webhooks => "id",
            Self::SigningKeys => "kid",
        }
    }

    fn columns(self) -> &'static [&'static str] {
        match self {
            Self::CameraSecrets => &["username", "password"],
            Self::Webhooks => &["secret", "old_secret", "username", "password"],
            Self::SigningKeys => &["sealed"],
        }
    }
}

/// Locks at most `limit` rows after the id `after` that have a value which does not begin with `prefix`. Call it in a transaction.
pub async fn outdated<C: GenericClient>(
    client: &C,
    table: SealedTable,
    prefix: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<SealedRow>, DatabaseError> {
    let failed = DatabaseError::statement("read encrypted values");
    let (id, columns) = (table.id(), table.columns());
    let others: Vec<String> = columns.iter().map(|column| format!("NOT starts_with({column}, $1)")).collect();
    let sql = format!(
        "SELECT {id}, {} FROM {} WHERE {id} > $2 AND ({}) ORDER BY {id} LIMIT $3 FOR UPDATE",
        columns.join(", "),
        table.name(),
        others.join(" OR ")
    );
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let rows = client.query(&statement, &[&prefix, &after, &limit]).await.map_err(failed)?;
    let value = |row: &tokio_postgres::Row, place: usize| row.try_get(place + 1);
    rows.iter()
        .map(|row| {
            let values = (0..columns.len()).map(|place| value(row, place)).collect::<Result<_, _>>();
            Ok(SealedRow { id: row.try_get(0).map_err(failed)?, values: values.map_err(failed)? })
        })
        .collect()
}

/// Writes the values of a row that [`outdated`] locked. The login of a camera is published again.
pub async fn replace<C: GenericClient>(client: &C, table: SealedTable, row: &SealedRow) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("write encrypted values");
    let set: Vec<String> =
        table.columns().iter().enumerate().map(|(place, column)| format!("{column} = ${}", place + 2)).collect();
    let sql = format!("UPDATE {} SET {} WHERE {} = $1", table.name(), set.join(", "), table.id());
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&row.id];
    parameters.extend(row.values.iter().map(|value| value as &(dyn ToSql + Sync)));
    client.execute(&statement, &parameters).await.map_err(failed)?;
    if table == SealedTable::CameraSecrets {
        let sql = "INSERT INTO camera_outbox (camera_id) VALUES ($1)";
        let statement = client.prepare_cached(sql).await.map_err(failed)?;
        client.execute(&statement, &[&row.id]).await.map_err(failed)?;
    }
    Ok(())
}
