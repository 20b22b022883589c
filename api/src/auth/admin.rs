//! The first person: made on the command line, or with a token of the configuration, because there is no default password.

use std::io::{BufRead as _, BufReader, Read};

use anyhow::Context as _;
use deadpool_postgres::Transaction;
use serde_json::json;
use vru_runtime::secret::Secret;
use vru_storage::audit::{self, Actor, Entry};
use vru_storage::postgres::{DatabaseError, Pool, PooledClient};
use vru_storage::users::{self, NewUser};

use super::passwords::{LONGEST, Passwords};
use crate::config::ApiConfig;

/// One line.
pub fn read_password(input: impl Read) -> anyhow::Result<Secret> {
    let mut line = String::new();
    let most = LONGEST as u64 + 2;
    BufReader::new(input.take(most))
        .read_line(&mut line)
        .context("cannot read the password from the standard input")?;
    anyhow::ensure!(!line.is_empty(), "no password on the standard input: give it as one line");
    Ok(Secret::new(line.trim_end_matches(['\r', '\n'])))
}

/// Adds a person who may do everything.
pub async fn create_admin(config: &ApiConfig, name: &str, display_name: &str, password: Secret) -> anyhow::Result<()> {
    check_name(name).map_err(anyhow::Error::msg)?;
    let hash = Passwords::hash(&password)?;
    let section = &config.database;
    let pool = Pool::new(&section.connection, "vru-api", 1, section.pool_wait)?;
    let mut client = pool.get().await?;
    let transaction = client.transaction().await.map_err(DatabaseError::statement("begin a transaction"))?;
    match add(transaction, name, display_name, &hash).await {
        Err(error) if error.is_duplicate() => anyhow::bail!("there is a user `{name}` already"),
        added => added.map(drop).map_err(Into::into),
    }
}

/// Adds a person who may do everything, if there is no person yet. Returns their id.
pub(crate) async fn add_first_admin(
    client: &mut PooledClient,
    name: &str,
    display_name: &str,
    password_hash: &str,
) -> Result<Option<String>, DatabaseError> {
    let transaction = client.transaction().await.map_err(DatabaseError::statement("begin a transaction"))?;
    if users::lock_and_count(&transaction).await? > 0 {
        return Ok(None);
    }
    add(transaction, name, display_name, password_hash).await.map(Some)
}

async fn add(
    transaction: Transaction<'_>,
    name: &str,
    display_name: &str,
    password_hash: &str,
) -> Result<String, DatabaseError> {
    let new = NewUser { name, display_name, password_hash: Some(password_hash), system_admin: true };
    let user = users::create(&transaction, new).await?;
    let details = json!({ "name": name, "system_admin": true });
    let entry = Entry { action: "user.create", site_id: "", object: &user.id, details };
    audit::record(&transaction, &Actor::default(), entry).await?;
    transaction.commit().await.map_err(DatabaseError::statement("add a user"))?;
    tracing::info!(user = user.id, name, "a system admin was added");
    Ok(user.id)
}

/// What may be a log-in name.
pub(crate) fn check_name(name: &str) -> Result<(), &'static str> {
    let length = name.chars().count();
    if !(1..=100).contains(&length) {
        return Err("a log-in name has 1 to 100 characters");
    }
    if name.trim() != name || name.chars().any(char::is_control) {
        return Err("a log-in name has no control characters, and no spaces at its ends");
    }
    Ok(())
}
