//! Sites: places with cameras.

mod change;
mod create;
mod get;
mod list;
mod site;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list::list, create::create)).routes(routes!(get::get, change::change))
}
