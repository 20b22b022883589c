use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::Problems;
use crate::state::ApiState;

/// A JSON Web Key Set (RFC 7517).
#[derive(Serialize, ToSchema)]
pub(super) struct KeySet {
    keys: Vec<PublicKey>,
}

/// A public key (RFC 8037).
#[derive(Serialize, ToSchema)]
struct PublicKey {
    /// Which key it is, as the header of a token says it.
    kid: String,
    #[schema(example = "OKP")]
    kty: String,
    #[schema(example = "Ed25519")]
    crv: String,
    x: String,
    #[schema(example = "EdDSA")]
    alg: String,
    #[serde(rename = "use")]
    #[schema(example = "sig")]
    usage: String,
}

/// The keys that verify tokens.
///
/// A new key stands here before it signs, for twice as long as `cache-control` allows to keep the answer at least; an old one until its
/// last token has expired.
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    tag = "tokens",
    responses((status = 200, description = "All keys", body = KeySet), Problems)
)]
pub(super) async fn get(State(state): State<ApiState>) -> Response {
    let (keys, keep) = state.tokens.key_set();
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::CACHE_CONTROL, format!("public, max-age={}", keep.as_secs())),
    ];
    (headers, keys).into_response()
}
