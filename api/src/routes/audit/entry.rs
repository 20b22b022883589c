use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;
use vru_storage::audit::{self, Actor, Recorded};

use crate::http::{Page, PageQuery, Problem};
use crate::routes::text::time;
use crate::state::ApiState;

/// One change, and who made it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditEntry {
    id: i64,
    #[schema(format = DateTime)]
    at: String,
    /// Who; absent for a program and for the command line.
    #[serde(skip_serializing_if = "String::is_empty")]
    user_id: String,
    /// Which program's key.
    #[serde(skip_serializing_if = "String::is_empty")]
    key_id: String,
    /// Kind of object and verb.
    #[schema(example = "site.change")]
    action: String,
    /// Absent for what belongs to no site.
    #[serde(skip_serializing_if = "String::is_empty")]
    site_id: String,
    /// The id of what was changed.
    object: String,
    /// What changed.
    details: serde_json::Value,
    /// As the log of the service has it; absent for the command line.
    #[serde(skip_serializing_if = "String::is_empty")]
    request_id: String,
}

impl From<Recorded> for AuditEntry {
    fn from(recorded: Recorded) -> Self {
        let Recorded { id, at, actor: Actor { user_id, key_id, request_id, .. }, action, site_id, object, details } =
            recorded;
        Self { id, at: time(at), user_id, key_id, action, site_id, object, details, request_id }
    }
}

pub(super) async fn list(
    state: &ApiState,
    site_id: Option<&str>,
    page: &PageQuery,
) -> Result<Json<Page<AuditEntry>>, Problem> {
    let before = if page.after.is_empty() { i64::MAX } else { page.after_number()? };
    let found = audit::list(&state.database.get().await?, site_id, before, page.read()).await?;
    Ok(Json(page.page(found, |entry| entry.id.to_string()).map(AuditEntry::from)))
}
