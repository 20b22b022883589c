use axum::extract::State;
use serde_json::json;
use vru_storage::audit::{self, Entry};
use vru_storage::postgres::DatabaseError;
use vru_storage::retention;

use super::site_retention::{RetentionDays, SiteRetention};
use crate::auth::{Permitted, actions::ChangeSite};
use crate::http::{Expected, JsonBody, Problem, Problems, Tagged};
use crate::state::ApiState;

/// Change for how long the site keeps what: all of it is replaced. What is older by then is deleted within minutes, for good.
#[utoipa::path(
    put,
    path = "/api/v1/sites/{site_id}/retention",
    tag = "data",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), ("if-match" = String, Header, description = "The ETag of the version that is changed")),
    request_body = RetentionDays,
    responses(
        (
            status = 200,
            description = "The retention as it is now",
            body = SiteRetention,
            headers(("etag" = String, description = "Its version"))
        ),
        Problems
    )
)]
pub(super) async fn change(
    State(state): State<ApiState>,
    who: Permitted<ChangeSite>,
    Expected(version): Expected,
    JsonBody(days): JsonBody<RetentionDays>,
) -> Result<Tagged<SiteRetention>, Problem> {
    let checked = days.checked(&state)?;
    let site_id = &who.site_id;
    let failed = DatabaseError::statement("change the retention of a site");
    let mut client = state.database.get().await?;
    let transaction = client.transaction().await.map_err(failed)?;
    let changed = retention::change(&transaction, site_id, version, checked).await?;
    let changed = changed.ok_or_else(Problem::changed_meanwhile)?;
    let details = json!({ "version": changed.version, "days": days });
    let entry = Entry { action: "site.change_retention", site_id, object: site_id, details };
    audit::record(&transaction, &who.caller.actor(), entry).await?;
    transaction.commit().await.map_err(failed)?;
    Ok(Tagged { version: changed.version, body: SiteRetention::new(&changed, &state.config.retention) })
}
