//! An API that a test runs, and a client that keeps its cookie.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use vru_api::{ApiConfig, RateConfig, create_admin};
use vru_runtime::secret::Secret;
use vru_runtime::service::ServiceContext;
use vru_runtime::test_util::{PostgresServer, eventually, free_port, postgres};

const DEADLINE: Duration = Duration::from_mins(1);
pub const ADMIN: &str = "Ada";
pub const PASSWORD: &str = "correct horse battery";

/// Ends when it is dropped.
pub struct Api {
    pub address: SocketAddr,
    pub config: ApiConfig,
    context: ServiceContext,
    pub database: String,
    server: &'static PostgresServer,
}

impl Drop for Api {
    fn drop(&mut self) {
        self.context.shutdown.soft.cancel();
        self.context.shutdown.hard.cancel();
    }
}

impl Api {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// With a database and a system admin of its own.
    pub async fn start_with(change: impl FnOnce(&mut ApiConfig)) -> Self {
        Self::start_on(tokio::task::block_in_place(postgres), change).await
    }

    /// With a database at this server.
    pub async fn start_on(server: &'static PostgresServer, change: impl FnOnce(&mut ApiConfig)) -> Self {
        let database = tokio::task::block_in_place(|| server.database());
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let mut config = ApiConfig::default();
        config.http.listen = address;
        config.database.connection.url = Secret::new(database.clone());
        config.database.migrate = true;
        config.log_in.concurrent = 1;
        // Members of one group share the partitions of their topics, and each test has topics of its own.
        config.webhooks.group = format!("webhooks-{}", address.port());
        // Tests ask faster than people.
        let fast = RateConfig { per_minute: 1_000_000, burst: 1_000_000 };
        (config.rate_limits.caller, config.rate_limits.address, config.rate_limits.log_in) = (fast, fast, fast);
        config.camera_tests.group = format!("camera-tests-{}", address.port());
        change(&mut config);
        let api = Self::run(config, database, server).await;
        create_admin(&api.config, ADMIN, "Ada Admin", Secret::new(PASSWORD)).await.expect("an admin can be added");
        api
    }

    /// Another one with the same database.
    pub async fn replica(&self) -> Self {
        self.replica_with(|_| {}).await
    }

    pub async fn replica_with(&self, change: impl FnOnce(&mut ApiConfig)) -> Self {
        let mut config = self.config.clone();
        config.http.listen = SocketAddr::from(([127, 0, 0, 1], free_port()));
        change(&mut config);
        Self::run(config, self.database.clone(), self.server).await
    }

    async fn run(config: ApiConfig, database: String, server: &'static PostgresServer) -> Self {
        let address = config.http.listen;
        let context = ServiceContext::default();
        let running = (config.clone(), context.clone());
        tokio::spawn(async move { vru_api::run(running.0, running.1).await.expect("the API runs") });
        eventually(DEADLINE, "the API is served", async || {
            tokio::net::TcpStream::connect(address).await.map(drop).map_err(|error| error.to_string())
        })
        .await;
        Self { address, config, context, database, server }
    }

    pub fn client(&self) -> ApiClient {
        let client = Client::builder(TokioExecutor::new()).build_http();
        ApiClient { address: self.address, client, cookie: None, key: None }
    }

    /// With an API key.
    pub fn program(&self, key: &str) -> ApiClient {
        ApiClient { key: Some(key.to_owned()), ..self.client() }
    }

    /// Logged in as the system admin.
    pub async fn admin(&self) -> ApiClient {
        let mut client = self.client();
        assert_eq!(client.log_in(ADMIN, PASSWORD).await.status, StatusCode::OK);
        client
    }

    /// Logged in as a new person with that role at the site.
    pub async fn member(&self, name: &str, site: &str, role: i16) -> ApiClient {
        create_admin(&self.config, name, name, Secret::new(PASSWORD)).await.expect("a person can be added");
        self.execute(&format!(
            "UPDATE users SET system_admin = false WHERE name = '{name}';
             INSERT INTO memberships SELECT id, '{site}', {role} FROM users WHERE name = '{name}'"
        ));
        let mut client = self.client();
        assert_eq!(client.log_in(name, PASSWORD).await.status, StatusCode::OK);
        client
    }

    /// As SIGTERM does.
    pub fn stop(&self) {
        self.context.shutdown.soft.cancel();
    }

    /// As `/ready` says it.
    pub fn limited_by(&self) -> BTreeMap<String, String> {
        self.context.readiness.limited_by()
    }

