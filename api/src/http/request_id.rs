//! An id for each request, which its answer, its log lines and its audit entries have.

use std::time::{Duration, Instant};

use axum::extract::{FromRequestParts, MatchedPath, Request};
use axum::http::{HeaderValue, Method};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use rand::Rng as _;
use tracing::Instrument as _;

use crate::metrics::{REQUEST_SECONDS, REQUESTS};

const HEADER: &str = "x-request-id";
/// The label `route` of files of the web app, and of paths that are no route.
const NO_ROUTE: &str = "web";

#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for RequestId {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_else(|| Self(String::new())))
    }
}

/// Takes the client's id if it is harmless, or makes one; logs and counts the request when it is answered.
pub(crate) async fn record_request(mut request: Request, next: Next) -> Response {
    let given = request.headers().get(HEADER).and_then(|value| value.to_str().ok()).filter(|id| is_harmless(id));
    let id = given.map_or_else(|| format!("{:016x}", rand::rng().random::<u64>()), str::to_owned);
    request.extensions_mut().insert(RequestId(id.clone()));
    // The query is left out: it may hold what people search for.
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let route = request.extensions().get::<MatchedPath>().map(|matched| matched.as_str().to_owned());
    let span = tracing::info_span!("request", request_id = id, %method, path);
    let started = Instant::now();
    async {
        let mut response = next.run(request).await;
        if let Ok(value) = HeaderValue::try_from(&id) {
            response.headers_mut().insert(HEADER, value);
        }
        let (status, took_ms) = (response.status().as_u16(), started.elapsed().as_millis() as u64);
        tracing::info!(status, took_ms, "request answered");
        count(&method, route.as_deref().unwrap_or(NO_ROUTE), status, started.elapsed());
        response
    }
    .instrument(span)
    .await
}

/// Clients choose method and path, so only those that the API knows become labels.
fn count(method: &Method, route: &str, status: u16, took: Duration) {
    const METHODS: [Method; 7] =
        [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
    let method = if METHODS.contains(method) { method.as_str() } else { "other" };
    REQUESTS.with_label_values(&[method, route, &status.to_string()]).inc();
    REQUEST_SECONDS.with_label_values(&[route]).observe(took.as_secs_f64());
}

fn is_harmless(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}
