use axum::Json;
use axum::extract::State;
use vru_storage::reviews;

use super::alert::find;
use super::comment::Comment;
use crate::auth::{Caller, Permitted, actions::SeeAlerts, actions::SeeAllAlerts};
use crate::http::{Page, PageQuery, Problem, Problems};
use crate::state::ApiState;

/// The comments on an alert.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/alerts/{alert_id}/comments",
    tag = "alerts",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), ("alert_id" = String, Path), PageQuery),
    responses((status = 200, description = "One page, the oldest first", body = Page<Comment>), Problems)
)]
pub(super) async fn comments(
    State(state): State<ApiState>,
    who: Permitted<SeeAlerts>,
    page: PageQuery,
) -> Result<Json<Page<Comment>>, Problem> {
    read(&state, &who.caller, who.site(), &who.object_id, &page).await
}

/// The comments on an alert, also of a camera that belongs to no site.
#[utoipa::path(
    get,
    path = "/api/v1/alerts/{alert_id}/comments",
    tag = "alerts",
    security(("session" = []), ("key" = [])),
    params(("alert_id" = String, Path), PageQuery),
    responses((status = 200, description = "One page, the oldest first", body = Page<Comment>), Problems)
)]
pub(super) async fn comments_on_any(
    State(state): State<ApiState>,
    who: Permitted<SeeAllAlerts>,
    page: PageQuery,
) -> Result<Json<Page<Comment>>, Problem> {
    read(&state, &who.caller, None, &who.object_id, &page).await
}

async fn read(
    state: &ApiState,
    caller: &Caller,
    site_id: Option<&str>,
    alert_id: &str,
    page: &PageQuery,
) -> Result<Json<Page<Comment>>, Problem> {
    let after = if page.after.is_empty() { 0 } else { page.after_number()? };
    let client = state.database.get().await?;
    find(&client, caller, site_id, alert_id).await?;
    let found = reviews::comments(&client, alert_id, after, page.read()).await?;
    Ok(Json(page.page(found, |comment| comment.id.to_string()).map(Comment::from)))
}
