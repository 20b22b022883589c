//! Probes whether a broker answers.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use tokio_util::sync::CancellationToken;

use super::config::KafkaConfig;
use super::context::LogContext;
use super::error::KafkaFailure;
use crate::admin::ReadyFlag;

/// Pause between probes.
const INTERVAL: Duration = Duration::from_secs(2);
/// How long an answer may take. Together with the pause it bounds how late an outage is reported.
const DEADLINE: Duration = Duration::from_secs(3);

/// Sets `ready` to whether a broker answers, until stopped. Producers and consumers recover from an outage without reporting it, so only
/// this probe shows it.
pub async fn watch_broker(config: KafkaConfig, ready: ReadyFlag, stop: CancellationToken) {
    let mut client: Option<BaseConsumer<LogContext>> = None;
    while !stop.is_cancelled() {
        let (mut probing, config) = (client.take(), config.clone());
        let probed = tokio::task::spawn_blocking(move || {
            let answer = probe(&mut probing, &config);
            (probing, answer)
        });
        match probed.await {
            Ok((back, answer)) => {
                client = back;
                match answer {
                    Ok(()) => ready.ready(),
                    Err(error) => ready.not_ready(format!("no Kafka broker answers: {}", crate::report::chain(&error))),
                }
            }
            Err(error) => ready.not_ready(error.to_string()),
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = stop.cancelled() => {}
        }
    }
}

fn probe(client: &mut Option<BaseConsumer<LogContext>>, config: &KafkaConfig) -> Result<(), KafkaFailure> {
    let fail = |source| KafkaFailure::new("read metadata", "-", source);
    let probing = match client.take() {
        Some(client) => client,
        None => config.client("vru-probe").create_with_context(LogContext).map_err(fail)?,
    };
    // One topic instead of all: a cluster may have thousands.
    probing.fetch_metadata(Some(&config.topics().cameras), DEADLINE).map_err(fail)?;
    // A client that got no answer may have lost its cluster for good (see `rebootstrap`), so the next probe uses a new one.
    *client = Some(probing);
    Ok(())
}
