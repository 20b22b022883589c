use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;
use vru_auth::policy::{Action, Role};
use vru_storage::users::User;

use crate::auth::LoggedIn;
use crate::http::{Problem, Problems};

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

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RoleName {
    Viewer,
    Operator,
    Admin,
}

impl Session {
    pub(super) fn new(user: User, roles: Vec<(String, Role)>) -> Self {
        let User { id, name, display_name, system_admin } = user;
        let site = |(site_id, role)| SiteRole {
            site_id,
            role: match role {
                Role::Viewer => RoleName::Viewer,
                Role::Operator => RoleName::Operator,
                Role::Admin => RoleName::Admin,
            },
        };
        let user = SessionUser { id, name, display_name, system_admin };
        Self { user, sites: roles.into_iter().map(site).collect() }
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
pub(super) async fn get(who: LoggedIn) -> Result<Json<Session>, Problem> {
    who.may(Action::UseOwnAccount)?;
    Ok(Json(Session::new(who.user, who.roles)))
}
