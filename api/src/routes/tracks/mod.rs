//! Tracks: one road user as one camera saw it, the unit of search.

mod counts;
mod detections;
mod export;
#[cfg(feature = "fuzzing")]
pub(super) mod fuzzing;
mod get;
mod list;
mod query;
mod snapshot;
mod snapshots;
mod track;

use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

/// What only the parameters of the query name: the document has it, too.
#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(query::Format)))]
struct OfQuery;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::with_openapi(OfQuery::openapi())
        .routes(routes!(list::list))
        .routes(routes!(list::list_all))
        .routes(routes!(get::get))
        .routes(routes!(get::get_any))
        .routes(routes!(detections::detections))
        .routes(routes!(detections::detections_of_any))
        .routes(routes!(snapshot::snapshot))
        .routes(routes!(snapshot::snapshot_of_any))
        .routes(routes!(snapshots::snapshots))
        .routes(routes!(snapshots::snapshots_of_any))
        .routes(routes!(counts::counts))
}
