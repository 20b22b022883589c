//! Keys of programs: those of a site, and those for all sites.

mod create;
mod create_global;
pub(super) mod key;
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
