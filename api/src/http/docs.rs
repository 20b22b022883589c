//! `/docs`: a page that shows the OpenAPI document. All its files are in the program.

use axum::Router;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::map_response;
use axum::response::Response;
use utoipa_swagger_ui::{Config, SwaggerUi};

const DOCUMENT: &str = "/api/v1/openapi.json";
/// The page loads from here only, also when the document held a script. It sets styles from its own scripts.
const POLICY: &str =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";
const HEADERS: [(HeaderName, &str); 2] =
    [(header::CONTENT_SECURITY_POLICY, POLICY), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];

pub(crate) fn docs<S: Clone + Send + Sync + 'static>() -> Router<S> {
    // By default the page asks a server on the internet whether the document is valid.
    let config = Config::from(DOCUMENT).validator_url("none");
    let page: Router<S> = SwaggerUi::new("/docs").config(config).into();
    page.layer(map_response(async |mut response: Response| {
        response.headers_mut().extend(HEADERS.map(|(name, value)| (name, HeaderValue::from_static(value))));
        response
    }))
}
