use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use serde_json::json;
use vru_storage::audit::{self, Entry};
use vru_storage::postgres::DatabaseError;
use vru_storage::sites;

use super::site::{Site, SiteSettings};
use crate::auth::{Permitted, actions::CreateSite};
use crate::http::{JsonBody, Problem, Problems, Tagged};
use crate::state::ApiState;

/// Add a site.
#[utoipa::path(
    post,
    path = "/api/v1/sites",
    tag = "sites",
    security(("session" = []), ("key" = [])),
    request_body = SiteSettings,
    responses(
        (
            status = 201,
            description = "The new site",
            body = Site,
            headers(("etag" = String, description = "Its version"), ("location" = String, description = "Its path"))
        ),
        Problems
    )
)]
pub(super) async fn create(
    State(state): State<ApiState>,
    who: Permitted<CreateSite>,
    JsonBody(settings): JsonBody<SiteSettings>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Tagged<Site>), Problem> {
    let settings = settings.checked()?;
    let mut client = state.database.get().await?;
    let failed = DatabaseError::statement("create a site");
    let transaction = client.transaction().await.map_err(failed)?;
    let site = sites::create(&transaction, &settings).await?;
    let details = json!({ "name": settings.name });
    let entry = Entry { action: "site.create", site_id: &site.id, object: &site.id, details };
    audit::record(&transaction, &who.caller.actor(), entry).await?;
    transaction.commit().await.map_err(failed)?;
    let path = format!("/api/v1/sites/{}", site.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, path)], Tagged { version: site.version, body: Site::from(site) }))
}
