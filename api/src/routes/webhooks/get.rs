use axum::extract::State;

use super::webhook::{Webhook, find};
use crate::auth::{Permitted, actions::SeeWebhooks};
use crate::http::{Problem, Problems, Tagged};
use crate::state::ApiState;

/// One webhook: how it does stands in `state`, `last_error` and `waiting_since`.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/webhooks/{webhook_id}",
    tag = "webhooks",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), ("webhook_id" = String, Path)),
    responses(
        (status = 200, description = "The webhook", body = Webhook, headers(("etag" = String, description = "Its version"))),
        Problems
    )
)]
pub(super) async fn get(
    State(state): State<ApiState>,
    who: Permitted<SeeWebhooks>,
) -> Result<Tagged<Webhook>, Problem> {
    Ok(find(&state.database.get().await?, &who.site_id, &who.object_id).await?.into())
}
