//! Runs the gRPC server, with health and reflection services beside ours, until shutdown.

use std::sync::Arc;

use anyhow::Context as _;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic_health::ServingStatus;
use vru_auth::{JwtVerifier, TokenVerifier};
use vru_proto::v1::FILE_DESCRIPTOR_SET;
use vru_runtime::admin::ReadyFlag;
use vru_runtime::kafka::KafkaConfig;
use vru_runtime::retry::BackoffConfig;
use vru_runtime::service::ServiceContext;
use vru_runtime::tls::ServerTls;

use super::config::{AlertsConfig, AuthMode};
use super::connection::Application;
use super::feed::Feed;
use super::generation::Generation;
use super::hub::Limits;
use super::listener::Listener;
use super::subscribe::SubscribeHandler;
use crate::supervise::Supervisor;

const SINK: &str = "alerts";
const SERVICE: &str = "vru.v1.Alerts";
/// Connections beside those that subscribers need: health checks and clients whose token is refused.
const MORE_CONNECTIONS: usize = 100;

/// Runs until shutdown. When Kafka goes away, subscribers stay connected, and the ring still serves those that resume.
///
/// The part of `/ready` is added by the call itself, so that the service does not become ready before the task runs.
pub(crate) fn run(
    config: AlertsConfig,
    kafka: KafkaConfig,
    context: ServiceContext,
) -> impl Future<Output = anyhow::Result<()>> {
    let ready = context.readiness.part(SINK);
    let keys_ready = (config.auth == AuthMode::Jwt).then(|| context.readiness.part("keys for bearer tokens"));
    serve(config, kafka, context, ready, keys_ready)
}

async fn serve(
    config: AlertsConfig,
    kafka: KafkaConfig,
    context: ServiceContext,
    ready: ReadyFlag,
    keys_ready: Option<ReadyFlag>,
) -> anyhow::Result<()> {
    let stop = context.shutdown.soft.clone();
    let verifier = keys_ready.map(|ready| verifier(&config, ready, &stop)).transpose()?;
    let tls = tls(&config, &stop)?;
    let listener = Listener::bind(config.listen, tls, config.max_subscribers + MORE_CONNECTIONS).await?;
    let mut supervisor = Supervisor::new(SINK, &ready, BackoffConfig::default(), &stop);
    let (generations, generation) = watch::channel(None);
    let handler = SubscribeHandler {
        verifier,
        generation: generation.clone(),
        permits: Arc::new(Semaphore::new(config.max_subscribers)),
        heartbeat: config.heartbeat,
        queue: config.queue,
        stalled_after: config.stalled_after,
        stop: stop.clone(),
    };
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_service_status(SERVICE, ServingStatus::NotServing).await;
    let routes = Routes::new(health).add_service(reflection().build_v1()?).add_service(reflection().build_v1alpha()?);
    let application =
        Arc::new(Application { subscribe: handler, routes, keepalive: config.keepalive, stop: stop.clone() });
    tracing::info!(listen = %config.listen, tls = config.tls.is_on(), "serving gRPC");
    let serving = async {
        tokio::select! {
            () = listener.serve(application) => {}
            () = context.shutdown.hard.cancelled() => {}
        }
    };
    let feeding = async {
        tokio::select! {
            () = stop.cancelled() => {}
            () = feed(&config, &kafka, &ready, &generations, &mut supervisor) => {}
        }
    };
    let reporting_health = async {
        tokio::select! {
            () = stop.cancelled() => {}
            // Reported once: the ring can serve subscribers, whatever happens to Kafka later.
            () = caught_up(generation) => reporter.set_service_status(SERVICE, ServingStatus::Serving).await,
        }
        stop.cancelled().await;
        reporter.set_service_status(SERVICE, ServingStatus::NotServing).await;
    };
    tokio::join!(serving, feeding, reporting_health);
    ready.not_ready("stopped");
    Ok(())
}

/// Feeds one generation after the other. Each ends when the topic is deleted and created again.
async fn feed(
    config: &AlertsConfig,
    kafka: &KafkaConfig,
    ready: &ReadyFlag,
    generations: &watch::Sender<Option<Arc<Generation>>>,
    supervisor: &mut Supervisor,
) {
    let limits = Limits { ring_alerts: config.ring_alerts, ring_bytes: config.ring_bytes };
    let replay_permits = Arc::new(Semaphore::new(config.max_replays));
    loop {
        let generation = match Generation::of_present_topic(kafka, limits, replay_permits.clone()).await {
            Ok(generation) => Arc::new(generation),
            Err(error) => {
                if !supervisor.again(Err(error)).await {
                    return;
                }
                continue;
            }
        };
        generations.send_replace(Some(generation.clone()));
        let feed = Feed {
            kafka: kafka.clone(),
            hub: generation.hub().clone(),
            ring_alerts: config.ring_alerts,
            ready: ready.clone(),
            caught_up: generation.caught_up.clone(),
        };
        if !feed.run(supervisor).await {
            return;
        }
        ready.not_ready("the topic of alerts was deleted and created again");
        generations.send_replace(None);
        generation.over.cancel();
    }
}

/// Waits until a generation has read all recent alerts.
async fn caught_up(mut generations: watch::Receiver<Option<Arc<Generation>>>) {
    loop {
        let generation = generations.borrow_and_update().clone();
        let changed = tokio::select! {
            () = async {
                match &generation {
                    Some(generation) => generation.caught_up.cancelled().await,
                    None => std::future::pending().await,
                }
            } => return,
            changed = generations.changed() => changed,
        };
        if changed.is_err() {
            // The feed has ended, which ends the service.
            std::future::pending::<()>().await;
        }
    }
}

fn verifier(
    config: &AlertsConfig,
    ready: ReadyFlag,
    stop: &CancellationToken,
) -> anyhow::Result<Box<dyn TokenVerifier>> {
    let verifier = JwtVerifier::start(&config.jwt, ready, stop.clone());
    Ok(Box::new(verifier.context("set up the verification of tokens")?))
}

/// None when the server speaks HTTP/2 without TLS.
fn tls(config: &AlertsConfig, stop: &CancellationToken) -> anyhow::Result<Option<ServerTls>> {
    if !config.tls.is_on() {
        return Ok(None);
    }
    let tls = ServerTls::start("alerts", &config.tls.certificate, &config.tls.key, &[b"h2"], stop.clone());
    tls.context("set up TLS for gRPC").map(Some)
}

fn reflection() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}
