use axum::Json;
use axum::http::{HeaderName, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use super::key::ApiKey;
use crate::auth::Token;

/// A key that was just made.
#[derive(Serialize, ToSchema)]
pub(super) struct MadeApiKey {
    #[serde(flatten)]
    key: ApiKey,
    /// Send it as `Authorization: Bearer …`. It is not shown again.
    #[schema(example = "vru_…")]
    token: String,
}

/// Nothing on the way may keep it.
pub(super) type Made = (StatusCode, [(HeaderName, &'static str); 1], Json<MadeApiKey>);

pub(super) fn made((key, token): (ApiKey, Token)) -> Made {
    let made = MadeApiKey { key, token: token.text().to_owned() };
    (StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(made))
}
