//! Who belongs to which site, and as what: table `memberships`.

use deadpool_postgres::GenericClient;
use vru_auth::policy::Role;

use crate::postgres::DatabaseError;

/// The sites of a user with the role there, in the order of the sites' ids.
pub async fn of_user<C: GenericClient>(client: &C, user_id: &str) -> Result<Vec<(String, Role)>, DatabaseError> {
    let failed = DatabaseError::statement("read memberships");
    let sql = "SELECT site_id, role FROM memberships WHERE user_id = $1 ORDER BY site_id";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let rows = client.query(&statement, &[&user_id]).await.map_err(failed)?;
    let mut members = Vec::with_capacity(rows.len());
    for row in rows {
        let (site, number) = (row.try_get(0).map_err(failed)?, row.try_get(1).map_err(failed)?);
        match Role::from_number(number) {
            Some(role) => members.push((site, role)),
            // A role of a newer version gives no rights here.
            None => {
                tracing::warn!(
                    user = user_id,
                    role = number,
                    "a membership has a role that this version does not know"
                );
            }
        }
    }
    Ok(members)
}

/// Adds the user to the site, or changes the role there.
pub async fn set<C: GenericClient>(client: &C, user_id: &str, site_id: &str, role: Role) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("change a membership");
    let sql = "INSERT INTO memberships (user_id, site_id, role) VALUES ($1, $2, $3) \
               ON CONFLICT (user_id, site_id) DO UPDATE SET role = excluded.role";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    client.execute(&statement, &[&user_id, &site_id, &role.number()]).await.map(drop).map_err(failed)
}
