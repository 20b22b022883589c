//! The admin server of a service:
//! - `/health` answers 200 while the process runs.
//! - `/ready` answers 200 when every part of the service that it needs can work, else 503 with the parts that cannot and why. What it
//!   serves less well without is in `limited_by`, and changes no status.
//! - `/serving` answers 200 from when `/ready` could for the first time. It is for services whose clients must stay although a server is
//!   away: a load balancer that follows it keeps its targets, and a roll-out still waits until a new version works.
//! - `/metrics` answers in the Prometheus text format.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use parking_lot::Mutex;
use serde_json::json;
use tokio::net::TcpListener;

use crate::http_server::{self, ConnectionBounds};
use crate::shutdown::Shutdown;

const BOUNDS: ConnectionBounds = ConnectionBounds { most: 256, idle: Duration::from_secs(75) };

/// The readiness of a service: ready when all parts added by [`Readiness::part`] are ready. A service without parts is starting.
///
/// A service adds all its parts before the first of them becomes ready: a part that is added later does not count until then.
#[derive(Debug, Clone, Default)]
pub struct Readiness {
    parts: Arc<Mutex<BTreeMap<String, Part>>>,
    was_ready: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Part {
    needed: bool,
    /// Why it is not ready; none: it is ready.
    reason: Option<String>,
}

impl Readiness {
    /// Adds a part, not ready, with the reason `starting`.
    pub fn part(&self, name: impl Into<String>) -> ReadyFlag {
        self.add(name.into(), true)
    }

    /// Adds a part without which the service serves on, but not everything.
    pub fn helpful_part(&self, name: impl Into<String>) -> ReadyFlag {
        self.add(name.into(), false)
    }

    fn add(&self, name: String, needed: bool) -> ReadyFlag {
        let flag = ReadyFlag { readiness: self.clone(), name, needed };
        flag.not_ready("starting");
        flag
    }

    /// Each part that is needed and not ready, and why. Empty: the service is ready.
    pub fn waiting_for(&self) -> BTreeMap<String, String> {
        let parts = self.parts.lock();
        if !parts.values().any(|part| part.needed) {
            // `/ready` is served from the start, before the service has added the parts that it needs.
            return BTreeMap::from([("service".to_owned(), "starting".to_owned())]);
        }
        not_ready(&parts, true)
    }

    /// Whether it was ready at some time.
    pub fn was_ready(&self) -> bool {
        self.was_ready.load(Ordering::Acquire)
    }

    /// Each part that is not ready, and why, without which the service serves on.
    pub fn limited_by(&self) -> BTreeMap<String, String> {
        not_ready(&self.parts.lock(), false)
    }
}

fn not_ready(parts: &BTreeMap<String, Part>, needed: bool) -> BTreeMap<String, String> {
    let parts = parts.iter().filter(|(_, part)| part.needed == needed);
    parts.filter_map(|(name, part)| Some((name.clone(), part.reason.clone()?))).collect()
}

/// Sets the readiness of one part of a service.
#[derive(Debug, Clone)]
pub struct ReadyFlag {
    readiness: Readiness,
    name: String,
    needed: bool,
}

impl ReadyFlag {
    pub fn ready(&self) {
        self.set(None);
    }

    /// `reason` is for operators: it says what failed or what the part waits for. `/ready` shows it, and it is logged if the part was
    /// ready before.
    pub fn not_ready(&self, reason: impl Into<String>) {
        self.set(Some(&reason.into()));
    }

    fn set(&self, reason: Option<&str>) {
        let mut parts = self.readiness.parts.lock();
        let part = Part { needed: self.needed, reason: reason.map(str::to_owned) };
        let before = parts.insert(self.name.clone(), part).map(|part| part.reason);
        if self.needed && not_ready(&parts, true).is_empty() {
            self.readiness.was_ready.store(true, Ordering::Release);
        }
        match (&before, reason) {
            (Some(None), Some(reason)) => tracing::warn!(part = self.name, reason, "service part is no longer ready"),
            (Some(Some(_)), None) => tracing::info!(part = self.name, "service part is ready"),
            _ => {}
        }
    }
}

/// Starts the server, which runs until the hard stop. Returns the address it listens on, or an error if the port is in use.
pub async fn serve(address: SocketAddr, readiness: Readiness, shutdown: &Shutdown) -> Result<SocketAddr, AdminError> {
    let bind = |source| AdminError { address, source };
    let listener = TcpListener::bind(address).await.map_err(bind)?;
    let bound = listener.local_addr().map_err(bind)?;
    let app = router(readiness);
    let (stop, failure) = (shutdown.hard.clone(), shutdown.failure.clone());
    // Outside of the service's tracker: it serves until everything else has ended.
    tokio::spawn(async move {
        let _report = failure.on_panic("the admin server");
        http_server::serve("the admin server", listener, None, app, BOUNDS, stop).await;
    });
    Ok(bound)
}

/// The admin server cannot listen on its address.
#[derive(Debug, thiserror::Error)]
#[error("the admin server cannot listen on {address}")]
pub struct AdminError {
    pub address: SocketAddr,
    #[source]
    pub source: std::io::Error,
}

fn router(readiness: Readiness) -> Router {
    let metrics = || async { ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], crate::metrics::encode()) };
    Router::new()
        .route("/health", get(|| async { Json(json!({"status": "alive"})) }))
        .route("/ready", get(ready))
        .route("/serving", get(serving))
        .route("/metrics", get(metrics))
        .with_state(readiness)
}

async fn ready(State(readiness): State<Readiness>) -> impl IntoResponse {
    let waiting_for = readiness.waiting_for();
    let ready = waiting_for.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({"ready": ready, "waiting_for": waiting_for, "limited_by": readiness.limited_by()})))
}

async fn serving(State(readiness): State<Readiness>) -> impl IntoResponse {
    let serving = readiness.was_ready();
    let status = if serving { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({"serving": serving})))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_ready_when_every_part_is() {
        let readiness = Readiness::default();
        assert_eq!(readiness.waiting_for()["service"], "starting");
        let kafka = readiness.part("kafka");
        let model = readiness.part("model");
        kafka.ready();
        assert!(!readiness.was_ready());
        assert_eq!(
            readiness.waiting_for().into_iter().collect::<Vec<_>>(),
            [("model".to_owned(), "starting".to_owned())]
        );
        model.ready();
        assert!(readiness.waiting_for().is_empty());
        assert!(readiness.was_ready());
        kafka.not_ready("no broker answers");
        assert_eq!(readiness.waiting_for()["kafka"], "no broker answers");
        assert!(readiness.was_ready(), "it serves on");
    }

    #[test]
    fn a_part_that_is_not_needed_is_named_and_does_not_make_the_service_wait() {
        let readiness = Readiness::default();
        let kafka = readiness.helpful_part("kafka");
        assert_eq!(readiness.waiting_for()["service"], "starting", "it has not said yet what it needs");
        let database = readiness.part("database");
        database.ready();
        assert!(readiness.waiting_for().is_empty());
        assert_eq!(readiness.limited_by()["kafka"], "starting");
        kafka.ready();
        assert!(readiness.limited_by().is_empty());
        database.not_ready("no answer");
        assert_eq!(readiness.waiting_for()["database"], "no answer");
    }
}
