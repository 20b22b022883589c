//! What stands before everything that the page serves: the check of host and origin, and the log-in.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse as _, Response};
use axum::{Extension, http};

use super::config::PageConfig;
use super::sessions::{LIFETIME, Refused, Session, Sessions};

const LOG_IN: &str = include_str!("log_in.html");
const COOKIE: &str = "vru_session";

/// Everything is on the page itself; nobody may frame it or embed its pictures.
const HEADERS: [(header::HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; img-src 'self'; media-src 'self'; connect-src 'self'; script-src 'unsafe-inline'; \
         style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Who may see the page.
#[derive(Debug)]
pub(super) struct Guard {
    hosts: Vec<String>,
    /// None: everybody who reaches it.
    sessions: Option<Sessions>,
}

/// The log-in of a request; none when the page has no log-in.
#[derive(Debug, Clone)]
pub(super) struct Visitor(pub(super) Option<Session>);

impl Visitor {
    /// Waits until the visitor may see no more.
    pub(super) async fn gone(self) {
        match self.0 {
            Some(session) => session.ended().await,
            None => std::future::pending().await,
        }
    }
}

impl Guard {
    pub(super) fn new(config: &PageConfig) -> Self {
        let sessions = (!config.token.is_empty()).then(|| Sessions::new(config.token.clone()));
        Self { hosts: config.hosts.clone(), sessions }
    }

    /// Refuses names that are not ours: a foreign site can give its own name our address and then read the page as its own (DNS
    /// rebinding). It cannot do that with an IP address.
    fn is_our_host(&self, authority: &str) -> bool {
        let host = host_of(authority).to_ascii_lowercase();
        let ip = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok();
        ip || host == "localhost" || self.hosts.iter().any(|known| known.eq_ignore_ascii_case(&host))
    }

    /// None when the request may pass these checks.
    fn refusal(&self, headers: &HeaderMap, uri: &Uri) -> Option<(StatusCode, String)> {
        let text = |name: &header::HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        let mut hosts = headers.get_all(header::HOST).iter();
        let Some(host) = uri.authority().map(http::uri::Authority::as_str).or_else(|| text(&header::HOST)) else {
            return Some((StatusCode::BAD_REQUEST, "the request names no host".to_owned()));
        };
        if hosts.nth(1).is_some() || !self.is_our_host(host) {
            let why = "this host name is not one of the page's: add it to page.hosts".to_owned();
            return Some((StatusCode::MISDIRECTED_REQUEST, why));
        }
        let foreign = (StatusCode::FORBIDDEN, "the request comes from another site".to_owned());
        if let Some(origin) = text(&header::ORIGIN)
            && origin.split_once("://").is_none_or(|(_, authority)| !authority.eq_ignore_ascii_case(host))
        {
            return Some(foreign);
        }
        // A link of another site may open the page, but not embed its parts.
        let embedded = matches!(
            headers.get("sec-fetch-site").and_then(|value| value.to_str().ok()),
            Some("cross-site" | "same-site")
        ) && uri.path() != "/";
        embedded.then_some(foreign)
    }

    fn visitor(&self, headers: &HeaderMap) -> Option<Visitor> {
        let Some(sessions) = &self.sessions else { return Some(Visitor(None)) };
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut ids = cookies
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('='))
            .filter_map(|(name, id)| (name == COOKIE).then_some(id));
        ids.find_map(|id| sessions.find(id)).map(|session| Visitor(Some(session)))
    }
}

/// `example.org:3000` → `example.org`, `[::1]:3000` → `[::1]`.
fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !host.ends_with(':') => host,
        _ => authority,
    }
}

