//! Who is logged in.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::Rng as _;
use sha2::{Digest as _, Sha256};
use vru_auth::policy::{Action, Role, Standing, allows};
use vru_storage::audit::Actor;
use vru_storage::users::User;
use vru_storage::{members, sessions};

use super::cookie::tokens;
use crate::http::{Problem, RequestId};
use crate::state::ApiState;

const TOKEN_BYTES: usize = 32;

/// What the cookie holds: 256 random bits. The database knows its hash only.
pub(crate) struct Token(String);

impl Token {
    pub(crate) fn new() -> Self {
        Self(URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; TOKEN_BYTES]>()))
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    pub(crate) fn hash(&self) -> Vec<u8> {
        hash(&self.0)
    }
}

fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// Whose session the request belongs to. Without one the request is answered with 401.
#[derive(Debug)]
pub(crate) struct LoggedIn {
    pub(crate) session_id: String,
    pub(crate) user: User,
    /// Their sites.
    pub(crate) roles: Vec<(String, Role)>,
    request_id: String,
}

impl FromRequestParts<ApiState> for LoggedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let unknown = || {
            let detail = "log in first: POST /api/v1/session";
            Problem::new(StatusCode::UNAUTHORIZED, "not_logged_in", detail)
        };
        let mut tokens = tokens(&parts.headers);
        let (Some(token), None) = (tokens.next(), tokens.next()) else { return Err(unknown()) };
        let client = state.database.get().await?;
        let found = sessions::find(&client, &hash(token), state.config.sessions.idle).await?;
        let (session_id, user) = found.ok_or_else(unknown)?;
        let roles = members::of_user(&client, &user.id).await?;
        drop(client);
        let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
        Ok(Self { session_id, user, roles, request_id })
    }
}

impl LoggedIn {
    /// Whether they may do something that belongs to no site.
    pub(crate) fn may(&self, action: Action) -> Result<(), Problem> {
        let standing = Standing { system_admin: self.user.system_admin, role: None };
        if allows(action, standing) { Ok(()) } else { Err(Problem::forbidden()) }
    }

    /// Whether they may do something at a site. Of a site that they do not belong to they learn nothing, not even that it exists.
    pub(crate) fn may_at(&self, action: Action, site_id: &str) -> Result<(), Problem> {
        let role = self.roles.iter().find(|(site, _)| site == site_id).map(|(_, role)| *role);
        let standing = Standing { system_admin: self.user.system_admin, role };
        if allows(action, standing) {
            return Ok(());
        }
        Err(if role.is_some() { Problem::forbidden() } else { Problem::not_found("site") })
    }

    /// For the audit log.
    pub(crate) fn actor(&self) -> Actor {
        Actor { user_id: self.user.id.clone(), request_id: self.request_id.clone() }
    }
}
