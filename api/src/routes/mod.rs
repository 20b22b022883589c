//! One file a route.

mod alerts;
mod audit;
mod bins;
mod camera_tests;
mod cameras;
mod clients;
mod counts;
mod data_range;
mod deletions;
mod exports;
mod first_admin;
mod found;
#[cfg(feature = "fuzzing")]
mod fuzz_checks;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod heat_map;
mod identities;
mod keys;
mod live;
mod members;
mod oauth;
mod object;
mod openapi;
mod picture;
mod retention;
mod role;
mod rule_preview;
mod session;
mod sign_in;
mod signing_keys;
mod sites;
mod system;
mod text;
mod tracks;
mod uploads;
mod users;
mod webhooks;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

/// All routes, with their documents.
pub(crate) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(openapi::get))
        .routes(routes!(first_admin::create))
        .merge(session::router())
        .merge(sign_in::router())
        .merge(users::router())
        .merge(identities::router())
        .merge(sites::router())
        .merge(cameras::router())
        .merge(live::router())
        .merge(camera_tests::router())
        .merge(counts::router())
        .merge(heat_map::router())
        .merge(rule_preview::router())
        .merge(tracks::router())
        .merge(alerts::router())
        .merge(object::router())
        .merge(uploads::router())
        .merge(deletions::router())
        .merge(exports::router())
        .merge(retention::router())
        .merge(webhooks::router())
        .merge(members::router())
        .merge(keys::router())
        .merge(clients::router())
        .merge(oauth::router())
        .merge(signing_keys::router())
        .merge(audit::router())
        .merge(system::router())
}
