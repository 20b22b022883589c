//! Counts of lines and zones, in bins, each with the time in which somebody looked.

mod answer;
mod csv;
#[cfg(feature = "fuzzing")]
pub(super) mod fuzzing;
mod geojson;
mod get;
mod question;
mod series;
mod table;
#[cfg(test)]
mod tests;

use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

/// What only the parameters of the query name: the document has it, too.
#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(question::Grouping, question::Video, question::Format)))]
struct OfQuery;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::with_openapi(OfQuery::openapi()).routes(routes!(get::get))
}
