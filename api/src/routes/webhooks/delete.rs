use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;
use vru_storage::audit::{self, Entry};
use vru_storage::postgres::DatabaseError;
use vru_storage::webhooks;

use super::webhook::changed_or_gone;
use crate::auth::{Permitted, actions::ManageWebhooks};
use crate::http::{Expected, Problem, Problems};
use crate::state::ApiState;

/// Delete a webhook and its deliveries. What waits is not sent.
#[utoipa::path(
    delete,
    path = "/api/v1/sites/{site_id}/webhooks/{webhook_id}",
    tag = "webhooks",
    security(("session" = []), ("key" = [])),
    params(
        ("site_id" = String, Path),
        ("webhook_id" = String, Path),
        ("if-match" = String, Header, description = "The ETag of the version that is deleted")
    ),
    responses((status = 204, description = "Deleted"), Problems)
)]
pub(super) async fn delete(
    State(state): State<ApiState>,
    who: Permitted<ManageWebhooks>,
    Expected(version): Expected,
) -> Result<StatusCode, Problem> {
    let (site_id, id) = (&who.site_id, &who.object_id);
    let mut client = state.database.get().await?;
    let failed = DatabaseError::statement("delete a webhook");
    let transaction = client.transaction().await.map_err(failed)?;
    if !webhooks::delete(&transaction, site_id, id, version).await? {
        transaction.rollback().await.map_err(failed)?;
        return Err(changed_or_gone(&client, site_id, id).await);
    }
    let entry = Entry { action: "webhook.delete", site_id, object: id, details: json!({}) };
    audit::record(&transaction, &who.caller.actor(), entry).await?;
    transaction.commit().await.map_err(failed)?;
    Ok(StatusCode::NO_CONTENT)
}
