//! A gRPC subscriber, as any client of the alert service can be: it receives every alert, and resumes with its token.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use tonic::metadata::{Ascii, MetadataValue};
use vru_auth::JwtConfig;
use vru_proto::v1::alerts_client::AlertsClient;
use vru_proto::v1::subscribe_response::Event;
use vru_proto::v1::{Alert, ClockSource, SubscribeRequest};
use vru_runtime::clock::now_us;
use vru_runtime::retry::{Backoff, BackoffConfig};
use vru_sink::alerts::config::{AlertsConfig, AuthMode};

use crate::latency::{Latencies, Percentiles};

/// Alerts kept for the live page.
const LATEST: usize = 24;
/// Ids remembered to recognise an alert that is delivered twice.
const REMEMBERED: usize = 10_000;
/// A stream is dead when nothing comes for this long: the server sends heartbeats more often.
const SILENCE: Duration = Duration::from_secs(30);

/// What the subscriber has received so far. All clones share it.
#[derive(Debug, Clone)]
pub struct Received {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    count: u64,
    missed: u64,
    latencies: Latencies,
    latest: VecDeque<Alert>,
    seen: HashSet<String>,
    order: VecDeque<String>,
    connected: bool,
}

impl Default for Received {
    fn default() -> Self {
        let state = State {
            count: 0,
            missed: 0,
            latencies: Latencies::new(10_000),
            latest: VecDeque::new(),
            seen: HashSet::new(),
            order: VecDeque::new(),
            connected: false,
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }
}

impl Received {
    /// Alerts, each id counted once.
    pub fn count(&self) -> u64 {
        self.state.lock().count
    }

    /// Records that Kafka had deleted before the subscriber received them.
    pub fn missed(&self) -> u64 {
        self.state.lock().missed
    }

    /// From capture to reception, milliseconds. None before the first alert of a live camera.
    pub fn glass_to_alert_ms(&self) -> Option<Percentiles> {
        self.state.lock().latencies.percentiles()
    }

    /// The latest alerts, newest first.
    pub fn latest(&self) -> Vec<Alert> {
        self.state.lock().latest.iter().cloned().collect()
    }

    /// Whether the stream is open and its first response has come: alerts that are published from now on are not missed.
    pub fn is_connected(&self) -> bool {
        self.state.lock().connected
    }

    fn take(&self, alert: Alert, now_us: i64) {
        let mut state = self.state.lock();
        if !state.seen.insert(alert.id.clone()) {
            return;
        }
        state.order.push_back(alert.id.clone());
        if state.order.len() > REMEMBERED
            && let Some(oldest) = state.order.pop_front()
        {
            state.seen.remove(&oldest);
        }
        state.count += 1;
        // The frames of a file were captured long ago: their latency means nothing.
        if alert.clock_source() != ClockSource::File {
            state.latencies.add(now_us.saturating_sub(alert.captured_at_us) as f64 / 1_000.0);
        }
        state.latest.push_front(alert);
        state.latest.truncate(LATEST);
    }
}

/// Where to subscribe, and how to authenticate.
#[derive(Debug, Clone)]
pub struct Endpoint {
    url: String,
    jwt: Option<JwtConfig>,
}

/// Validity of the bearer tokens that [`Endpoint`] signs for itself.
const TOKEN_SECONDS: i64 = 3_600;

impl Endpoint {
    /// The endpoint of the server that runs with this configuration. None when this process cannot subscribe to it: it has no private
    /// key to sign a bearer token with, or the server uses TLS, with a certificate for another name.
    pub fn of(config: &AlertsConfig) -> Option<Self> {
        let host =
            if config.listen.ip().is_unspecified() { "127.0.0.1".to_owned() } else { config.listen.ip().to_string() };
        let host = if config.listen.is_ipv6() && host.contains(':') { format!("[{host}]") } else { host };
        let url = format!("http://{host}:{}", config.listen.port());
        let jwt = match config.auth {
            AuthMode::None => None,
            AuthMode::Jwt if config.jwt.secret.is_empty() => return None,
            AuthMode::Jwt => Some(config.jwt.clone()),
        };
        config.tls.certificate.as_os_str().is_empty().then_some(Self { url, jwt })
    }

