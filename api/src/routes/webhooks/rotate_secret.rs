use axum::extract::State;
use serde_json::json;
use vru_runtime::secret::Secret;
use vru_storage::audit::{self, Entry};
use vru_storage::postgres::DatabaseError;
use vru_storage::webhooks;

use super::webhook::{WebhookWithSecret, changed_or_gone, find, with_secret};
use crate::auth::{Permitted, Token, actions::ManageWebhooks};
use crate::http::{Expected, Problem, Problems, Tagged};
use crate::state::ApiState;

/// Give a webhook another secret. The answer shows it, and nothing ever shows it again. For a day (`webhooks.secret_overlap`) events have
/// two signatures, one with each secret, so that the target can change over without missing any.
#[utoipa::path(
    post,
    path = "/api/v1/sites/{site_id}/webhooks/{webhook_id}/secret",
    tag = "webhooks",
    security(("session" = []), ("key" = [])),
    params(
        ("site_id" = String, Path),
        ("webhook_id" = String, Path),
        ("if-match" = String, Header, description = "The ETag of the version that is changed")
    ),
    responses(
        (
            status = 200,
            description = "The webhook with its new secret",
            body = WebhookWithSecret,
            headers(("etag" = String, description = "Its version"))
        ),
        Problems
    )
)]
pub(super) async fn rotate_secret(
    State(state): State<ApiState>,
    who: Permitted<ManageWebhooks>,
    Expected(version): Expected,
) -> Result<Tagged<WebhookWithSecret>, Problem> {
    let (site_id, id) = (&who.site_id, &who.object_id);
    let secret = Token::webhook();
    let sealed = state.webhooks.secrets.seal(&Secret::new(secret.text()))?;
    let overlap = state.config.webhooks.secret_overlap.as_secs_f64();
    let mut client = state.database.get().await?;
    let failed = DatabaseError::statement("change the secret of a webhook");
    let transaction = client.transaction().await.map_err(failed)?;
    if !webhooks::rotate_secret(&transaction, site_id, id, version, &sealed, overlap).await? {
        transaction.rollback().await.map_err(failed)?;
        return Err(changed_or_gone(&client, site_id, id).await);
    }
    let entry =
        Entry { action: "webhook.rotate_secret", site_id, object: id, details: json!({ "version": version + 1 }) };
    audit::record(&transaction, &who.caller.actor(), entry).await?;
    transaction.commit().await.map_err(failed)?;
    Ok(with_secret(find(&client, site_id, id).await?, secret.text()))
}
