//! People: table `users`.

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;

use crate::ids::new_id;
use crate::postgres::DatabaseError;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub id: String,
    pub name: String,
    pub display_name: String,
    pub system_admin: bool,
}

/// What a log-in is checked against.
#[derive(Debug, Clone)]
pub struct Account {
    pub user: User,
    /// PHC format; `None`: no log-in with a password.
    pub password_hash: Option<String>,
    pub disabled: bool,
}

/// A person who is added.
#[derive(Debug, Clone, Copy)]
pub struct NewUser<'a> {
    pub name: &'a str,
    pub display_name: &'a str,
    pub password_hash: Option<&'a str>,
    pub system_admin: bool,
}

/// Fails with [`DatabaseError::is_duplicate`] if the name is taken.
pub async fn create<C: GenericClient>(client: &C, new: NewUser<'_>) -> Result<User, DatabaseError> {
    let failed = DatabaseError::statement("add a user");
    let sql = "INSERT INTO users (id, name, display_name, password_hash, system_admin) VALUES ($1, $2, $3, $4, $5) \
               RETURNING id, name, display_name, system_admin";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let NewUser { name, display_name, password_hash, system_admin } = new;
    let id = new_id("user");
    let row = client
        .query_one(&statement, &[&id, &name, &display_name, &password_hash, &system_admin])
        .await
        .map_err(failed)?;
    user(&row).map_err(failed)
}

/// `None` if nobody has that name.
pub async fn account<C: GenericClient>(client: &C, name: &str) -> Result<Option<Account>, DatabaseError> {
    let failed = DatabaseError::statement("find a user");
    let sql = "SELECT id, name, display_name, system_admin, password_hash, disabled_at IS NOT NULL AS disabled FROM users \
               WHERE lower(name) = lower($1)";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let row = client.query_opt(&statement, &[&name]).await.map_err(failed)?;
    let account = |row: Row| {
        Ok(Account {
            user: user(&row)?,
            password_hash: row.try_get("password_hash")?,
            disabled: row.try_get("disabled")?,
        })
    };
    row.map(|row| account(row).map_err(failed)).transpose()
}

pub(crate) fn user(row: &Row) -> Result<User, tokio_postgres::Error> {
    Ok(User {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        display_name: row.try_get("display_name")?,
        system_admin: row.try_get("system_admin")?,
    })
}
