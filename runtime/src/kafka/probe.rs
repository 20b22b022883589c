//! Probes whether the brokers answer, let the service in, and allow it what it needs.

use std::time::Duration;

use parking_lot::Mutex;
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tokio_util::sync::CancellationToken;

use super::access::Needs;
use super::config::KafkaConfig;
use super::context;
use crate::admin::ReadyFlag;

/// Pause between probes.
const INTERVAL: Duration = Duration::from_secs(2);
/// How long each question of a probe may take; without an answer to the first, there are two. Together with the pause it bounds how late
/// an outage is reported.
const DEADLINE: Duration = Duration::from_secs(2);

/// Sets `ready` to whether Kafka can be used, until stopped: a broker answers, accepts the log-in, and allows `needs`. Producers and
/// consumers recover from most failures without reporting them, so only this probe shows them.
pub async fn watch_kafka(config: KafkaConfig, needs: Needs, ready: ReadyFlag, stop: CancellationToken) {
    config.log_rack();
    let mut probe = Some(Probe { config, needs, client: None });
    while !stop.is_cancelled() {
        let Some(mut probing) = probe.take() else { return };
        let probed = tokio::task::spawn_blocking(move || {
            let answer = probing.run();
            (probing, answer)
        });
        match probed.await {
            Ok((back, answer)) => {
                probe = Some(back);
                match answer {
                    Ok(()) => ready.ready(),
                    Err(why) => ready.not_ready(why),
                }
            }
            Err(error) => return ready.not_ready(format!("the probe of Kafka ended: {error}")),
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = stop.cancelled() => {}
        }
    }
}

struct Probe {
    config: KafkaConfig,
    needs: Needs,
    client: Option<BaseConsumer<ErrorContext>>,
}

impl Probe {
    fn run(&mut self) -> Result<(), String> {
        let client = if let Some(client) = self.client.take() {
            client
        } else {
            let created = self.config.client("vru-probe", &[]).create_with_context(ErrorContext::default());
            created.map_err(|error| format!("cannot create a Kafka client: {error}"))?
        };
        let mut refused = || {
            // The callbacks of the context run here.
            drop(client.poll(Duration::ZERO));
            client.context().refusal().is_some()
        };
        let answer = self.needs.missing(client.client(), &self.config.principal(), DEADLINE, &mut refused);
        match answer {
            Ok(missing) => {
                client.context().forget();
                self.client = Some(client);
                missing.map_or(Ok(()), Err)
            }
            // A client that got no answer may have lost its cluster for good (see `rebootstrap`), so the next probe uses a new one.
            Err(error) => {
                refused();
                Err(client.context().explain(&error))
            }
        }
    }
}

/// Remembers the newest errors that librdkafka reports of its connections.
#[derive(Debug, Default)]
struct ErrorContext {
    errors: Mutex<Errors>,
}

#[derive(Debug, Default)]
struct Errors {
    /// The broker refused the log-in, or one side refused the other's certificate.
    refusal: Option<(RDKafkaErrorCode, String)>,
    other: Option<String>,
}

impl ErrorContext {
    fn refusal(&self) -> Option<(RDKafkaErrorCode, String)> {
        self.errors.lock().refusal.clone()
    }

    fn forget(&self) {
        *self.errors.lock() = Errors::default();
    }

    fn explain(&self, error: &KafkaError) -> String {
        let errors = self.errors.lock();
        match (&errors.refusal, &errors.other) {
            (Some((RDKafkaErrorCode::SSL, reason)), _) => format!(
                "TLS with Kafka fails: {reason}; check kafka.ssl_ca_location, and kafka.ssl_certificate if the brokers ask for one"
            ),
            (Some((_, reason)), _) => format!(
                "Kafka refuses the log-in: {reason}; check kafka.sasl_mechanism, kafka.sasl_username and kafka.sasl_password"
            ),
            (None, Some(reason)) => format!("no Kafka broker answers: {reason}"),
            (None, None) => format!("no Kafka broker answers: {error}"),
        }
    }
}

impl ClientContext for ErrorContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        context::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let mut errors = self.errors.lock();
        match error.rdkafka_error_code() {
            Some(
                code @ (RDKafkaErrorCode::SSL
                | RDKafkaErrorCode::Authentication
                | RDKafkaErrorCode::SaslAuthenticationFailed),
            ) => {
                errors.refusal = Some((code, reason.to_owned()));
            }
            // The other side's alert, for example that it does not know our certificate.
            _ if reason.contains("SSL ") => errors.refusal = Some((RDKafkaErrorCode::SSL, reason.to_owned())),
            // Says nothing of the cause.
            Some(RDKafkaErrorCode::AllBrokersDown) => {}
            _ => errors.other = Some(reason.to_owned()),
        }
    }
}

impl ConsumerContext for ErrorContext {}
