//! Browsers that are logged in: table `sessions`. The database's clock decides when a session ends.

use std::time::Duration;

use deadpool_postgres::GenericClient;
use vru_auth::policy::Role;

use crate::ids::new_id;
use crate::members::known_roles;
use crate::postgres::DatabaseError;
use crate::users::{COLUMNS, User, user};

/// A log-in.
#[derive(Debug, Clone, Copy)]
pub struct NewSession<'a> {
    /// SHA-256 of the token.
    pub token_hash: &'a [u8],
    pub user_id: &'a str,
    /// The end, however much the session is used.
    pub lifetime: Duration,
    pub address: &'a str,
    pub user_agent: &'a str,
}

/// Returns the session's id.
pub async fn create<C: GenericClient>(client: &C, new: NewSession<'_>) -> Result<String, DatabaseError> {
    let failed = DatabaseError::statement("create a session");
    let sql = "INSERT INTO sessions (token_hash, id, user_id, expires_at, address, user_agent) \
               VALUES ($1, $2, $3, now() + make_interval(secs => $4), $5, $6)";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let NewSession { token_hash, user_id, lifetime, address, user_agent } = new;
    let id = new_id("session");
    let seconds = lifetime.as_secs_f64();
    client.execute(&statement, &[&token_hash, &id, &user_id, &seconds, &address, &user_agent]).await.map_err(failed)?;
    Ok(id)
}

/// A session that goes on.
#[derive(Debug, Clone)]
pub struct Session {
    pub id: String,
    pub user: User,
    /// The user's sites with the role there, in the order of the sites' ids.
    pub roles: Vec<(String, Role)>,
}

/// The session with this token; `None` if it has ended, or if the person may not log in any more. Prolongs it.
pub async fn find<C: GenericClient>(
    client: &C,
    token_hash: &[u8],
    idle: Duration,
) -> Result<Option<Session>, DatabaseError> {
    let failed = DatabaseError::statement("find a session");
    let sql = format!(
        "SELECT {COLUMNS}, s.id AS session_id, s.used_at < now() - interval '1 minute' AS stale, \
             ARRAY(SELECT site_id FROM memberships WHERE user_id = u.id ORDER BY site_id) AS sites, \
             ARRAY(SELECT role FROM memberships WHERE user_id = u.id ORDER BY site_id) AS roles \
         FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.token_hash = $1 AND u.disabled_at IS NULL \
         AND s.expires_at > now() AND s.used_at > now() - make_interval(secs => $2)"
    );
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let Some(row) = client.query_opt(&statement, &[&token_hash, &idle.as_secs_f64()]).await.map_err(failed)? else {
        return Ok(None);
    };
    // Once a minute at most, so that reading pages writes little.
    if row.try_get("stale").map_err(failed)? {
        let sql = "UPDATE sessions SET used_at = now() WHERE token_hash = $1";
        let statement = client.prepare_cached(sql).await.map_err(failed)?;
        client.execute(&statement, &[&token_hash]).await.map_err(failed)?;
    }
    let user = user(&row).map_err(failed)?;
    let (sites, roles): (Vec<String>, Vec<i16>) =
        (row.try_get("sites").map_err(failed)?, row.try_get("roles").map_err(failed)?);
    let roles = known_roles(&user.id, sites.into_iter().zip(roles));
    Ok(Some(Session { id: row.try_get("session_id").map_err(failed)?, user, roles }))
}

/// Ends a session.
pub async fn delete<C: GenericClient>(client: &C, id: &str) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("end a session");
    let statement = client.prepare_cached("DELETE FROM sessions WHERE id = $1").await.map_err(failed)?;
    client.execute(&statement, &[&id]).await.map(drop).map_err(failed)
}

/// Ends all sessions of a user but one; an empty id spares none.
pub async fn delete_of_user<C: GenericClient>(client: &C, user_id: &str, but: &str) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("end the sessions of a user");
    let statement =
        client.prepare_cached("DELETE FROM sessions WHERE user_id = $1 AND id <> $2").await.map_err(failed)?;
    client.execute(&statement, &[&user_id, &but]).await.map(drop).map_err(failed)
}

/// Deletes sessions that have ended, a bounded number. Returns how many.
pub async fn delete_ended<C: GenericClient>(client: &C, idle: Duration) -> Result<u64, DatabaseError> {
    let failed = DatabaseError::statement("delete ended sessions");
    let sql = "DELETE FROM sessions WHERE token_hash IN (SELECT token_hash FROM sessions \
               WHERE expires_at <= now() OR used_at <= now() - make_interval(secs => $1) LIMIT 10000)";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    client.execute(&statement, &[&idle.as_secs_f64()]).await.map_err(failed)
}
