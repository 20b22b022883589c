use axum::Json;
use axum::extract::State;
use vru_storage::alerts::{self, AlertPlace};

use super::alert::{Alert, reader};
use super::query::AlertQuery;
use crate::auth::{Caller, Permitted, actions::SeeAlerts, actions::SeeAllAlerts};
use crate::http::{Filtered, Page, PageQuery, Problem, Problems, columns_key, foreign_cursor};
use crate::routes::text::{from_micros, micros};
use crate::state::ApiState;

/// Search the alerts of the site's cameras, also of those that were deleted. With `state=new` it is the inbox.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/alerts",
    tag = "alerts",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), AlertQuery, PageQuery),
    responses((status = 200, description = "One page, those that were captured last first", body = Page<Alert>), Problems)
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    who: Permitted<SeeAlerts>,
    wanted: Filtered<AlertQuery>,
) -> Result<Json<Page<Alert>>, Problem> {
    find(&state, &who.caller, who.site(), wanted).await
}

/// Search the alerts of all cameras, also of those that belong to no site because a file or another program configures them.
#[utoipa::path(
    get,
    path = "/api/v1/alerts",
    tag = "alerts",
    security(("session" = []), ("key" = [])),
    params(AlertQuery, PageQuery),
    responses((status = 200, description = "One page, those that were captured last first", body = Page<Alert>), Problems)
)]
pub(super) async fn list_all(
    State(state): State<ApiState>,
    who: Permitted<SeeAllAlerts>,
    wanted: Filtered<AlertQuery>,
) -> Result<Json<Page<Alert>>, Problem> {
    find(&state, &who.caller, None, wanted).await
}

async fn find(
    state: &ApiState,
    caller: &Caller,
    site_id: Option<&str>,
    wanted: Filtered<AlertQuery>,
) -> Result<Json<Page<Alert>>, Problem> {
    let Filtered { filter, page } = wanted;
    let filter = filter.checked(site_id)?;
    let after = place(&page)?;
    let client = state.database.get().await?;
    let found = alerts::list(&client, reader(caller), &filter, after.as_ref(), page.read()).await?;
    let key = |alert: &alerts::Alert| columns_key(LIST, &[micros(alert.captured_at).to_string(), alert.id.clone()]);
    Ok(Json(page.page(found, key).map(Alert::from)))
}

const LIST: &str = "alerts";

fn place(page: &PageQuery) -> Result<Option<AlertPlace>, Problem> {
    let Some([captured_at, id]) = page.after_columns(LIST)? else { return Ok(None) };
    let captured_at = from_micros(captured_at).ok_or_else(foreign_cursor)?;
    Ok(Some(AlertPlace { captured_at, id: id.to_owned() }))
}
