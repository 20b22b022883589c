//! Clients that get tokens: those of a site, and those for all sites. They are managed as keys are, by whom may manage keys.

mod create;
mod create_global;
mod list;
mod list_global;
mod made;
mod revoke;
mod revoke_global;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(revoke::revoke))
        .routes(routes!(list_global::list, create_global::create))
        .routes(routes!(revoke_global::revoke))
}
