//! What stands before every route: the bound of requests at once, the time limit, and the check that a browser's request comes from our
//! own pages.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tokio::sync::Semaphore;

use super::config::HttpConfig;
use super::idempotency::KEY_HEADER;
use super::rest_of_body::read_rest;
use super::{Code, Problem};
use crate::uploads::tus::carries_bytes;

#[derive(Debug)]
pub(crate) struct Guard {
    places: Semaphore,
    timeout: Duration,
    /// As browsers write them: `https://vru.example.org`.
    origins: Vec<String>,
}

impl Guard {
    pub(crate) fn new(config: &HttpConfig) -> Self {
        let origins = if config.origins.is_empty() {
            let port = config.listen.port();
            ["localhost", "127.0.0.1", "[::1]"]
                .iter()
                .map(|host| format!("{}://{host}:{port}", config.scheme()))
                .collect()
        } else {
            config.origins.iter().map(|origin| origin.text().to_owned()).collect()
        };
        Self { places: Semaphore::new(config.max_concurrent), timeout: config.timeout, origins }
    }

    /// A page of another site can make a browser send a request with our cookie, but the browser then says which site it is. Programs
    /// that are no browser say nothing.
    fn is_foreign(&self, headers: &HeaderMap) -> bool {
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        match text(header::ORIGIN.as_str()) {
            Some(origin) => !self.origins.iter().any(|ours| ours == origin),
            None => text("sec-fetch-site").is_some_and(|site| !["same-origin", "none"].contains(&site)),
        }
    }
}

pub(crate) async fn guard(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let changes = ![Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    let request = if changes { read_rest(request) } else { request };
    // A browser lets a page of any site read from a WebSocket.
    let opens_socket = request.headers().contains_key(header::UPGRADE);
    if (changes || opens_socket) && guard.is_foreign(request.headers()) {
        let detail = "the request comes from a page of another site; `http.origins` lists ours";
        return Problem::new(StatusCode::FORBIDDEN, Code::ForeignOrigin, detail).into_response();
    }
    let Ok(_place) = guard.places.try_acquire() else {
        let detail = "too many requests at once; try again";
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, Code::Overloaded, detail)
            .retry_after(Duration::from_secs(1))
            .into_response();
    };
    // The body of a file comes for as long as it takes; what bounds it is how long nothing comes (`uploads.idle`).
    if *request.method() == Method::PATCH || begins_file(&request) {
        return next.run(request).await;
    }
    tokio::time::timeout(guard.timeout, next.run(request)).await.unwrap_or_else(|_| {
        let detail = "the request took longer than `http.timeout`; whether a change took effect is not known";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, Code::Timeout, detail).into_response()
    })
}

/// A file that is created with its first bytes. With an idempotency key, the whole body is read before the route, within the limit for bodies.
fn begins_file(request: &Request) -> bool {
    *request.method() == Method::POST
        && request.uri().path().ends_with("/uploads")
        && carries_bytes(request.headers())
        && !request.headers().contains_key(KEY_HEADER)
}

#[cfg(test)]
mod tests {
    use super::super::Origin;
    use super::*;

    fn guard_of(origins: &[&str]) -> Guard {
        let origins = origins.iter().map(|&origin| Origin::try_from(origin.to_owned()).unwrap()).collect();
        Guard::new(&HttpConfig { origins, ..HttpConfig::default() })
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn requests_of_other_sites_are_foreign() {
        let guard = guard_of(&["https://vru.example.org"]);
        for (pairs, foreign) in [
            (&[][..], false),
            (&[("origin", "https://vru.example.org")], false),
            (&[("origin", "https://vru.example.org:8443")], true),
            (&[("origin", "http://vru.example.org")], true),
            (&[("origin", "null")], true),
            (&[("sec-fetch-site", "same-origin")], false),
            (&[("sec-fetch-site", "same-site")], true),
            (&[("sec-fetch-site", "cross-site")], true),
        ] {
            assert_eq!(guard.is_foreign(&headers(pairs)), foreign, "{pairs:?}");
        }
    }

    #[test]
    fn without_origins_only_pages_of_this_machine_are_ours() {
        let guard = guard_of(&[]);
        assert!(!guard.is_foreign(&headers(&[("origin", "http://localhost:8000")])));
        assert!(guard.is_foreign(&headers(&[("origin", "http://localhost:3000")])));
        assert!(guard.is_foreign(&headers(&[("origin", "http://192.0.2.1:8000")])));
    }
}
