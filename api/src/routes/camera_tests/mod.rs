//! Tests of cameras: ingest tries one, and says what it sees.

mod camera_test;
mod create;
mod get;
mod snapshot;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(create::create)).routes(routes!(get::get)).routes(routes!(snapshot::snapshot))
}
