//! Runs the gRPC server, with health and reflection services beside ours, until shutdown.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Identity, Server, ServerTlsConfig};
use tonic_health::ServingStatus;
use vru_auth::{JwtVerifier, TokenVerifier};
use vru_proto::v1::FILE_DESCRIPTOR_SET;
use vru_runtime::admin::ReadyFlag;
use vru_runtime::kafka::KafkaConfig;
use vru_runtime::retry::BackoffConfig;
use vru_runtime::service::ServiceContext;

use super::config::{AlertsConfig, AuthMode};
use super::feed::Feed;
use super::hub::{Hub, Limits};
use super::replay::Replays;
use super::resume_token::StreamId;
use super::service::AlertsService;
use super::subscribe::SubscribeHandler;
use crate::error::SinkError;
use crate::supervise::{Supervisor, cluster_id};

const SINK: &str = "alerts";
const SERVICE: &str = "vru.v1.Alerts";

/// Runs until shutdown. When Kafka goes away, subscribers stay connected, and the ring still serves those that resume.
///
/// The part of `/ready` is added by the call itself, so that the service does not become ready before the task runs.
pub(crate) fn run(
    config: AlertsConfig,
    kafka: KafkaConfig,
    context: ServiceContext,
) -> impl Future<Output = anyhow::Result<()>> {
    let ready = context.readiness.part(SINK);
    serve(config, kafka, context, ready)
}

async fn serve(
    config: AlertsConfig,
    kafka: KafkaConfig,
    context: ServiceContext,
    ready: ReadyFlag,
) -> anyhow::Result<()> {
    let stop = context.shutdown.soft.clone();
    let verifier = verifier(&config)?;
    let incoming = TcpIncoming::bind(config.listen)
        .with_context(|| format!("listen on {} for gRPC", config.listen))?
        .with_nodelay(Some(true));
    let mut supervisor = Supervisor::new(SINK, &ready, BackoffConfig::default(), &stop);
    let mut stream = None;
    while supervisor.again(identify(&kafka, &mut stream).await).await {}
    let Some(stream) = stream else { return Ok(()) };
    let limits = Limits { ring_alerts: config.ring_alerts, ring_bytes: config.ring_bytes, queue: config.queue };
    let hub = Hub::new(stream, limits);
    let caught_up = CancellationToken::new();
    let feed = Feed {
        kafka: kafka.clone(),
        hub: hub.clone(),
        ring_alerts: config.ring_alerts,
        ready: ready.clone(),
        caught_up: caught_up.clone(),
    };
    let handler = SubscribeHandler {
        verifier,
        replays: Replays { kafka, hub, permits: Arc::new(Semaphore::new(config.max_replays)) },
        permits: Arc::new(Semaphore::new(config.max_subscribers)),
        heartbeat: config.heartbeat,
        stop: stop.clone(),
        caught_up: caught_up.clone(),
    };
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_service_status(SERVICE, ServingStatus::NotServing).await;
    let serving = builder(&config)?
        .add_service(health)
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?)
        .add_service(AlertsService(Arc::new(handler)))
        .serve_with_incoming_shutdown(incoming, stop.clone().cancelled_owned());
    tracing::info!(listen = %config.listen, tls = config.tls.is_on(), "serving gRPC");
    let serving = async {
        tokio::select! {
            served = serving => served.context("serve gRPC"),
            () = context.shutdown.hard.cancelled() => Ok(()),
        }
    };
    let feeding = async {
        tokio::select! {
            () = stop.cancelled() => {}
            () = feed.run(&mut supervisor) => {}
        }
    };
    let reporting_health = async {
        tokio::select! {
            () = stop.cancelled() => {}
            // Reported once: the ring can serve subscribers, whatever happens to Kafka later.
            () = caught_up.cancelled() => reporter.set_service_status(SERVICE, ServingStatus::Serving).await,
        }
        stop.cancelled().await;
        reporter.set_service_status(SERVICE, ServingStatus::NotServing).await;
    };
    let (served, (), ()) = tokio::join!(serving, feeding, reporting_health);
    ready.not_ready("stopped");
    served
}

async fn identify(kafka: &KafkaConfig, stream: &mut Option<StreamId>) -> Result<(), SinkError> {
    *stream = Some(StreamId::new(&cluster_id(kafka).await?, &kafka.topics().alerts));
    Ok(())
}

/// None when everybody may subscribe.
fn verifier(config: &AlertsConfig) -> anyhow::Result<Option<Box<dyn TokenVerifier>>> {
    Ok(match config.auth {
        AuthMode::None => None,
        AuthMode::Jwt => Some(Box::new(JwtVerifier::new(&config.jwt).context("set up the verification of tokens")?)),
    })
}

fn builder(config: &AlertsConfig) -> anyhow::Result<Server> {
    let server = Server::builder()
        .http2_keepalive_interval(Some(config.keepalive))
        .http2_keepalive_timeout(Some(config.keepalive));
    if !config.tls.is_on() {
        return Ok(server);
    }
    let read = |path: &Path| std::fs::read(path).with_context(|| format!("read {}", path.display()));
    let identity = Identity::from_pem(read(&config.tls.certificate)?, read(&config.tls.key)?);
    server.tls_config(ServerTlsConfig::new().identity(identity)).context("set up TLS for gRPC")
}

fn reflection() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}
