//! People: who may log in. What they may do at a site is in `members`.

mod change;
mod create;
mod delete;
mod get;
mod list;
mod set_password;
mod user;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(get::get, change::change, delete::delete))
        .routes(routes!(set_password::set_password))
}
