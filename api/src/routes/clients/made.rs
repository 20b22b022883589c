use axum::Json;
use axum::http::{HeaderName, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Token;
use crate::routes::keys::key::ApiKey;

/// A client that was just made.
#[derive(Serialize, ToSchema)]
pub(super) struct MadeClient {
    #[serde(flatten)]
    client: ApiKey,
    /// With `id` as the `client_id`, it gets tokens at `POST /api/v1/oauth/token`. It is not shown again.
    #[schema(example = "vrusecret_…")]
    client_secret: String,
}

/// Nothing on the way may keep it.
pub(super) type Made = (StatusCode, [(HeaderName, &'static str); 1], Json<MadeClient>);

pub(super) fn made((client, secret): (ApiKey, Token)) -> Made {
    let made = MadeClient { client, client_secret: secret.text().to_owned() };
    (StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(made))
}
