//! Cameras: what is watched, and how.

mod camera;
mod change;
mod create;
mod delete;
mod get;
mod list;
mod restore;
mod versions;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

pub(super) use camera::{Credentials, LARGEST_MESSAGE, WantedCredentials, as_stored, check_changeable, checked, find};

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(get::get, change::change, delete::delete))
        .routes(routes!(versions::versions))
        .routes(routes!(restore::restore))
}
