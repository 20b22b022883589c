//! One file a route.

mod openapi;
mod session;
mod sites;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

/// All routes, with their documents.
pub(crate) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(openapi::get)).merge(session::router()).merge(sites::router())
}
