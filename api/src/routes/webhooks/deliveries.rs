use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use vru_storage::webhooks;

use super::delivery::{Delivery, DeliveryState};
use super::webhook::find;
use crate::auth::{Permitted, actions::SeeWebhooks};
use crate::http::{Filtered, Page, PageQuery, Problem, Problems};
use crate::state::ApiState;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct DeliveryQuery {
    /// Only those in this state.
    #[param(inline)]
    state: Option<DeliveryState>,
}

/// What was sent to a webhook, what waits, and what was given up, with the reason. Deliveries that ended stay for some days
/// (`webhooks.retention`).
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/webhooks/{webhook_id}/deliveries",
    tag = "webhooks",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), ("webhook_id" = String, Path), DeliveryQuery, PageQuery),
    responses((status = 200, description = "One page, the newest first", body = Page<Delivery>), Problems)
)]
pub(super) async fn deliveries(
    State(state): State<ApiState>,
    who: Permitted<SeeWebhooks>,
    Filtered { filter, page }: Filtered<DeliveryQuery>,
) -> Result<Json<Page<Delivery>>, Problem> {
    let client = state.database.get().await?;
    let webhook = find(&client, &who.site_id, &who.object_id).await?;
    let before = if page.after.is_empty() { i64::MAX } else { page.after_number()? };
    let wanted = filter.state.map(webhooks::DeliveryState::from);
    let found = webhooks::deliveries(&client, &webhook.id, wanted, before, page.read()).await?;
    Ok(Json(page.page(found, |delivery| delivery.id.to_string()).map(Delivery::from)))
}
