//! People and programs that use the API the whole time, through its load balancer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

const DEADLINE: Duration = Duration::from_secs(40);
/// Between two requests of one client.
const PAUSE: Duration = Duration::from_millis(50);

/// A client that keeps its connection.
#[derive(Clone)]
pub struct ApiClient {
    pub address: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
    cookie: Option<String>,
}

pub struct Answer {
    pub status: u16,
    pub tag: String,
    pub body: Value,
    cookie: Option<String>,
}

impl ApiClient {
    pub fn new(address: SocketAddr) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { address, client, cookie: None }
    }

    pub async fn log_in(&mut self, name: &str, password: &str) {
        let answer =
            self.call(Method::POST, "/api/v1/session", "", &json!({ "name": name, "password": password })).await;
        let answer = answer.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
        self.cookie = answer.cookie;
    }

    /// The cookie of the session.
    pub fn cookie(&self) -> &str {
        self.cookie.as_deref().expect("somebody is logged in")
    }

    pub async fn create(&self, path: &str, body: Value) -> Value {
        let answer = self.call(Method::POST, path, "", &body).await.unwrap();
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.body
    }

    pub async fn call(&self, method: Method, path: &str, tag: &str, body: &Value) -> Result<Answer, String> {
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        if !tag.is_empty() {
            request = request.header("if-match", tag);
        }
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = request.header("content-type", "application/json").body(Full::from(body)).unwrap();
        let exchange = async {
            let (head, body) = self.client.request(request).await.map_err(|error| format!("{error:?}"))?.into_parts();
            let body = body.collect().await.map_err(|error| format!("the body ends: {error:?}"))?.to_bytes();
            let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
            let cookie = header("set-cookie").split(';').next().filter(|cookie| !cookie.is_empty());
            Ok(Answer {
                status: head.status.as_u16(),
                tag: header("etag").to_owned(),
                cookie: cookie.map(str::to_owned),
                body: serde_json::from_slice(&body).unwrap_or(Value::Null),
            })
        };
        tokio::time::timeout(DEADLINE, exchange).await.unwrap_or_else(|_| Err("no answer in time".to_owned()))
    }
}

/// What the clients did.
#[derive(Debug, Default)]
pub struct Done {
    pub answered: AtomicU64,
    pub failed: Mutex<Vec<String>>,
    /// The name of the changed camera in the last answer.
    pub last_name: Mutex<String>,
}

/// Clients that read in turn, and one that changes a camera. They run until the stop.
pub struct ApiLoad {
    pub done: Arc<Done>,
    stop: CancellationToken,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl ApiLoad {
    pub fn start(runtime: &Runtime, client: &ApiClient, reads: &[String], changed: (String, Value)) -> Self {
        let mut load = Self::reading(runtime, client, reads);
        load.change(runtime, client, changed);
        load
    }

    /// Without the one that changes a camera.
    pub fn reading(runtime: &Runtime, client: &ApiClient, reads: &[String]) -> Self {
        let (done, stop) = (Arc::new(Done::default()), CancellationToken::new());
        let mut tasks = Vec::new();
        for _ in 0..2 {
            let (client, done, stop, reads) = (client.clone(), done.clone(), stop.clone(), reads.to_vec());
            tasks.push(runtime.spawn(async move {
                for path in reads.iter().cycle() {
                    done.note(path, client.call(Method::GET, path, "", &Value::Null).await);
                    if stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await.is_none() {
                        return;
                    }
                }
            }));
        }
        Self { done, stop, tasks }
    }

    fn change(&mut self, runtime: &Runtime, client: &ApiClient, changed: (String, Value)) {
        let (client, noted, stopped) = (client.clone(), self.done.clone(), self.stop.clone());
        self.tasks.push(runtime.spawn(async move {
            let (path, mut body) = changed;
            let mut tag = client.call(Method::GET, &path, "", &Value::Null).await.unwrap().tag;
            for number in 0_u64.. {
                let name = format!("renamed {number}");
                body["settings"]["name"] = json!(name);
                let answer = client.call(Method::PUT, &path, &tag, &body).await;
                if let Ok(answer) = &answer {
                    tag.clone_from(&answer.tag);
                }
                if noted.note(&path, answer) {
                    *noted.last_name.lock() = name;
                }
                if stopped.run_until_cancelled(tokio::time::sleep(PAUSE * 10)).await.is_none() {
                    return;
                }
            }
        }));
    }

    /// Ends between two requests.
    pub fn stop(self, runtime: &Runtime) -> Arc<Done> {
        self.stop.cancel();
        for task in self.tasks {
            runtime.block_on(task).unwrap();
        }
        self.done
    }
}

impl Done {
    fn note(&self, path: &str, answer: Result<Answer, String>) -> bool {
        let failure = match answer {
            Ok(answer) if answer.status == 200 => None,
            Ok(answer) => Some(format!("{path}: {} {}", answer.status, answer.body)),
            Err(error) => Some(format!("{path}: {error}")),
        };
        let succeeded = failure.is_none();
        match failure {
            None => drop(self.answered.fetch_add(1, Ordering::Relaxed)),
            Some(failure) => self.failed.lock().push(failure),
        }
        succeeded
    }
}
