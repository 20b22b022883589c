//! Tracks: one road user as one camera saw it, the unit of search.

mod detections;
mod get;
mod list;
mod query;
mod snapshot;
mod track;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(list::list_all))
        .routes(routes!(get::get))
        .routes(routes!(get::get_any))
        .routes(routes!(detections::detections))
        .routes(routes!(detections::detections_of_any))
        .routes(routes!(snapshot::snapshot))
        .routes(routes!(snapshot::snapshot_of_any))
}