    fn authorization(&self) -> anyhow::Result<Option<MetadataValue<Ascii>>> {
        let Some(jwt) = &self.jwt else { return Ok(None) };
        let claims = serde_json::json!({
            "sub": "vru",
            "exp": now_us() / 1_000_000 + TOKEN_SECONDS,
            "iss": jwt.issuer,
            "aud": jwt.audience,
            "scope": jwt.scope,
        });
        let key = jsonwebtoken::EncodingKey::from_secret(jwt.secret.expose().as_bytes());
        let token =
            jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).context("sign a bearer token")?;
        Ok(Some(format!("Bearer {token}").parse().context("put the bearer token into a header")?))
    }
}

/// Subscribes until `stop`. Whenever the stream ends, it resumes.
pub async fn run(endpoint: Endpoint, received: Received, stop: CancellationToken) {
    let mut backoff = Backoff::new(BackoffConfig { initial: Duration::from_millis(50), max: Duration::from_secs(2) });
    let mut token = String::new();
    loop {
        let ended = tokio::select! {
            ended = stream(&endpoint, &received, &mut token, &mut backoff) => ended,
            () = stop.cancelled() => return,
        };
        received.state.lock().connected = false;
        if let Err(error) = ended {
            tracing::debug!(error = format!("{error:#}"), "the alert stream ended");
        }
        if !backoff.wait(&stop).await {
            return;
        }
    }
}

/// Reads one stream to its end.
async fn stream(
    endpoint: &Endpoint,
    received: &Received,
    token: &mut String,
    backoff: &mut Backoff,
) -> anyhow::Result<()> {
    let mut client = AlertsClient::connect(endpoint.url.clone()).await.context("connect")?;
    let request = SubscribeRequest { resume_token: token.clone(), ..SubscribeRequest::default() };
    let mut request = tonic::Request::new(request);
    if let Some(authorization) = endpoint.authorization()? {
        request.metadata_mut().insert("authorization", authorization);
    }
    let mut responses = client.subscribe(request).await.context("subscribe")?.into_inner();
    loop {
        let next =
            tokio::time::timeout(SILENCE, responses.message()).await.context("no response and no heartbeat in time")?;
        let Some(response) = next.context("read the stream")? else { return Ok(()) };
        backoff.reset();
        // From the first response on nothing is lost: it carries the first token.
        received.state.lock().connected = true;
        if !response.resume_token.is_empty() {
            *token = response.resume_token;
        }
        match response.event {
            Some(Event::Alert(alert)) => received.take(alert, now_us()),
            Some(Event::Gap(gap)) => received.state.lock().missed += gap.missed_records,
            Some(Event::Subscribed(_) | Event::Heartbeat(_)) | None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_that_is_delivered_twice_counts_once() {
        let received = Received::default();
        for id in ["a", "b", "a"] {
            received.take(Alert { id: id.to_owned(), captured_at_us: 1_000_000, ..Alert::default() }, 1_250_000);
        }
        assert_eq!(received.count(), 2);
        assert_eq!(received.glass_to_alert_ms(), Some(Percentiles { p50: 250.0, p95: 250.0 }));
        assert_eq!(received.latest()[0].id, "b");
        let clock_source = ClockSource::File.into();
        received.take(Alert { id: "c".to_owned(), clock_source, ..Alert::default() }, 9_000_000);
        assert_eq!((received.count(), received.glass_to_alert_ms().unwrap().p95), (3, 250.0));
    }

    #[test]
    fn only_the_latest_are_kept() {
        let received = Received::default();
        for number in 0..100 {
            received.take(Alert { id: number.to_string(), ..Alert::default() }, 0);
        }
        assert_eq!((received.latest().len(), received.count()), (LATEST, 100));
    }
}
