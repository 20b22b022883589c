//! Deletions of one camera's data by range of time.

mod create;
mod deletion;
mod get;
mod list;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(create::create)).routes(routes!(list::list)).routes(routes!(get::get))
}
