use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use serde_json::json;
use vru_runtime::secret::Secret;
use vru_storage::audit::{self, Entry};
use vru_storage::postgres::DatabaseError;
use vru_storage::webhooks::{self, SealedSecrets};

use super::webhook::{WantedWebhook, WebhookWithSecret, find, with_secret};
use crate::auth::{Permitted, Token, actions::ManageWebhooks};
use crate::http::{Code, JsonBody, Problem, Problems, Tagged};
use crate::state::ApiState;

const MOST: i64 = 100;

/// Make a webhook. It is told of what happens from now on; only this answer shows its secret.
#[utoipa::path(
    post,
    path = "/api/v1/sites/{site_id}/webhooks",
    tag = "webhooks",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path)),
    request_body = WantedWebhook,
    responses(
        (
            status = 201,
            description = "The new webhook",
            body = WebhookWithSecret,
            headers(("etag" = String, description = "Its version"), ("location" = String, description = "Its path"))
        ),
        Problems
    )
)]
pub(super) async fn create(
    State(state): State<ApiState>,
    who: Permitted<ManageWebhooks>,
    JsonBody(wanted): JsonBody<WantedWebhook>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Tagged<WebhookWithSecret>), Problem> {
    let site_id = &who.site_id;
    let mut client = state.database.get().await?;
    let (settings, login) = wanted.checked(&state, &client, site_id, None).await?;
    let secret = Token::webhook();
    let newest = state.webhooks.secrets.seal(&Secret::new(secret.text()))?;
    let sealed = SealedSecrets { newest, old: None, credentials: login.login().cloned() };
    let failed = DatabaseError::statement("make a webhook");
    let transaction = client.transaction().await.map_err(failed)?;
    if webhooks::count(&transaction, site_id).await? >= MOST {
        let detail = format!("the site has {MOST} webhooks, which is as many as it may have");
        return Err(Problem::conflict(Code::TooManyWebhooks, "", detail));
    }
    let id = webhooks::create(&transaction, site_id, &settings, &sealed).await?;
    let details = json!({ "name": settings.name, "url": settings.url, "enabled": settings.enabled });
    let entry = Entry { action: "webhook.create", site_id, object: &id, details };
    audit::record(&transaction, &who.caller.actor(), entry).await?;
    transaction.commit().await.map_err(failed)?;
    let webhook = find(&client, site_id, &id).await?;
    let path = format!("/api/v1/sites/{site_id}/webhooks/{id}");
    Ok((StatusCode::CREATED, [(header::LOCATION, path)], with_secret(webhook, secret.text())))
}
