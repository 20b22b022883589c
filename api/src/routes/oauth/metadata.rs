use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use vru_auth::policy::Scope;

use crate::http::Problems;
use crate::state::ApiState;

/// What the authorization server can (RFC 8414).
#[derive(Serialize, ToSchema)]
pub(super) struct Metadata {
    /// As tokens say it in `iss`.
    issuer: String,
    token_endpoint: String,
    jwks_uri: String,
    scopes_supported: Vec<&'static str>,
    /// None: people log in elsewhere.
    response_types_supported: [&'static str; 0],
    grant_types_supported: [&'static str; 1],
    token_endpoint_auth_methods_supported: [&'static str; 2],
    service_documentation: String,
}

/// Where tokens and keys are.
#[utoipa::path(
    get,
    path = "/.well-known/oauth-authorization-server",
    tag = "tokens",
    responses((status = 200, description = "The metadata", body = Metadata), Problems)
)]
pub(super) async fn get(State(state): State<ApiState>) -> Json<Metadata> {
    let issuer = state.tokens.issuer();
    Json(Metadata {
        issuer: issuer.to_owned(),
        token_endpoint: format!("{issuer}/api/v1/oauth/token"),
        jwks_uri: format!("{issuer}/.well-known/jwks.json"),
        scopes_supported: Scope::ALL.iter().map(|scope| scope.word()).collect(),
        response_types_supported: [],
        grant_types_supported: ["client_credentials"],
        token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
        service_documentation: format!("{issuer}/docs"),
    })
}
