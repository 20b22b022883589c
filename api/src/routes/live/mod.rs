//! What cameras show now.

mod camera;
mod events;
mod feed;
mod get;
mod list;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(get::get))
        .routes(routes!(get::get_any))
        .routes(routes!(list::list))
        .routes(routes!(list::list_all))
        .routes(routes!(feed::feed))
        .routes(routes!(events::events))
}
