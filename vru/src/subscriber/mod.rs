//! A gRPC subscriber, as any client of the alert service can be: it receives every alert, and resumes with its token.

mod endpoint;
mod received;

use std::time::Duration;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;
use tonic::Code;
use vru_proto::v1::SubscribeRequest;
use vru_proto::v1::alerts_client::AlertsClient;
use vru_proto::v1::subscribe_response::Event;
use vru_runtime::clock::now_us;
use vru_runtime::retry::{Backoff, BackoffConfig};

pub use endpoint::Endpoint;
pub use received::Received;

/// Subscribes until `stop`. Whenever the stream ends, it resumes.
pub async fn run(endpoint: Endpoint, received: Received, stop: CancellationToken) {
    let mut backoff = Backoff::new(BackoffConfig { initial: Duration::from_millis(50), max: Duration::from_secs(2) });
    let mut token = String::new();
    loop {
        let ended = tokio::select! {
            ended = stream(&endpoint, &received, &mut token, &mut backoff) => ended,
            () = stop.cancelled() => return,
        };
        received.set_connected(false);
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
    let subscribed = client.subscribe(request).await;
    if let Err(status) = &subscribed
        && status.code() == Code::InvalidArgument
        && !token.is_empty()
    {
        // The topic was created anew, or the server reads another Kafka cluster.
        tracing::warn!(error = status.message(), "the resume token was rejected: alerts in between are lost");
        token.clear();
    }
    let mut responses = subscribed.context("subscribe")?.into_inner();
    loop {
        let next = tokio::time::timeout(endpoint.silence, responses.message()).await;
        let next = next.context("no response and no heartbeat in time")?;
        let Some(response) = next.context("read the stream")? else { return Ok(()) };
        // From the first response on nothing is lost: it carries the first token.
        received.set_connected(true);
        if !response.resume_token.is_empty() {
            *token = response.resume_token;
        }
        if !matches!(response.event, Some(Event::Subscribed(_))) {
            // Not after the first response: a server may accept a subscriber and end its stream at once.
            backoff.reset();
        }
        match response.event {
            Some(Event::Alert(alert)) => received.add_alert(&alert, now_us()),
            Some(Event::Gap(gap)) => received.add_missed(gap.missed_records),
            Some(Event::Subscribed(_) | Event::Heartbeat(_)) | None => {}
        }
    }
}
