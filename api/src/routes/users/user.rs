//! A user as answers have it, and the rule that one system admin stays.

use serde::Serialize;
use utoipa::ToSchema;
use vru_storage::postgres::PooledClient;
use vru_storage::users;

use crate::http::{Code, Problem};
use crate::routes::text::time;

/// Somebody who may log in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct User {
    id: String,
    /// What they log in with.
    name: String,
    display_name: String,
    /// May do everything, at every site.
    system_admin: bool,
    /// May not log in.
    disabled: bool,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<users::User> for User {
    fn from(user: users::User) -> Self {
        let users::User { id, name, display_name, system_admin, disabled, created_at, .. } = user;
        Self { id, name, display_name, system_admin, disabled, created_at: time(created_at) }
    }
}

/// Without a system admin, nobody could make one.
pub(super) fn check_last_admin(admins: &[String], leaves: &str) -> Result<(), Problem> {
    if admins.iter().any(|admin| admin != leaves) {
        return Ok(());
    }
    Err(Problem::conflict(Code::LastSystemAdmin, "", "this is the only system admin who may log in"))
}

/// The user, for routes that answer with 404.
pub(super) async fn find(client: &PooledClient, id: &str) -> Result<users::User, Problem> {
    users::find(client, id).await?.ok_or_else(|| Problem::not_found("user"))
}
