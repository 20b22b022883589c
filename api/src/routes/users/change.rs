use axum::extract::State;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use vru_storage::audit::{self, Entry};
use vru_storage::postgres::DatabaseError;
use vru_storage::users;

use super::user::{User, check_last_admin};
use crate::auth::{Permitted, actions::ManageUsers};
use crate::http::{Expected, JsonBody, Problem, Problems, Tagged};
use crate::routes::text::check_display_name;
use crate::state::ApiState;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UserSettings {
    #[schema(min_length = 1, max_length = 200)]
    display_name: String,
    system_admin: bool,
    /// They may not log in, and their sessions end.
    disabled: bool,
}

/// Change a user: all these settings are replaced.
#[utoipa::path(
    put,
    path = "/api/v1/users/{user_id}",
    tag = "users",
    security(("session" = [])),
    params(("user_id" = String, Path), ("if-match" = String, Header, description = "The ETag of the version that is changed")),
    request_body = UserSettings,
    responses(
        (status = 200, description = "The user as they are now", body = User, headers(("etag" = String, description = "Its version"))),
        Problems
    )
)]
pub(super) async fn change(
    State(state): State<ApiState>,
    who: Permitted<ManageUsers>,
    Expected(version): Expected,
    JsonBody(settings): JsonBody<UserSettings>,
) -> Result<Tagged<User>, Problem> {
    let UserSettings { display_name, system_admin, disabled } = settings;
    check_display_name("display_name", &display_name)?;
    let mut client = state.database.get().await?;
    let failed = DatabaseError::statement("change a user");
    let transaction = client.transaction().await.map_err(failed)?;
    let admins = users::lock_admins(&transaction).await?;
    let settings = users::UserSettings { display_name: &display_name, system_admin, disabled };
    let Some(user) = users::change(&transaction, &who.object_id, version, settings).await? else {
        let gone = users::find(&transaction, &who.object_id).await?.is_none();
        return Err(if gone { Problem::not_found("user") } else { Problem::changed_meanwhile() });
    };
    if !system_admin || disabled {
        check_last_admin(&admins, &who.object_id)?;
    }
    let details = json!({ "version": user.version, "display_name": display_name, "system_admin": system_admin, "disabled": disabled });
    let entry = Entry { action: "user.change", site_id: "", object: &who.object_id, details };
    audit::record(&transaction, &who.caller.actor(), entry).await?;
    transaction.commit().await.map_err(failed)?;
    Ok(Tagged { version: user.version, body: User::from(user) })
}
