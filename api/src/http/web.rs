//! The web app: the files of its build, which this program reads once at its start. Every page of the app is `index.html`, and what it may
//! load and run is in the policy that comes with it.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// What the build writes where a nonce belongs.
const PLACEHOLDER: &str = "__CSP_NONCE__";
/// The build puts the hash of their content into the names of the files in this folder.
const HASHED: &str = "/assets/";
/// These belong to the API.
const RESERVED: [&str; 3] = ["/api", "/docs", "/.well-known"];
const LARGEST_FILE: u64 = 16 * 1024 * 1024;
const MOST_FILES: usize = 2000;

/// The built app; without a folder there is none.
#[derive(Debug)]
pub(crate) struct WebApp {
    index: String,
    files: HashMap<String, File>,
    /// From where the page may load pictures besides its own origin.
    pictures: Option<String>,
}

#[derive(Debug)]
struct File {
    content: Bytes,
    kind: &'static str,
    tag: String,
    hashed: bool,
}

impl WebApp {
    /// `pictures`: the origin at which browsers find pictures.
    pub(crate) fn load(folder: &Path, pictures: Option<String>) -> anyhow::Result<Option<Self>> {
        if folder.as_os_str().is_empty() {
            return Ok(None);
        }
        let index = folder.join("index.html");
        let text = fs::read_to_string(&index).with_context(|| format!("read {}", index.display()))?;
        let mut files = HashMap::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(&next).with_context(|| format!("list {}", next.display()))? {
                let path = entry.with_context(|| format!("list {}", next.display()))?.path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let Some((name, file)) = File::read(folder, &path)? else { continue };
                files.insert(name, file);
                anyhow::ensure!(files.len() <= MOST_FILES, "{} has more than {MOST_FILES} files", folder.display());
            }
        }
        Ok(Some(Self { index: text, files, pictures }))
    }

    /// `None`: the request is for the API.
    fn answer(&self, request: &Request) -> Option<Response> {
        let path = request.uri().path();
        if ![Method::GET, Method::HEAD].contains(request.method()) || is_reserved(path) {
            return None;
        }
        if let Some(file) = self.files.get(path) {
            return Some(file.answer(request.headers()));
        }
        // A file that is missing is an error; only a page of the app has a path that is no file.
        (!path.starts_with(HASHED) && wants_page(request.headers())).then(|| self.page())
    }

    fn page(&self) -> Response {
        let nonce = STANDARD.encode(rand::random::<[u8; 16]>());
        let pictures = self.pictures.as_deref().unwrap_or_default();
        let policy = format!(
            "default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; \
             img-src 'self' data: blob: {pictures}; media-src 'self' blob: {pictures}; object-src 'none'; base-uri 'none'; \
             form-action 'self'; frame-ancestors 'none'"
        );
        let Ok(policy) = HeaderValue::try_from(policy) else {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        // Each answer has its own nonce, so that none may be kept and asked for by its tag.
        let headers: [(HeaderName, HeaderValue); 6] = [
            (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
            (header::CONTENT_SECURITY_POLICY, policy),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
            (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
        ];
        (headers, self.index.replace(PLACEHOLDER, &nonce)).into_response()
    }
}

impl File {
    /// `None`: it is not served by its name.
    fn read(folder: &Path, path: &Path) -> anyhow::Result<Option<(String, Self)>> {
        let name = path.strip_prefix(folder).ok().and_then(Path::to_str);
        let Some(name) = name.filter(|name| *name != "index.html") else { return Ok(None) };
        let size = fs::metadata(path).with_context(|| format!("read {}", path.display()))?.len();
        anyhow::ensure!(size <= LARGEST_FILE, "{} has {size} bytes, more than {LARGEST_FILE}", path.display());
        let content = fs::read(path).with_context(|| format!("read {}", path.display()))?;
        let name = format!("/{name}");
        let tag = format!("\"{}\"", hex::encode(&Sha256::digest(&content)[..16]));
        let file = Self { kind: kind(&name), tag, hashed: name.starts_with(HASHED), content: content.into() };
        Ok(Some((name, file)))
    }

    fn answer(&self, asked: &HeaderMap) -> Response {
        let cache = if self.hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
        let headers = [
            (header::CONTENT_TYPE, self.kind),
            (header::CACHE_CONTROL, cache),
            (header::ETAG, &self.tag),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        let known = asked.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
        // Compression makes the tag weak.
        if known.is_some_and(|tags| tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == self.tag)) {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        (headers, self.content.clone()).into_response()
    }
}

fn is_reserved(path: &str) -> bool {
    let rest = RESERVED.iter().find_map(|reserved| path.strip_prefix(reserved));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a browser opens a page, and does not load a part of one.
fn wants_page(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match text("sec-fetch-mode") {
        Some(mode) => mode == "navigate",
        None => text(header::ACCEPT.as_str()).is_some_and(|kinds| kinds.contains("text/html")),
    }
}

fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "txt" => "text/plain; charset=utf-8",
        "webmanifest" => "application/manifest+json",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

/// Answers with the app what is not for the API.
pub(crate) async fn serve_web(State(app): State<Arc<Option<WebApp>>>, request: Request, next: Next) -> Response {
    match app.as_ref().as_ref().and_then(|app| app.answer(&request)) {
        Some(answer) => answer,
        None => next.run(request).await,
    }
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use vru_runtime::test_util::folder;

    use super::*;

    const NAVIGATION: (&str, &str) = ("sec-fetch-mode", "navigate");

    fn app() -> WebApp {
        let folder = folder("web-app");
        fs::create_dir(folder.join("assets")).unwrap();
        fs::write(folder.join("index.html"), "<script nonce=\"__CSP_NONCE__\"></script>").unwrap();
        fs::write(folder.join("assets/main-1a2b.js"), "main()").unwrap();
        fs::write(folder.join("icon.svg"), "<svg/>").unwrap();
        WebApp::load(&folder, Some("https://pictures.example.org".to_owned())).unwrap().unwrap()
    }

    fn ask(app: &WebApp, method: Method, path: &str, headers: &[(&str, &str)]) -> Option<Response> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        app.answer(&request.body(Body::empty()).unwrap())
    }

    fn value<'a>(response: &'a Response, name: &str) -> &'a str {
        response.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[tokio::test]
    async fn each_page_has_a_nonce_of_its_own_in_text_and_policy() {
        let app = app();
        let mut nonces = Vec::new();
        for path in ["/", "/sites/a/cameras", "/index.html", "/apiary"] {
            let page = ask(&app, Method::GET, path, &[NAVIGATION]).unwrap();
            let policy = value(&page, "content-security-policy").to_owned();
            assert!(policy.contains("img-src 'self' data: blob: https://pictures.example.org;"), "{policy}");
            assert!(!policy.contains("unsafe"), "{policy}");
            assert_eq!((value(&page, "cache-control"), value(&page, "etag")), ("no-cache", ""));
            let text = String::from_utf8(to_bytes(page.into_body(), 1000).await.unwrap().to_vec()).unwrap();
            let nonce = text.split('"').nth(1).unwrap().to_owned();
            assert_eq!(policy.matches(&format!("'nonce-{nonce}'")).count(), 2, "{policy} {text}");
            nonces.push(nonce);
        }
        nonces.sort();
        nonces.dedup();
        assert_eq!(nonces.len(), 4);
    }

    #[test]
    fn what_is_no_page_is_left_to_the_api() {
        let app = app();
        for (method, path, headers) in [
            (Method::GET, "/api/v1/sites", &[NAVIGATION][..]),
            (Method::GET, "/api", &[NAVIGATION]),
            (Method::GET, "/docs/", &[NAVIGATION]),
            (Method::GET, "/.well-known/jwks.json", &[NAVIGATION]),
            (Method::POST, "/", &[NAVIGATION]),
            (Method::GET, "/assets/old-9.js", &[NAVIGATION]),
            (Method::GET, "/cameras", &[("sec-fetch-mode", "cors"), ("accept", "text/html")]),
            (Method::GET, "/cameras", &[("accept", "*/*")]),
        ] {
            assert!(ask(&app, method.clone(), path, headers).is_none(), "{method} {path}");
        }
        assert!(ask(&app, Method::GET, "/cameras", &[("accept", "text/html,*/*")]).is_some());
    }

    #[test]
    fn hashed_files_stay_in_caches_and_others_are_asked_for_by_their_tag() {
        let app = app();
        let script = ask(&app, Method::GET, "/assets/main-1a2b.js", &[]).unwrap();
        assert_eq!(value(&script, "cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(value(&script, "content-type"), "text/javascript; charset=utf-8");
        let icon = ask(&app, Method::GET, "/icon.svg", &[]).unwrap();
        assert_eq!((icon.status(), value(&icon, "cache-control")), (StatusCode::OK, "no-cache"));
        let tag = format!("W/{}", value(&icon, "etag"));
        let again = ask(&app, Method::GET, "/icon.svg", &[("if-none-match", &tag)]).unwrap();
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    }

    #[test]
    fn a_folder_without_an_app_is_an_error() {
        let folder = folder("no-web-app");
        assert!(WebApp::load(&folder, None).is_err());
        assert!(WebApp::load(Path::new(""), None).unwrap().is_none());
    }
}