    pub fn execute(&self, sql: &str) {
        tokio::task::block_in_place(|| self.server.query(&self.database, sql));
    }

    pub fn query(&self, sql: &str) -> Vec<Vec<String>> {
        tokio::task::block_in_place(|| self.server.query(&self.database, sql))
    }
}

#[derive(Clone)]
pub struct ApiClient {
    address: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
    pub cookie: Option<String>,
    pub key: Option<String>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name} in {self:?}")).to_str().expect("a text")
    }

    /// Status, code and field of a problem.
    pub fn problem(&self) -> (u16, &str, &str) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let text = |name: &str| self.body[name].as_str().unwrap_or_default();
        assert_eq!(self.body["status"], self.status.as_u16());
        assert!(!text("detail").is_empty() && !text("title").is_empty(), "{self:?}");
        (self.status.as_u16(), text("code"), text("field"))
    }
}

impl ApiClient {
    /// A body is sent as it is, as JSON.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let (status, headers, bytes) = self.exchange(method, path, headers, body.to_owned()).await;
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).expect("JSON") };
        Answer { status, headers, body }
    }

    /// For an answer that is no JSON.
    pub async fn text(&self, method: Method, path: &str) -> (Answer, String) {
        let (answer, bytes) = self.bytes(method, path).await;
        (answer, String::from_utf8(bytes.to_vec()).expect("a text"))
    }

    /// For an answer that is no text.
    pub async fn bytes(&self, method: Method, path: &str) -> (Answer, Bytes) {
        let (status, headers, bytes) = self.exchange(method, path, &[], "").await;
        (Answer { status, headers, body: Value::Null }, bytes)
    }

    /// Status, headers and body as they come.
    pub async fn send_for_bytes(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
    ) -> (StatusCode, HeaderMap, Bytes) {
        self.exchange(method, path, headers, "").await
    }

    /// Sends a part of a file.
    pub async fn send_bytes(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Bytes) -> Answer {
        let (status, headers, bytes) = self.exchange(method, path, headers, body).await;
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).expect("JSON") };
        Answer { status, headers, body }
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> (StatusCode, HeaderMap, Bytes) {
        let body = body.into();
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        if let Some(key) = &self.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        if !body.is_empty() && !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::from(body)).expect("a request");
        let sent = tokio::time::timeout(DEADLINE, self.client.request(request));
        let (head, body) = sent.await.expect("an answer in time").expect("an answer").into_parts();
        (head.status, head.headers, body.collect().await.expect("a body").to_bytes())
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "").await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, &[], &body.to_string()).await
    }

    pub async fn put(&self, path: &str, tag: &str, body: &Value) -> Answer {
        self.send(Method::PUT, path, &[("if-match", tag)], &body.to_string()).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[], "").await
    }

    /// The same person, asking another replica.
    pub fn at(&self, api: &Api) -> Self {
        self.at_address(api.address)
    }

    pub fn at_address(&self, address: SocketAddr) -> Self {
        Self { address, ..self.clone() }
    }

    /// Returns the new site's id.
    pub async fn create_site(&self, name: &str) -> String {
        let answer =
            self.post("/api/v1/sites", &serde_json::json!({ "name": name, "time_zone": "Europe/Berlin" })).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        answer.body["id"].as_str().expect("an id").to_owned()
    }

    /// Makes a key for the site, or without one for all sites, that is good for an hour.
    pub async fn create_key(&self, site: Option<&str>, scopes: &[&str]) -> String {
        let path = site.map_or("/api/v1/keys".to_owned(), |site| format!("/api/v1/sites/{site}/keys"));
        let hour = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
        let body = serde_json::json!({ "name": "a program", "scopes": scopes, "expires_at": hour.to_string() });
        let answer = self.post(&path, &body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        answer.body["token"].as_str().expect("a token").to_owned()
    }

    /// All items of a list, read in pages of three.
    pub async fn all(&self, path: &str) -> Vec<Value> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("{path}?limit=3{cursor}")).await;
            assert_eq!(page.status, StatusCode::OK, "{page:?}");
            items.extend(page.body["items"].as_array().expect("items").iter().cloned());
            match page.body.get("next_cursor").and_then(Value::as_str) {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }

    pub async fn log_in(&mut self, name: &str, password: &str) -> Answer {
        let body = serde_json::json!({ "name": name, "password": password });
        let answer = self.post("/api/v1/session", &body).await;
        if answer.status == StatusCode::OK {
            let cookie = answer.header("set-cookie").split(';').next().unwrap_or_default();
            self.cookie = Some(cookie.to_owned());
        }
        answer
    }
}
