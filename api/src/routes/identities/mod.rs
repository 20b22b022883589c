//! Accounts at identity providers with which a user signs in.

mod identity;
mod invite;
mod link;
mod list;
mod unlink;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list, link::link))
        .routes(routes!(unlink::unlink))
        .routes(routes!(invite::invite))
}
