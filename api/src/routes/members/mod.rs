//! Who belongs to a site, and as what.

mod add;
mod change;
mod list;
mod member;
mod remove;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list::list, add::add)).routes(routes!(change::change, remove::remove))
}
