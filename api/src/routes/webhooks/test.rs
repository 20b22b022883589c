use std::time::{Instant, SystemTime};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use vru_runtime::clock::now_us;
use vru_storage::audit::{self, Entry};
use vru_storage::webhooks;

use super::webhook::find;
use crate::auth::{Permitted, actions::ManageWebhooks};
use crate::http::{Code, Problem, Problems};
use crate::outbound::{Failure, Target};
use crate::routes::text::time;
use crate::state::ApiState;
use crate::webhooks::{Signed, WebhookEvent};

/// What came of a test call.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TestResult {
    /// The target answered with 2xx, or the broker confirmed it.
    accepted: bool,
    /// Its status, if it answered by HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// Why it was not accepted, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    took_ms: u64,
}

/// Post an event named `test` to the webhook now, signed as others, or publish it to the broker, and tell what came of it. It is sent once, also if the webhook is not
/// enabled, and is no delivery.
#[utoipa::path(
    post,
    path = "/api/v1/sites/{site_id}/webhooks/{webhook_id}/test",
    tag = "webhooks",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), ("webhook_id" = String, Path)),
    responses((status = 200, description = "What came of it", body = TestResult), Problems)
)]
pub(super) async fn test(
    State(state): State<ApiState>,
    who: Permitted<ManageWebhooks>,
) -> Result<Json<TestResult>, Problem> {
    let (site_id, id) = (&who.site_id, &who.object_id);
    let client = state.database.get().await?;
    let webhook = find(&client, site_id, id).await?;
    let sealed = webhooks::secrets(&client, id).await?.ok_or_else(|| Problem::not_found("webhook"))?;
    let target = state.webhooks.outbound.checked(&webhook.settings.url);
    let of_broker = target.as_ref().is_ok_and(Target::is_broker);
    let secrets = if of_broker { Ok(Vec::new()) } else { state.webhooks.secrets.open(&sealed) };
    let secrets = secrets.map_err(|why| {
        let detail = format!("the secret {why}; set the key, or give the webhook another secret");
        Problem::conflict(Code::NoSecretsKey, "", detail)
    })?;
    let Ok(_place) = state.webhooks.tests.try_acquire() else {
        let detail = "too many test calls at once; try again";
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, Code::Overloaded, detail)
            .retry_after(state.config.webhooks.timeout));
    };
    let entry = Entry { action: "webhook.test", site_id, object: id, details: json!({ "url": webhook.settings.url }) };
    audit::record(&client, &who.caller.actor(), entry).await?;
    // The target may take its time; others may have the connection.
    drop(client);
    let now = now_us();
    let event = WebhookEvent {
        id: format!("test.{now}"),
        event: "test".to_owned(),
        at: time(SystemTime::now()),
        site_id: site_id.clone(),
        camera_id: None,
        alert: None,
    };
    let body = serde_json::to_string(&event).map_err(|_| Problem::internal())?;
    let started = Instant::now();
    let sent = match target {
        Err(failure) => Err(failure),
        Ok(target) if of_broker => state.webhooks.publish_test(target, id, site_id, &sealed, body).await.map(|()| None),
        Ok(_) => {
            let signed = Signed::new(&event.id, &event.event, now / 1_000_000, &secrets, &body);
            state.webhooks.post(&webhook.settings.url, &signed, body).await.map(Some)
        }
    };
    let took_ms = started.elapsed().as_millis() as u64;
    Ok(Json(match sent {
        Ok(status) => TestResult { accepted: true, status, error: None, took_ms },
        Err(Failure { status, text, .. }) => TestResult { accepted: false, status, error: Some(text), took_ms },
    }))
}
