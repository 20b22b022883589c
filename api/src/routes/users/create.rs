use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use vru_runtime::secret::Secret;
use vru_storage::audit::{self, Entry};
use vru_storage::postgres::DatabaseError;
use vru_storage::users;

use super::user::User;
use crate::auth::{Permitted, actions::ManageUsers, check_name};
use crate::http::{Code, JsonBody, Problem, Problems, Tagged};
use crate::routes::text::check_display_name;
use crate::state::ApiState;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUser {
    /// What they log in with: 1 to 100 characters, unique without regard to upper and lower case. It does not change.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    #[schema(min_length = 1, max_length = 200)]
    display_name: String,
    /// 12 characters at least, 256 bytes at most. Without one they cannot log in until one is set.
    #[schema(min_length = 12)]
    password: Option<String>,
    #[serde(default)]
    system_admin: bool,
}

/// Add somebody.
#[utoipa::path(
    post,
    path = "/api/v1/users",
    tag = "users",
    security(("session" = [])),
    request_body = NewUser,
    responses(
        (
            status = 201,
            description = "The new user",
            body = User,
            headers(("etag" = String, description = "Its version"), ("location" = String, description = "Its path"))
        ),
        Problems
    )
)]
pub(super) async fn create(
    State(state): State<ApiState>,
    who: Permitted<ManageUsers>,
    JsonBody(new): JsonBody<NewUser>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Tagged<User>), Problem> {
    let NewUser { name, display_name, password, system_admin } = new;
    check_name(&name).map_err(|problem| Problem::field("name", problem))?;
    check_display_name("display_name", &display_name)?;
    let hash = match password {
        Some(password) => {
            let hash = state.passwords.hash_aside(Secret::new(password)).await;
            Some(hash.map_err(|error| error.at("password"))?)
        }
        None => None,
    };
    let mut client = state.database.get().await?;
    let failed = DatabaseError::statement("add a user");
    let transaction = client.transaction().await.map_err(failed)?;
    let new = users::NewUser { name: &name, display_name: &display_name, password_hash: hash.as_deref(), system_admin };
    let user = users::create(&transaction, new).await.map_err(|error| {
        if error.is_duplicate() {
            Problem::conflict(Code::NameTaken, "name", "somebody else logs in with this name")
        } else {
            error.into()
        }
    })?;
    let details = json!({ "name": name, "system_admin": system_admin });
    let entry = Entry { action: "user.create", site_id: "", object: &user.id, details };
    audit::record(&transaction, &who.caller.actor(), entry).await?;
    transaction.commit().await.map_err(failed)?;
    let path = format!("/api/v1/users/{}", user.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, path)], Tagged { version: user.version, body: User::from(user) }))
}
