//! Webhooks of a site: who is told of its alerts, and what became of it.

mod change;
mod create;
mod delete;
mod deliveries;
mod delivery;
mod get;
mod list;
mod retry;
mod rotate_secret;
mod test;
mod webhook;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(get::get, change::change, delete::delete))
        .routes(routes!(rotate_secret::rotate_secret))
        .routes(routes!(test::test))
        .routes(routes!(deliveries::deliveries))
        .routes(routes!(retry::retry))
}
