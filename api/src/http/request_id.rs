//! An id for each request, which its answer, its log lines and its audit entries have.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use rand::Rng as _;
use tracing::Instrument as _;

use crate::metrics::{REQUEST_SECONDS, REQUESTS};

const HEADER: &str = "x-request-id";
/// The label `resource` of files of the web app, and of paths that are none of the API's.
const NO_RESOURCE: &str = "web";

/// The resources that the API has: what follows `/api/v1/` in its paths. Clients choose paths, so only these become labels.
#[derive(Debug, Clone)]
pub(crate) struct Resources(Arc<BTreeSet<String>>);

impl Resources {
    pub(crate) fn of<'a>(paths: impl Iterator<Item = &'a String>) -> Self {
        Self(Arc::new(paths.filter_map(|path| resource(path)).map(str::to_owned).collect()))
    }

    fn of_path(&self, path: &str) -> &str {
        resource(path).and_then(|name| self.0.get(name)).map_or(NO_RESOURCE, String::as_str)
    }
}

fn resource(path: &str) -> Option<&str> {
    path.strip_prefix("/api/v1/")?.split('/').next()
}

#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for RequestId {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_else(|| Self(String::new())))
    }
}

/// Takes the client's id if it is harmless, or makes one; logs and counts the request when it is answered.
pub(crate) async fn record_request(State(resources): State<Resources>, mut request: Request, next: Next) -> Response {
    let given = request.headers().get(HEADER).and_then(|value| value.to_str().ok()).filter(|id| is_harmless(id));
    let id = given.map_or_else(|| format!("{:016x}", rand::rng().random::<u64>()), str::to_owned);
    request.extensions_mut().insert(RequestId(id.clone()));
    // The query is left out: it may hold what people search for.
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let resource = resources.of_path(&path).to_owned();
    let span = tracing::info_span!("request", request_id = id, %method, path);
    let started = Instant::now();
    async {
        let mut response = next.run(request).await;
        if let Ok(value) = HeaderValue::try_from(&id) {
            response.headers_mut().insert(HEADER, value);
        }
        let (status, took_ms) = (response.status().as_u16(), started.elapsed().as_millis() as u64);
        tracing::info!(status, took_ms, "request answered");
        count(&method, &resource, status, started.elapsed());
        response
    }
    .instrument(span)
    .await
}

/// Clients choose the method, so only usual ones become labels.
fn count(method: &Method, resource: &str, status: u16, took: Duration) {
    const METHODS: [Method; 7] =
        [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
    let method = if METHODS.contains(method) { method.as_str() } else { "other" };
    REQUESTS.with_label_values(&[method, resource, &status.to_string()]).inc();
    REQUEST_SECONDS.with_label_values(&[resource]).observe(took.as_secs_f64());
}

fn is_harmless(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}
