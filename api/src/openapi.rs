//! The OpenAPI document: made from the routes, checked in as `api/openapi.json`, compared by a test.

use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};

use crate::http::ProblemDocument;
use crate::routes;
use crate::webhooks::WebhookEvent;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "vru",
        description = "Road users as cameras see them. Errors are `application/problem+json` with a `code` that keeps its meaning. \
                       Who changes something sends its ETag as If-Match. Every answer has `x-request-id`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(ProblemDocument, WebhookEvent))
)]
struct Document;

/// The whole document.
pub fn document() -> OpenApi {
    let (_, of_routes) = routes::router().split_for_parts();
    let mut document = Document::openapi();
    document.merge(of_routes);
    let cookie = ApiKeyValue::with_description("__Host-vru_session", "Set by `POST /api/v1/session`.");
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    let key = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An API key."));
    components.add_security_scheme("key", SecurityScheme::Http(key.build()));
    document
}
