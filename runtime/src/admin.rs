//! The admin server of a service: `/health` (the process lives), `/ready` (it can do its work; if not, what it waits for) and
//! `/metrics` (Prometheus).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use parking_lot::Mutex;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What a service waits for before it is ready. Parts join by [`Readiness::part`]; all must be ready.
#[derive(Debug, Clone, Default)]
pub struct Readiness {
    parts: Arc<Mutex<BTreeMap<String, Option<String>>>>,
}

impl Readiness {
    /// Adds a part that is not ready yet.
    pub fn part(&self, name: impl Into<String>) -> ReadyFlag {
        let flag = ReadyFlag { readiness: self.clone(), name: name.into() };
        flag.not_ready("starting");
        flag
    }

    /// Part → what it waits for. Empty: ready.
    pub fn waiting_for(&self) -> BTreeMap<String, String> {
        let parts = self.parts.lock();
        parts.iter().filter_map(|(name, waits)| Some((name.clone(), waits.clone()?))).collect()
    }
}

/// One part's say in whether the service is ready.
#[derive(Debug, Clone)]
pub struct ReadyFlag {
    readiness: Readiness,
    name: String,
}

impl ReadyFlag {
    /// The part can do its work.
    pub fn ready(&self) {
        self.set(None);
    }

    /// The part cannot, and why.
    pub fn not_ready(&self, why: impl Into<String>) {
        self.set(Some(&why.into()));
    }

    /// The part no longer exists.
    pub fn remove(&self) {
        self.readiness.parts.lock().remove(&self.name);
    }

    fn set(&self, waits_for: Option<&str>) {
        let mut parts = self.readiness.parts.lock();
        let before = parts.insert(self.name.clone(), waits_for.map(str::to_owned));
        match (&before, waits_for) {
            (Some(None), Some(why)) => tracing::warn!(part = self.name, why, "no longer ready"),
            (Some(Some(_)), None) => tracing::info!(part = self.name, "ready"),
            _ => {}
        }
    }
}

/// Serves until `stop`. Binds before it returns, so that a port that is taken is an error at start.
pub async fn serve(
    address: SocketAddr,
    readiness: Readiness,
    stop: CancellationToken,
) -> Result<SocketAddr, AdminError> {
    let bind = |source| AdminError { address, source };
    let listener = TcpListener::bind(address).await.map_err(bind)?;
    let bound = listener.local_addr().map_err(bind)?;
    let app = router(readiness);
    tokio::spawn(async move {
        let serving = axum::serve(listener, app).with_graceful_shutdown(stop.cancelled_owned());
        if let Err(error) = serving.await {
            tracing::error!(%error, "the admin server ended");
        }
    });
    Ok(bound)
}

/// The admin server's address is not to be had.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address} for the admin server")]
pub struct AdminError {
    /// Where.
    pub address: SocketAddr,
    /// Why.
    #[source]
    pub source: std::io::Error,
}

fn router(readiness: Readiness) -> Router {
    let metrics = || async { ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], crate::metrics::encode()) };
    Router::new()
        .route("/health", get(|| async { Json(json!({"status": "alive"})) }))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .with_state(readiness)
}

async fn ready(State(readiness): State<Readiness>) -> impl IntoResponse {
    let waiting_for = readiness.waiting_for();
    let ready = waiting_for.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({"ready": ready, "waiting_for": waiting_for})))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_only_when_every_part_is() {
        let readiness = Readiness::default();
        assert!(readiness.waiting_for().is_empty());
        let kafka = readiness.part("kafka");
        let model = readiness.part("model");
        kafka.ready();
        assert_eq!(
            readiness.waiting_for().into_iter().collect::<Vec<_>>(),
            [("model".to_owned(), "starting".to_owned())]
        );
        model.ready();
        assert!(readiness.waiting_for().is_empty());
        kafka.not_ready("no broker answers");
        assert_eq!(readiness.waiting_for()["kafka"], "no broker answers");
    }
}
