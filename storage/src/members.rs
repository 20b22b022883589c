//! Who belongs to which site, and as what: table `memberships`.

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use vru_auth::policy::Role;

use crate::postgres::DatabaseError;

/// Somebody who belongs to a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub user_id: String,
    pub name: String,
    pub display_name: String,
    pub role: Role,
}

/// The sites of a user with the role there, in the order of the sites' ids.
pub async fn of_user<C: GenericClient>(client: &C, user_id: &str) -> Result<Vec<(String, Role)>, DatabaseError> {
    let failed = DatabaseError::statement("read memberships");
    let sql = "SELECT site_id, role FROM memberships WHERE user_id = $1 ORDER BY site_id";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let rows = client.query(&statement, &[&user_id]).await.map_err(failed)?;
    let read = |row: &Row| Ok((row.try_get(0)?, row.try_get(1)?));
    let rows: Result<Vec<_>, tokio_postgres::Error> = rows.iter().map(read).collect();
    Ok(known_roles(user_id, rows.map_err(failed)?))
}

/// A role of a newer version gives no rights here.
pub(crate) fn known_roles(user_id: &str, memberships: impl IntoIterator<Item = (String, i16)>) -> Vec<(String, Role)> {
    let known = |(site, number)| {
        let role = Role::from_number(number);
        if role.is_none() {
            tracing::warn!(user = user_id, role = number, "a membership has a role that this version does not know");
        }
        Some((site, role?))
    };
    memberships.into_iter().filter_map(known).collect()
}

/// At most `limit` members of a site in the order of their ids, after the id `after`.
pub async fn of_site<C: GenericClient>(
    client: &C,
    site_id: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<Member>, DatabaseError> {
    let failed = DatabaseError::statement("list members");
    let known: Vec<i16> = Role::ALL.iter().map(|role| role.number()).collect();
    let sql = "SELECT u.id, u.name, u.display_name, m.role FROM memberships m JOIN users u ON u.id = m.user_id \
               WHERE m.site_id = $1 AND u.id > $2 AND m.role = ANY($3) ORDER BY u.id LIMIT $4";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let rows = client.query(&statement, &[&site_id, &after, &known, &limit]).await.map_err(failed)?;
    let mut members = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(role) = Role::from_number(row.try_get(3).map_err(failed)?) else { continue };
        let text = |index: usize| row.try_get(index).map_err(failed);
        members.push(Member { user_id: text(0)?, name: text(1)?, display_name: text(2)?, role });
    }
    Ok(members)
}

/// Adds a user who does not belong to the site yet. Fails with [`DatabaseError::is_duplicate`] if they do.
pub async fn add<C: GenericClient>(client: &C, site_id: &str, user_id: &str, role: Role) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("add a member");
    let sql = "INSERT INTO memberships (user_id, site_id, role) VALUES ($1, $2, $3)";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    client.execute(&statement, &[&user_id, &site_id, &role.number()]).await.map(drop).map_err(failed)
}

/// Returns whether the user belongs to the site.
pub async fn change<C: GenericClient>(
    client: &C,
    site_id: &str,
    user_id: &str,
    role: Role,
) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("change a member");
    let sql = "UPDATE memberships SET role = $3 WHERE user_id = $1 AND site_id = $2";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    Ok(client.execute(&statement, &[&user_id, &site_id, &role.number()]).await.map_err(failed)? == 1)
}

/// Returns whether the user belonged to the site.
pub async fn remove<C: GenericClient>(client: &C, site_id: &str, user_id: &str) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("remove a member");
    let sql = "DELETE FROM memberships WHERE user_id = $1 AND site_id = $2";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    Ok(client.execute(&statement, &[&user_id, &site_id]).await.map_err(failed)? == 1)
}
