use axum::Json;
use axum::extract::State;
use serde_json::json;
use vru_storage::audit::{self, Entry};
use vru_storage::postgres::DatabaseError;
use vru_storage::webhooks;

use super::delivery::Delivery;
use super::webhook::find;
use crate::auth::{Permitted, actions::ManageWebhooks};
use crate::http::{Code, Problem, Problems};
use crate::state::ApiState;

/// Have a dead delivery sent again, as if it were new. Later events of its camera may have been delivered before it.
#[utoipa::path(
    post,
    path = "/api/v1/sites/{site_id}/webhooks/{webhook_id}/deliveries/{delivery_id}/retry",
    tag = "webhooks",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), ("webhook_id" = String, Path), ("delivery_id" = String, Path)),
    responses((status = 200, description = "The delivery, which is pending again", body = Delivery), Problems)
)]
pub(super) async fn retry(
    State(state): State<ApiState>,
    who: Permitted<ManageWebhooks>,
) -> Result<Json<Delivery>, Problem> {
    let unknown = || Problem::not_found("delivery");
    let mut client = state.database.get().await?;
    let webhook = find(&client, &who.site_id, &who.object_id).await?;
    let id: i64 = who.part_id.parse().map_err(|_| unknown())?;
    let failed = DatabaseError::statement("put a delivery back");
    let transaction = client.transaction().await.map_err(failed)?;
    let put_back = webhooks::put_back(&transaction, &webhook.id, id).await?;
    let delivery = webhooks::delivery(&transaction, &webhook.id, id).await?.ok_or_else(unknown)?;
    if !put_back {
        let detail = "it is not dead: it was delivered, or is still tried";
        return Err(Problem::conflict(Code::NotDead, "", detail));
    }
    let details = json!({ "delivery": id, "event": delivery.event_id });
    let entry = Entry { action: "webhook.retry", site_id: &who.site_id, object: &webhook.id, details };
    audit::record(&transaction, &who.caller.actor(), entry).await?;
    transaction.commit().await.map_err(failed)?;
    Ok(Json(delivery.into()))
}
