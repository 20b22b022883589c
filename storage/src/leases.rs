//! Tasks that one process does for all: table `leases`.

use std::time::Duration;

use deadpool_postgres::GenericClient;

use crate::postgres::DatabaseError;

/// Takes the task for a while. `None` if another process has it.
pub async fn take<C: GenericClient>(client: &C, name: &str, hold: Duration) -> Result<Option<i64>, DatabaseError> {
    let failed = DatabaseError::statement("take a task");
    let sql = "INSERT INTO leases AS held (name, epoch, held_until) VALUES ($1, 1, now() + $2 * interval '1 second') \
               ON CONFLICT (name) DO UPDATE SET epoch = held.epoch + 1, held_until = excluded.held_until \
               WHERE held.held_until <= now() RETURNING epoch";
    let row = client.query_opt(sql, &[&name, &hold.as_secs_f64()]).await.map_err(failed)?;
    row.map(|row| row.try_get(0).map_err(failed)).transpose()
}

/// Keeps it until `hold` from now; zero gives it back. False if another process has it by now.
pub async fn keep<C: GenericClient>(client: &C, name: &str, epoch: i64, hold: Duration) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("keep a task");
    let sql = "UPDATE leases SET held_until = now() + $3 * interval '1 second' WHERE name = $1 AND epoch = $2";
    client.execute(sql, &[&name, &epoch, &hold.as_secs_f64()]).await.map(|rows| rows == 1).map_err(failed)
}
