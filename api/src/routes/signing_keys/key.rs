use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;
use vru_storage::postgres::PooledClient;
use vru_storage::signing_keys::{self, PublishedKey};

use crate::http::Problem;
use crate::routes::text::time;

#[derive(Serialize, ToSchema)]
pub(super) struct SigningKeys {
    /// In the order in which they sign.
    items: Vec<SigningKey>,
}

/// A key that is published.
#[derive(Serialize, ToSchema)]
struct SigningKey {
    kid: String,
    /// Since when it is published.
    #[schema(format = DateTime)]
    made_at: String,
    /// From when on it signs, until the next one does.
    #[schema(format = DateTime)]
    signs_from: String,
    /// Whether it signs now.
    signs: bool,
}

pub(super) async fn list(client: &PooledClient) -> Result<Json<SigningKeys>, Problem> {
    let item = |PublishedKey { kid, made_at, signs_from, signs, .. }| SigningKey {
        kid,
        made_at: time(made_at),
        signs_from: time(signs_from),
        signs,
    };
    Ok(Json(SigningKeys { items: signing_keys::list(client).await?.into_iter().map(item).collect() }))
}
