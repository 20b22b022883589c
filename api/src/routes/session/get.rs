use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;
use vru_auth::policy::Role;
use vru_storage::users::User;

use crate::auth::{Permitted, actions::UseOwnAccount};
use crate::http::{Problem, Problems};
use crate::routes::role::RoleName;

/// Who is logged in, and what they are where.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Session {
    user: SessionUser,
    /// The sites that they belong to.
    sites: Vec<SiteRole>,
}

#[derive(Debug, Serialize, ToSchema)]
struct SessionUser {
    id: String,
    /// What they log in with.
    name: String,
    display_name: String,
    /// May do everything, at every site.
    system_admin: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct SiteRole {
    site_id: String,
    role: RoleName,
}

impl Session {
    pub(super) fn new(user: &User, roles: &[(String, Role)]) -> Self {
        let User { id, name, display_name, system_admin, .. } = user.clone();
        let site = |(site_id, role): &(String, Role)| SiteRole { site_id: site_id.clone(), role: (*role).into() };
        let user = SessionUser { id, name, display_name, system_admin };
        Self { user, sites: roles.iter().map(site).collect() }
    }
}

/// Who is logged in.
#[utoipa::path(
    get,
    path = "/api/v1/session",
    tag = "session",
    security(("session" = [])),
    responses((status = 200, description = "The session of the cookie", body = Session), Problems)
)]
pub(super) async fn get(who: Permitted<UseOwnAccount>) -> Result<Json<Session>, Problem> {
    let person = who.caller.person()?;
    Ok(Json(Session::new(&person.user, &person.roles)))
}
