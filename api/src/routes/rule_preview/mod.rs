//! What rules would have raised.

mod create;
mod frames;
#[cfg(feature = "fuzzing")]
pub(super) mod fuzzing;
mod judged;
mod preview;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(create::create))
}
