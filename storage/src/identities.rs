//! Accounts at identity providers with which people sign in: tables `identities` and `invitations`.

use std::time::{Duration, SystemTime};

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;

use crate::ids::new_id;
use crate::postgres::DatabaseError;
use crate::users::{COLUMNS, User, user};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub id: String,
    pub issuer: String,
    pub subject: String,
    pub linked_at: SystemTime,
    pub used_at: Option<SystemTime>,
}

const IDENTITY: &str = "id, issuer, subject, linked_at, used_at";

/// Whose the account is; `None` if nobody's. Notes its use.
pub async fn sign_in<C: GenericClient>(client: &C, issuer: &str, subject: &str) -> Result<Option<User>, DatabaseError> {
    let failed = DatabaseError::statement("find an identity");
    let sql = format!(
        "UPDATE identities i SET used_at = now() FROM users u WHERE u.id = i.user_id AND i.issuer = $1 AND i.subject = $2 \
         RETURNING {COLUMNS}"
    );
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let row = client.query_opt(&statement, &[&issuer, &subject]).await.map_err(failed)?;
    row.map(|row| user(&row).map_err(failed)).transpose()
}

/// Fails with [`DatabaseError::is_duplicate`] if the account is somebody's already.
pub async fn link<C: GenericClient>(
    client: &C,
    user_id: &str,
    issuer: &str,
    subject: &str,
) -> Result<Identity, DatabaseError> {
    let failed = DatabaseError::statement("link an identity");
    let sql =
        format!("INSERT INTO identities (id, user_id, issuer, subject) VALUES ($1, $2, $3, $4) RETURNING {IDENTITY}");
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let id = new_id("identity");
    let row = client.query_one(&statement, &[&id, &user_id, &issuer, &subject]).await.map_err(failed)?;
    identity(&row).map_err(failed)
}

/// At most `limit` of a person, in the order of their ids, after the id `after`.
pub async fn list<C: GenericClient>(
    client: &C,
    user_id: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<Identity>, DatabaseError> {
    let failed = DatabaseError::statement("list identities");
    let sql = format!("SELECT {IDENTITY} FROM identities WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3");
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let rows = client.query(&statement, &[&user_id, &after, &limit]).await.map_err(failed)?;
    rows.iter().map(|row| identity(row).map_err(failed)).collect()
}

/// Returns whether the person had it.
pub async fn unlink<C: GenericClient>(client: &C, user_id: &str, id: &str) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("unlink an identity");
    let sql = "DELETE FROM identities WHERE user_id = $1 AND id = $2";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    Ok(client.execute(&statement, &[&user_id, &id]).await.map_err(failed)? == 1)
}

/// Returns until when it is good.
pub async fn invite<C: GenericClient>(
    client: &C,
    token_hash: &[u8],
    user_id: &str,
    issuer: &str,
    lifetime: Duration,
) -> Result<SystemTime, DatabaseError> {
    let failed = DatabaseError::statement("invite somebody");
    let sql = "INSERT INTO invitations (token_hash, user_id, issuer, expires_at) \
               VALUES ($1, $2, $3, now() + make_interval(secs => $4)) RETURNING expires_at";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
        [&token_hash, &user_id, &issuer, &lifetime.as_secs_f64()];
    client.query_one(&statement, &parameters).await.and_then(|row| row.try_get(0)).map_err(failed)
}

/// Uses an invitation up. Returns who was invited; `None` if it is not good at this provider.
pub async fn take_invitation<C: GenericClient>(
    client: &C,
    token_hash: &[u8],
    issuer: &str,
) -> Result<Option<User>, DatabaseError> {
    let failed = DatabaseError::statement("use an invitation");
    let sql = format!(
        "DELETE FROM invitations i USING users u WHERE u.id = i.user_id AND i.token_hash = $1 AND i.issuer = $2 \
         AND i.expires_at > now() RETURNING {COLUMNS}"
    );
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let row = client.query_opt(&statement, &[&token_hash, &issuer]).await.map_err(failed)?;
    row.map(|row| user(&row).map_err(failed)).transpose()
}

/// Deletes invitations that have expired. Returns how many.
pub async fn delete_expired<C: GenericClient>(client: &C) -> Result<u64, DatabaseError> {
    let deleted = client.execute("DELETE FROM invitations WHERE expires_at <= now()", &[]).await;
    deleted.map_err(DatabaseError::statement("delete expired invitations"))
}

fn identity(row: &Row) -> Result<Identity, tokio_postgres::Error> {
    Ok(Identity {
        id: row.try_get("id")?,
        issuer: row.try_get("issuer")?,
        subject: row.try_get("subject")?,
        linked_at: row.try_get("linked_at")?,
        used_at: row.try_get("used_at")?,
    })
}
