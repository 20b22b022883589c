//! Tokens for programs (OAuth 2.0, RFC 6749), and what those need who verify them.

mod key_set;
mod metadata;
mod refusal;
mod token;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(token::create)).routes(routes!(key_set::get)).routes(routes!(metadata::get))
}
