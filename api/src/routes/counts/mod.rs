//! Counts of lines and zones, in bins, each with the time in which somebody looked.

mod answer;
mod csv;
mod edges;
mod get;
mod question;
mod series;
#[cfg(test)]
mod tests;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(get::get))
}
