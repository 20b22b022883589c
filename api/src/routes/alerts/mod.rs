//! Alerts, and their inbox: what people say about them.

mod add_comment;
mod alert;
mod change_review;
mod clip;
mod comment;
mod comments;
mod delete_comment;
mod get;
mod get_review;
mod list;
mod mark_seen;
mod mark_unseen;
mod picture_address;
mod query;
mod review;
mod snapshot;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    of_site().merge(of_any())
}

fn of_site() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(get::get))
        .routes(routes!(get_review::get, change_review::change))
        .routes(routes!(mark_seen::mark, mark_unseen::unmark))
        .routes(routes!(comments::comments, add_comment::add))
        .routes(routes!(delete_comment::delete))
        .routes(routes!(snapshot::snapshot))
        .routes(routes!(clip::clip))
}

/// Of all cameras.
fn of_any() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_all))
        .routes(routes!(get::get_any))
        .routes(routes!(get_review::get_of_any, change_review::change_of_any))
        .routes(routes!(mark_seen::mark_any, mark_unseen::unmark_any))
        .routes(routes!(comments::comments_on_any, add_comment::add_to_any))
        .routes(routes!(delete_comment::delete_from_any))
        .routes(routes!(snapshot::snapshot_of_any))
        .routes(routes!(clip::clip_of_any))
}
