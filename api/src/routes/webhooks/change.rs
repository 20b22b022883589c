use axum::extract::State;
use serde_json::json;
use vru_storage::audit::{self, Entry};
use vru_storage::postgres::DatabaseError;
use vru_storage::webhooks::{self, LoginChange};

use super::webhook::{WantedWebhook, Webhook, changed_or_gone, find};
use crate::auth::{Permitted, actions::ManageWebhooks};
use crate::http::{Expected, JsonBody, Problem, Problems, Tagged};
use crate::state::ApiState;

/// Change a webhook: all its settings are replaced. The secret stays, and so does what waits: it is sent to the new address. A login at a
/// broker stays if `credentials` is absent and the address names the same broker.
#[utoipa::path(
    put,
    path = "/api/v1/sites/{site_id}/webhooks/{webhook_id}",
    tag = "webhooks",
    security(("session" = []), ("key" = [])),
    params(
        ("site_id" = String, Path),
        ("webhook_id" = String, Path),
        ("if-match" = String, Header, description = "The ETag of the version that is changed")
    ),
    request_body = WantedWebhook,
    responses(
        (status = 200, description = "The webhook as it is now", body = Webhook, headers(("etag" = String, description = "Its version"))),
        Problems
    )
)]
pub(super) async fn change(
    State(state): State<ApiState>,
    who: Permitted<ManageWebhooks>,
    Expected(version): Expected,
    JsonBody(wanted): JsonBody<WantedWebhook>,
) -> Result<Tagged<Webhook>, Problem> {
    let (site_id, id) = (&who.site_id, &who.object_id);
    let mut client = state.database.get().await?;
    let before = find(&client, site_id, id).await?;
    let (settings, login) = wanted.checked(&state, &client, site_id, Some(&before)).await?;
    let failed = DatabaseError::statement("change a webhook");
    let transaction = client.transaction().await.map_err(failed)?;
    if !webhooks::change(&transaction, site_id, id, version, &settings, &login).await? {
        transaction.rollback().await.map_err(failed)?;
        return Err(changed_or_gone(&client, site_id, id).await);
    }
    let details = json!({ "version": version + 1, "name": settings.name, "url": settings.url, "enabled": settings.enabled, "credentials": login != LoginChange::Stays });
    let entry = Entry { action: "webhook.change", site_id, object: id, details };
    audit::record(&transaction, &who.caller.actor(), entry).await?;
    transaction.commit().await.map_err(failed)?;
    Ok(find(&client, site_id, id).await?.into())
}
