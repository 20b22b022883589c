use axum::Json;
use axum::extract::State;
use vru_storage::webhooks;

use super::webhook::Webhook;
use crate::auth::{Permitted, actions::SeeWebhooks};
use crate::http::{Page, PageQuery, Problem, Problems};
use crate::state::ApiState;

/// The webhooks of the site.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/webhooks",
    tag = "webhooks",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), PageQuery),
    responses((status = 200, description = "One page, in the order of ids", body = Page<Webhook>), Problems)
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    who: Permitted<SeeWebhooks>,
    page: PageQuery,
) -> Result<Json<Page<Webhook>>, Problem> {
    let client = state.database.get().await?;
    let found = webhooks::list(&client, &who.site_id, &page.after, page.read()).await?;
    Ok(Json(page.page(found, |webhook| webhook.id.clone()).map(Webhook::from)))
}
