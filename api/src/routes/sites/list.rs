use axum::Json;
use axum::extract::State;
use vru_storage::sites::{self, Visible};

use super::site::Site;
use crate::auth::{Permitted, Who, actions::ListSites};
use crate::http::{Page, PageQuery, Problem, Problems};
use crate::state::ApiState;

/// The sites that the person belongs to, or that the key is for; for a system admin, all.
#[utoipa::path(
    get,
    path = "/api/v1/sites",
    tag = "sites",
    security(("session" = []), ("key" = [])),
    params(PageQuery),
    responses((status = 200, description = "One page, in the order of ids", body = Page<Site>), Problems)
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    who: Permitted<ListSites>,
    page: PageQuery,
) -> Result<Json<Page<Site>>, Problem> {
    let visible = match &who.caller.who {
        _ if who.caller.is_global() => Visible::All,
        Who::Person(person) => Visible::Of(&person.user.id),
        Who::Key(key) => Visible::One(key.site_id.as_deref().unwrap_or_default()),
    };
    let client = state.database.get().await?;
    let found = sites::list(&client, visible, &page.after, page.read()).await?;
    Ok(Json(page.page(found, |site| site.id.clone()).map(Site::from)))
}
