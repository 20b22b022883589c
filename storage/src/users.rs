//! People: table `users`.

use std::time::SystemTime;

use deadpool_postgres::{GenericClient, Transaction};
use tokio_postgres::Row;

use crate::ids::new_id;
use crate::postgres::DatabaseError;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub id: String,
    pub name: String,
    pub display_name: String,
    pub system_admin: bool,
    /// May not log in.
    pub disabled: bool,
    /// Grows by one with each change.
    pub version: i64,
    pub created_at: SystemTime,
}

/// What a log-in is checked against.
#[derive(Debug, Clone)]
pub struct Account {
    pub user: User,
    /// PHC format; `None`: no log-in with a password.
    pub password_hash: Option<String>,
}

/// A person who is added.
#[derive(Debug, Clone, Copy)]
pub struct NewUser<'a> {
    pub name: &'a str,
    pub display_name: &'a str,
    pub password_hash: Option<&'a str>,
    pub system_admin: bool,
}

/// What can be changed about a person.
#[derive(Debug, Clone, Copy)]
pub struct UserSettings<'a> {
    pub display_name: &'a str,
    pub system_admin: bool,
    pub disabled: bool,
}

/// Of the table `users u`.
pub(crate) const COLUMNS: &str =
    "u.id, u.name, u.display_name, u.system_admin, u.disabled_at IS NOT NULL AS disabled, u.version, u.created_at";

/// Fails with [`DatabaseError::is_duplicate`] if the name is taken.
pub async fn create<C: GenericClient>(client: &C, new: NewUser<'_>) -> Result<User, DatabaseError> {
    let failed = DatabaseError::statement("add a user");
    let sql = format!(
        "INSERT INTO users AS u (id, name, display_name, password_hash, system_admin) VALUES ($1, $2, $3, $4, $5) \
         RETURNING {COLUMNS}"
    );
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let NewUser { name, display_name, password_hash, system_admin } = new;
    let id = new_id("user");
    let row = client
        .query_one(&statement, &[&id, &name, &display_name, &password_hash, &system_admin])
        .await
        .map_err(failed)?;
    user(&row).map_err(failed)
}

/// How many people there are. Nobody else can add one until the transaction ends.
pub async fn lock_and_count(transaction: &Transaction<'_>) -> Result<i64, DatabaseError> {
    let failed = DatabaseError::statement("count the users");
    transaction.batch_execute("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE").await.map_err(failed)?;
    let row = transaction.query_one("SELECT count(*) FROM users", &[]).await.map_err(failed)?;
    row.try_get(0).map_err(failed)
}

/// `None` if nobody has that name.
pub async fn account<C: GenericClient>(client: &C, name: &str) -> Result<Option<Account>, DatabaseError> {
    let failed = DatabaseError::statement("find a user");
    let sql = format!("SELECT {COLUMNS}, u.password_hash FROM users u WHERE lower(u.name) = lower($1)");
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let row = client.query_opt(&statement, &[&name]).await.map_err(failed)?;
    let account = |row: Row| Ok(Account { user: user(&row)?, password_hash: row.try_get("password_hash")? });
    row.map(|row| account(row).map_err(failed)).transpose()
}

/// `None` if there is none with that id.
pub async fn find<C: GenericClient>(client: &C, id: &str) -> Result<Option<User>, DatabaseError> {
    let failed = DatabaseError::statement("read a user");
    let statement =
        client.prepare_cached(&format!("SELECT {COLUMNS} FROM users u WHERE u.id = $1")).await.map_err(failed)?;
    let row = client.query_opt(&statement, &[&id]).await.map_err(failed)?;
    row.map(|row| user(&row).map_err(failed)).transpose()
}

/// At most `limit` people in the order of their ids, after the id `after`.
pub async fn list<C: GenericClient>(client: &C, after: &str, limit: i64) -> Result<Vec<User>, DatabaseError> {
    let failed = DatabaseError::statement("list users");
    let sql = format!("SELECT {COLUMNS} FROM users u WHERE u.id > $1 ORDER BY u.id LIMIT $2");
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let rows = client.query(&statement, &[&after, &limit]).await.map_err(failed)?;
    rows.iter().map(|row| user(row).map_err(failed)).collect()
}

/// Changes a user of that version. `None` if they have another version by now, or are gone.
pub async fn change<C: GenericClient>(
    client: &C,
    id: &str,
    version: i64,
    settings: UserSettings<'_>,
) -> Result<Option<User>, DatabaseError> {
    let failed = DatabaseError::statement("change a user");
    let sql = format!(
        "UPDATE users u SET display_name = $3, system_admin = $4, \
         disabled_at = CASE WHEN $5 THEN coalesce(disabled_at, now()) END, version = version + 1 \
         WHERE id = $1 AND version = $2 RETURNING {COLUMNS}"
    );
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let UserSettings { display_name, system_admin, disabled } = settings;
    let row = client
        .query_opt(&statement, &[&id, &version, &display_name, &system_admin, &disabled])
        .await
        .map_err(failed)?;
    row.map(|row| user(&row).map_err(failed)).transpose()
}

/// Returns whether there was one with that id.
pub async fn set_password<C: GenericClient>(client: &C, id: &str, hash: &str) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("change a password");
    let sql = "UPDATE users SET password_hash = $2, version = version + 1 WHERE id = $1";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    Ok(client.execute(&statement, &[&id, &hash]).await.map_err(failed)? == 1)
}

/// With their sessions and memberships. Returns whether there was one with that id.
pub async fn delete<C: GenericClient>(client: &C, id: &str) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("delete a user");
    let statement = client.prepare_cached("DELETE FROM users WHERE id = $1").await.map_err(failed)?;
    Ok(client.execute(&statement, &[&id]).await.map_err(failed)? == 1)
}

/// The system admins who may log in. Until the end of the transaction no other one can change them, so that of two changes at once each
/// sees what the other leaves.
pub async fn lock_admins<C: GenericClient>(client: &C) -> Result<Vec<String>, DatabaseError> {
    let failed = DatabaseError::statement("lock the system admins");
    let sql = "SELECT id FROM users WHERE system_admin AND disabled_at IS NULL ORDER BY id FOR UPDATE";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let rows = client.query(&statement, &[]).await.map_err(failed)?;
    rows.iter().map(|row| row.try_get(0).map_err(failed)).collect()
}

pub(crate) fn user(row: &Row) -> Result<User, tokio_postgres::Error> {
    Ok(User {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        display_name: row.try_get("display_name")?,
        system_admin: row.try_get("system_admin")?,
        disabled: row.try_get("disabled")?,
        version: row.try_get("version")?,
        created_at: row.try_get("created_at")?,
    })
}
