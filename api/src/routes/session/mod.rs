//! The session of a browser: log in, who am I, log out.

mod create;
mod delete;
mod get;
mod set_password;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(create::create, get::get, delete::delete))
        .routes(routes!(set_password::set_password))
}
