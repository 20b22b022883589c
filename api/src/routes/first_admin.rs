use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vru_runtime::secret::Secret;

use crate::auth::{add_first_admin, check_name, is_same};
use crate::http::{ClientAddress, Code, JsonBody, Problem, Problems};
use crate::routes::text::check_display_name;
use crate::state::ApiState;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FirstAdmin {
    /// The setting `first_admin.token`.
    token: String,
    /// What the person logs in with.
    name: String,
    /// As others see the person. Default: the name.
    display_name: Option<String>,
    /// 12 characters at least, 256 bytes at most.
    #[schema(min_length = 12)]
    password: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct FirstAdminAdded {
    user_id: String,
}

/// Add the first person, who may do everything.
///
/// Works only while there is no person, and only with the token of the configuration.
#[utoipa::path(
    post,
    path = "/api/v1/first-admin",
    tag = "session",
    request_body = FirstAdmin,
    responses((status = 201, description = "Added; log in next", body = FirstAdminAdded), Problems)
)]
pub(super) async fn create(
    State(state): State<ApiState>,
    ClientAddress(address): ClientAddress,
    JsonBody(FirstAdmin { token, name, display_name, password }): JsonBody<FirstAdmin>,
) -> Result<(StatusCode, Json<FirstAdminAdded>), Problem> {
    state.limits.log_in(address).await?;
    let expected = &state.config.first_admin.token;
    if expected.is_empty() {
        let detail = "`first_admin.token` is not configured; add the first person with `vru-api create-admin`";
        return Err(Problem::new(StatusCode::FORBIDDEN, Code::FirstAdminByCommand, detail));
    }
    if !is_same(expected.expose(), &token) {
        return Err(Problem::new(StatusCode::FORBIDDEN, Code::WrongToken, "the token is wrong"));
    }
    check_name(&name).map_err(|detail| Problem::field("name", detail))?;
    let display_name = display_name.unwrap_or_else(|| name.clone());
    check_display_name("display_name", &display_name)?;
    let hash = state.passwords.hash_aside(Secret::new(password)).await.map_err(|error| error.at("password"))?;
    let mut client = state.database.get().await?;
    let Some(user_id) = add_first_admin(&mut client, &name, &display_name, &hash).await? else {
        let detail = "there is somebody who can add people: log in";
        return Err(Problem::conflict(Code::FirstAdminExists, "", detail));
    };
    Ok((StatusCode::CREATED, Json(FirstAdminAdded { user_id })))
}
