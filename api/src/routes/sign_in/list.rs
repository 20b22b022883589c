use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::Problems;
use crate::state::ApiState;

#[derive(Serialize, ToSchema)]
pub(super) struct Providers {
    items: Vec<Provider>,
}

/// An identity provider with which people sign in.
#[derive(Serialize, ToSchema)]
struct Provider {
    id: String,
    /// As people see it.
    name: String,
    /// Where the browser goes: a link, no call.
    #[schema(example = "/api/v1/sign-in/company")]
    path: String,
}

/// The identity providers, for the page on which people log in.
#[utoipa::path(
    get,
    path = "/api/v1/sign-in",
    tag = "session",
    responses((status = 200, description = "All", body = Providers), Problems)
)]
pub(super) async fn list(State(state): State<ApiState>) -> Json<Providers> {
    let item = |(id, name): (&str, &str)| Provider {
        id: id.to_owned(),
        name: name.to_owned(),
        path: format!("/api/v1/sign-in/{id}"),
    };
    Json(Providers { items: state.sign_in.providers().map(item).collect() })
}
