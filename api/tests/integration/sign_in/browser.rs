//! A browser that signs in.

use std::collections::BTreeMap;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use super::DEADLINE;
use crate::api::Api;

/// A browser with its cookies. It follows no redirect by itself.
pub(super) struct Browser {
    pub(super) client: Client<HttpConnector, Full<Bytes>>,
    pub(super) cookies: BTreeMap<String, String>,
}

pub(super) struct Shown {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Shown {
    pub(super) fn location(&self) -> String {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{} {:?}", self.body, self.headers);
        self.headers["location"].to_str().expect("a text").to_owned()
    }

    pub(super) fn problem(&self) -> (u16, String) {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{}: {}", self.status, self.body));
        assert_eq!(self.headers["content-type"], "application/problem+json");
        (self.status.as_u16(), body["code"].as_str().expect("a code").to_owned())
    }

    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        let cookies = self.headers.get_all("set-cookie").iter().map(|value| value.to_str().expect("a text"));
        cookies.into_iter().find(|cookie| cookie.starts_with(&format!("{name}=")))
    }
}

impl Browser {
    pub(super) fn new() -> Self {
        Self { client: Client::builder(TokioExecutor::new()).build_http(), cookies: BTreeMap::new() }
    }

    pub(super) async fn show(&mut self, method: Method, url: &str, form: &str) -> Shown {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = Request::builder().method(method).uri(url).header("cookie", cookies.join("; "));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let sent = self.client.request(request.body(Full::from(form.to_owned())).expect("a request"));
        let answer = tokio::time::timeout(DEADLINE, sent).await.expect("an answer in time").expect("an answer");
        let (head, body) = answer.into_parts();
        for cookie in head.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().expect("a text");
            let (name, value) = cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("a pair");
            if value.is_empty() || cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let body = body.collect().await.expect("a body").to_bytes();
        Shown { status: head.status, headers: head.headers, body: String::from_utf8_lossy(&body).into_owned() }
    }

    pub(super) async fn get(&mut self, url: &str) -> Shown {
        self.show(Method::GET, url, "").await
    }

    /// Begins at the API, logs in at the provider, and stops at the address to which the provider leads back.
    pub(super) async fn log_in_at_provider(&mut self, api: &Api, query: &str, account: &str) -> String {
        let back = format!("http://{}/", api.address);
        let begun = self.get(&format!("{back}api/v1/sign-in/company{query}")).await;
        let cookie = begun.cookie("__Host-vru_sign_in").expect("a cookie");
        assert!(cookie.ends_with("Max-Age=600; Path=/; Secure; HttpOnly; SameSite=Lax"), "{cookie}");
        let mut url = begun.location();
        assert!(url.contains("code_challenge_method=S256") && url.contains("nonce="), "{url}");
        for _ in 0..10 {
            if url.starts_with(&back) {
                return url;
            }
            let mut shown = self.get(&url).await;
            if shown.status == StatusCode::OK {
                let form = if shown.body.contains("name=\"login\"") {
                    format!("prompt=login&login={account}&password=any")
                } else {
                    "prompt=consent".to_owned()
                };
                shown = self.show(Method::POST, &url, &form).await;
            }
            let base = url::Url::parse(&url).expect("an address");
            url = base.join(&shown.location()).expect("an address").to_string();
        }
        panic!("the provider does not lead back: {url}");
    }

    pub(super) async fn sign_in(&mut self, api: &Api, query: &str, account: &str) -> Shown {
        let back = self.log_in_at_provider(api, query, account).await;
        self.get(&back).await
    }

    /// Who is logged in.
    pub(super) async fn session(&mut self, api: &Api) -> (StatusCode, Value) {
        let shown = self.get(&format!("http://{}/api/v1/session", api.address)).await;
        (shown.status, serde_json::from_str(&shown.body).expect("JSON"))
    }
}
