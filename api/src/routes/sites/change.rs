use axum::extract::State;
use serde_json::json;
use vru_storage::audit::{self, Entry};
use vru_storage::postgres::DatabaseError;
use vru_storage::sites;

use super::site::{Site, SiteSettings};
use crate::auth::{Permitted, actions::ChangeSite};
use crate::http::{Expected, JsonBody, Problem, Problems, Tagged};
use crate::state::ApiState;

/// Change a site: all its settings are replaced.
#[utoipa::path(
    put,
    path = "/api/v1/sites/{site_id}",
    tag = "sites",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), ("if-match" = String, Header, description = "The ETag of the version that is changed")),
    request_body = SiteSettings,
    responses(
        (status = 200, description = "The site as it is now", body = Site, headers(("etag" = String, description = "Its version"))),
        Problems
    )
)]
pub(super) async fn change(
    State(state): State<ApiState>,
    who: Permitted<ChangeSite>,
    Expected(version): Expected,
    JsonBody(settings): JsonBody<SiteSettings>,
) -> Result<Tagged<Site>, Problem> {
    let settings = settings.checked()?;
    let mut client = state.database.get().await?;
    let failed = DatabaseError::statement("change a site");
    let transaction = client.transaction().await.map_err(failed)?;
    let Some(site) = sites::change(&transaction, &who.site_id, version, &settings).await? else {
        let gone = sites::find(&transaction, &who.site_id).await?.is_none();
        return Err(if gone { Problem::not_found("site") } else { Problem::changed_meanwhile() });
    };
    let details = json!({ "version": site.version, "name": settings.name });
    let entry = Entry { action: "site.change", site_id: &who.site_id, object: &who.site_id, details };
    audit::record(&transaction, &who.caller.actor(), entry).await?;
    transaction.commit().await.map_err(failed)?;
    Ok(Tagged { version: site.version, body: Site::from(site) })
}
