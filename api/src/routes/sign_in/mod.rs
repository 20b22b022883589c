//! Signing in with an identity provider. The browser goes to the first address, and comes back to the second with a session.

mod begin;
mod callback;
mod list;
mod person;
mod provider_id;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list::list)).routes(routes!(begin::begin)).routes(routes!(callback::callback))
}
