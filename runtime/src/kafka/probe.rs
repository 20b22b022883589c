//! Whether a broker answers.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use tokio_util::sync::CancellationToken;

use super::config::KafkaConfig;
use super::context::LogContext;
use super::error::KafkaFailure;
use crate::admin::ReadyFlag;

/// Pause between questions.
const EVERY: Duration = Duration::from_secs(2);
/// How long an answer may take. With the pause it bounds how late an outage is told.
const ANSWER: Duration = Duration::from_secs(3);

/// Says by `ready` whether a broker answers, until stopped. The clients go on by themselves when it is back, so this is the only
/// one that notices how long it was away.
pub async fn watch_broker(config: KafkaConfig, ready: ReadyFlag, stop: CancellationToken) {
    let mut client: Option<BaseConsumer<LogContext>> = None;
    while !stop.is_cancelled() {
        let (mut asking, config) = (client.take(), config.clone());
        let asked = tokio::task::spawn_blocking(move || {
            let answer = ask(&mut asking, &config);
            (asking, answer)
        });
        match asked.await {
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
            () = tokio::time::sleep(EVERY) => {}
            () = stop.cancelled() => {}
        }
    }
}

fn ask(client: &mut Option<BaseConsumer<LogContext>>, config: &KafkaConfig) -> Result<(), KafkaFailure> {
    let fail = |source| KafkaFailure::new("ask for the brokers", "-", source);
    let asking = match client.take() {
        Some(client) => client,
        None => config.client("vru-probe").create_with_context(LogContext).map_err(fail)?,
    };
    // One topic and not all of them: a cluster may have thousands.
    asking.fetch_metadata(Some(&config.topics().cameras), ANSWER).map_err(fail)?;
    // One that got no answer may have lost its cluster for good; the next question is a fresh one's.
    *client = Some(asking);
    Ok(())
}
