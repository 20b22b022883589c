use axum::Json;
use axum::extract::State;
use vru_auth::policy::Action;
use vru_storage::sites::{self, Scope};

use super::site::Site;
use crate::auth::LoggedIn;
use crate::http::{Page, PageQuery, Problem, Problems};
use crate::state::ApiState;

/// The sites that the person belongs to; for a system admin, all.
#[utoipa::path(
    get,
    path = "/api/v1/sites",
    tag = "sites",
    security(("session" = [])),
    params(PageQuery),
    responses((status = 200, description = "One page, in the order of ids", body = Page<Site>), Problems)
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    who: LoggedIn,
    page: PageQuery,
) -> Result<Json<Page<Site>>, Problem> {
    who.may(Action::UseOwnAccount)?;
    let scope = if who.user.system_admin { Scope::All } else { Scope::Of(&who.user.id) };
    let client = state.database.get().await?;
    let found = sites::list(&client, scope, &page.after, page.read()).await?;
    let Page { items, next_cursor } = page.page(found, |site| &site.id);
    Ok(Json(Page { items: items.into_iter().map(Site::from).collect(), next_cursor }))
}