/// Lets a request pass or answers it. The log-in itself is the only thing that is served before a log-in.
pub(super) async fn check(State(guard): State<Arc<Guard>>, mut request: Request<Body>, next: Next) -> Response {
    let mut response = match guard.refusal(request.headers(), request.uri()) {
        Some(refusal) => refusal.into_response(),
        None => match guard.visitor(request.headers()) {
            Some(visitor) => {
                request.extensions_mut().insert(visitor);
                next.run(request).await
            }
            None if request.uri().path() == "/login" => next.run(request).await,
            None if request.uri().path() == "/" && request.method() == Method::GET => {
                form(StatusCode::UNAUTHORIZED, "")
            }
            None => (StatusCode::UNAUTHORIZED, "log in first").into_response(),
        },
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// `POST /login` with the field `token`.
pub(super) async fn log_in(
    State(guard): State<Arc<Guard>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    body: Bytes,
) -> Response {
    let Some(sessions) = &guard.sessions else { return StatusCode::NOT_FOUND.into_response() };
    let token = url::form_urlencoded::parse(&body).find(|(name, _)| name == "token");
    let token = token.map(|(_, token)| token.trim().to_owned()).unwrap_or_default();
    match sessions.log_in(&token, peer.ip()).await {
        Ok(session) => to_the_page(session.id(), LIFETIME.as_secs()),
        Err(Refused::WrongToken) => form(StatusCode::UNAUTHORIZED, "This is not the token."),
        Err(Refused::TooManyAttempts) => {
            form(StatusCode::TOO_MANY_REQUESTS, "Another attempt is not answered yet: try again in a second.")
        }
    }
}

/// `POST /logout`.
pub(super) async fn log_out(State(guard): State<Arc<Guard>>, Extension(visitor): Extension<Visitor>) -> Response {
    if let (Some(sessions), Some(session)) = (&guard.sessions, &visitor.0) {
        sessions.log_out(session);
    }
    to_the_page("", 0)
}

fn to_the_page(id: &str, seconds: u64) -> Response {
    let cookie = format!("{COOKIE}={id}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict");
    (StatusCode::SEE_OTHER, [(header::LOCATION, "/"), (header::SET_COOKIE, cookie.as_str())]).into_response()
}

fn form(status: StatusCode, problem: &str) -> Response {
    (status, Html(LOG_IN.replace("PROBLEM", problem))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(headers: &[(&'static str, &'static str)], path: &'static str) -> Option<StatusCode> {
        let guard = Guard::new(&PageConfig { hosts: vec!["cameras.example".to_owned()], ..PageConfig::default() });
        let headers = headers
            .iter()
            .map(|(name, value)| (header::HeaderName::from_static(name), HeaderValue::from_static(value)));
        let mut all = HeaderMap::new();
        all.extend(headers);
        guard.refusal(&all, &Uri::from_static(path)).map(|(status, _)| status)
    }

    #[test]
    fn only_our_names_are_served() {
        for host in ["127.0.0.1:3000", "localhost:3000", "LOCALHOST", "[::1]:3000", "192.0.2.7", "cameras.example:8080"]
        {
            assert_eq!(refused(&[("host", host)], "/state"), None, "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:3000",
            "127.0.0.1.evil.example:3000",
            "localhost.evil.example",
            "cameras.example.evil.example",
            "127.0.0.1@evil.example",
            "",
        ] {
            assert_eq!(refused(&[("host", host)], "/state"), Some(StatusCode::MISDIRECTED_REQUEST), "{host}");
        }
        assert_eq!(refused(&[], "/state"), Some(StatusCode::BAD_REQUEST));
        let two = [("host", "localhost"), ("host", "evil.example")];
        assert_eq!(refused(&two, "/state"), Some(StatusCode::MISDIRECTED_REQUEST));
    }

    #[test]
    fn other_sites_are_refused() {
        let host = ("host", "localhost:3000");
        for (origin, status) in [
            ("http://localhost:3000", None),
            ("https://localhost:3000", None),
            ("http://localhost:3001", Some(StatusCode::FORBIDDEN)),
            ("http://evil.example", Some(StatusCode::FORBIDDEN)),
            ("http://evil.example/localhost:3000", Some(StatusCode::FORBIDDEN)),
            ("null", Some(StatusCode::FORBIDDEN)),
        ] {
            assert_eq!(refused(&[host, ("origin", origin)], "/login"), status, "{origin}");
        }
        for (site, path, status) in [
            ("same-origin", "/live/gate.mjpeg", None),
            ("none", "/live/gate.mjpeg", None),
            ("cross-site", "/", None),
            ("cross-site", "/live/gate.mjpeg", Some(StatusCode::FORBIDDEN)),
            ("same-site", "/state", Some(StatusCode::FORBIDDEN)),
        ] {
            assert_eq!(refused(&[host, ("sec-fetch-site", site)], path), status, "{site} {path}");
        }
    }
}
