//! Runs the API.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use tokio::net::TcpListener;
use tower::ServiceBuilder;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};
use vru_runtime::admin::ReadyFlag;
use vru_runtime::http_server::{self, ConnectionBounds};
use vru_runtime::kafka::watch_kafka;
use vru_runtime::live::LiveStore;
use vru_runtime::redis::{Redis, RedisConfig};
use vru_runtime::report::chain;
use vru_runtime::service::ServiceContext;
use vru_runtime::shutdown::Shutdown;
use vru_runtime::tls::{ServerTls, TlsConfig, TlsError};
use vru_storage::postgres::{Pool, check_schema, migrate};

use crate::auth::Passwords;
use crate::camera_tests::{CameraTests, TestReports};
use crate::cameras::{CameraMessages, publish};
use crate::config::{ApiConfig, HttpConfig};
use crate::data_jobs::DataJobs;
use crate::database::Reads;
use crate::group_reader;
use crate::http::{
    Code, Guard, LargeAnswers, Problem, Resources, WebApp, answer_panics, docs, guard, record_request, serve_once,
    serve_web,
};
use crate::limits::{Limits, count_request};
use crate::live::Feeds;
use crate::maintenance;
use crate::metrics;
use crate::openapi::document;
use crate::pictures::Pictures;
use crate::retention;
use crate::routes;
use crate::rule_previews::RulePreviews;
use crate::sign_in::SignIn;
use crate::state::{ApiState, Parts};
use crate::system::System;
use crate::tokens::Tokens;
use crate::uploads::Uploads;
use crate::webhooks::Webhooks;

const PROBE_INTERVAL: Duration = Duration::from_secs(2);
const REDIS_CHECK: Duration = Duration::from_millis(20);
/// How long a replica that starts waits for Redis: several tries, also where names and routes of a new pod are not there at once.
const REDIS_AT_START: Duration = Duration::from_secs(10);
/// Webhooks do not compete with requests for connections.
const WEBHOOK_CONNECTIONS: usize = 4;
const TEST_CONNECTIONS: usize = 2;
/// Requests that send bytes hold one for moments only.
const UPLOAD_CONNECTIONS: usize = 8;
/// One for each kind of job, and one more while a step is counted.
const JOB_CONNECTIONS: usize = 4;
const RETENTION_CONNECTIONS: usize = 1;

/// Serves until shutdown.
pub async fn run(config: ApiConfig, context: ServiceContext) -> anyhow::Result<()> {
    Box::pin(run_with_live(config, None, context)).await
}

/// Like [`run`], beside everything else in one process, which writes the live state of cameras into this store. Then there is one replica,
/// and no Redis is missed.
pub async fn run_with_live(config: ApiConfig, live: Option<LiveStore>, context: ServiceContext) -> anyhow::Result<()> {
    let ready = context.readiness.part("database");
    let http_ready = context.readiness.part("http");
    http_ready.not_ready("the API does not listen yet");
    // Without Kafka, changes of cameras and webhooks wait; everything else is served.
    let kafka_ready = context.readiness.helpful_part("kafka");
    let redis = start_redis(&config.redis, live.is_some(), &context);
    let live = live.or_else(|| redis.clone().map(LiveStore::Redis));
    let section = &config.database;
    if section.migrate {
        let applied = migrate(&section.connection, "vru-api").await.context("cannot migrate the database")?;
        tracing::info!(?applied, "database is up to date");
    }
    let database = Pool::new(&section.connection, "vru-api", section.pool_size, section.pool_wait)?;
    let shutdown = &context.shutdown;
    if !wait_for_database(&database, ready, shutdown).await {
        return Ok(());
    }
    let ended = maintenance::run(database.clone(), config.sessions.idle, shutdown.soft.clone());
    shutdown.spawn("the deletion of ended sessions", ended);
    metrics::init();
    let reads = Reads::start(section, &database, &context).context("cannot use `database.replica_url`")?;
    if !config.cameras.in_file {
        let own = Pool::new(&section.connection, "vru-api cameras", 1, section.pool_wait)?;
        let changes = publish(own, config.kafka.clone(), shutdown.soft.clone());
        shutdown.spawn_essential("the publisher of cameras", async move {
            if let Err(error) = changes.await {
                tracing::error!(error = format!("{error:#}"), "cameras cannot be published");
            }
        });
    }
    let webhooks = Webhooks::new(config.cameras.sealing().as_ref(), &config.webhooks)
        .context("cannot make the client of webhooks: check `webhooks.ca`")?;
    if config.webhooks.enabled {
        let own = Pool::new(&section.connection, "vru-api webhooks", WEBHOOK_CONNECTIONS, section.pool_wait)?;
        webhooks.start(&config.webhooks, &config.kafka, &own, shutdown);
    }
    let own = Pool::new(&section.connection, "vru-api camera tests", TEST_CONNECTIONS, section.pool_wait)?;
    let read = (config.camera_tests.group.clone(), config.kafka.topics().camera_test_reports);
    let reports = TestReports { config: config.camera_tests.clone() };
    let reports = group_reader::follow(reports, read, config.kafka.clone(), own.clone(), shutdown.soft.clone());
    shutdown.spawn_essential("the reader of reports of camera tests", reports);
    let camera_tests = CameraTests::new(&config.camera_tests, &config.kafka, own).context("make a Kafka producer")?;
    let uploads = if config.uploads.enabled {
        let own = Pool::new(&section.connection, "vru-api uploads", UPLOAD_CONNECTIONS, section.pool_wait)?;
        let started = Uploads::start(&config.uploads, &config.s3.bucket, &config.kafka, own, shutdown).await;
        Some(started.context("make a Kafka producer")?)
    } else {
        None
    };
    let data_jobs = if config.data_jobs.enabled {
        let own = Pool::new(&section.connection, "vru-api data jobs", JOB_CONNECTIONS, section.pool_wait)?;
        Some(DataJobs::start(&config.data_jobs, &config.s3.bucket, own, shutdown).await)
    } else {
        None
    };
    let own = Pool::new(&section.connection, "vru-api retention", RETENTION_CONNECTIONS, section.pool_wait)?;
    let bucket = data_jobs.as_ref().map(DataJobs::bucket);
    let sweep = retention::run(config.retention.clone(), own, bucket, shutdown.soft.clone());
    shutdown.spawn_essential("the retention of sites", sweep);
    let watch = watch_kafka(config.kafka.clone(), config.needs(), kafka_ready, shutdown.soft.clone());
    shutdown.spawn_essential("the probe of Kafka", watch);
    let listener = TcpListener::bind(config.http.listen).await.with_context(|| {
        format!("cannot listen on {}: set `http.listen` to an address that is free", config.http.listen)
    })?;
    let listening = listener.local_addr()?;
    let tls = start_tls(&config.http, shutdown).context("cannot use `http.tls`")?;
    let passwords = Passwords::new(config.log_in.concurrent);
    let cameras = CameraMessages::new(config.cameras.sealing());
    let pictures = Pictures::new(&config.s3, config.cameras.sealing()).await;
    let web = WebApp::load(&config.http.web_folder, pictures.origin().await)
        .context("cannot load the web app: check `http.web_folder`")?;
    let tokens = Tokens::start(&config, &database, context.readiness.helpful_part("tokens"), shutdown).await;
    let sign_in =
        SignIn::new(&config).context("cannot make the client of identity providers: check section `sign_in`")?;
    let feeds = Feeds::start(&config.live, &config.kafka, &database, live.clone(), shutdown)
        .context("cannot start the threads of live feeds")?;
    let config = Arc::new(config);
    let openapi = document().to_json().context("cannot write the OpenAPI document")?.into();
    let system = System::new(&config, database.clone(), reads.clone(), redis.clone(), live.clone(), pictures.clone());
    let limits = Arc::new(Limits::new(config.rate_limits, redis.clone()));
    let state = Parts {
        config: config.clone(),
        database,
        reads,
        limits,
        live,
        feeds,
        passwords,
        cameras,
        camera_tests,
        pictures,
        rule_previews: RulePreviews::new(),
        large_answers: LargeAnswers::default(),
        sign_in,
        tokens,
        uploads,
        data_jobs,
        webhooks,
        system,
        openapi,
    };
    let app = router(ApiState::from(state), web);
    if let Some(redis) = redis {
        wait_for_redis(&redis).await;
    }
    tracing::info!(%listening, "the API is served");
    http_ready.ready();
    let bounds = ConnectionBounds { most: config.http.max_connections, idle: config.http.idle };
    http_server::serve("the API", listener, tls, app, bounds, shutdown.soft.clone()).await;
    Ok(())
}

/// Queues and sends events to webhooks until shutdown, and serves nothing but probes and metrics.
pub async fn run_webhooks(config: ApiConfig, context: ServiceContext) -> anyhow::Result<()> {
    let ready = context.readiness.part("database");
    let kafka_ready = context.readiness.helpful_part("kafka");
    let section = &config.database;
    let shutdown = &context.shutdown;
    let database = Pool::new(&section.connection, "vru-api webhooks", WEBHOOK_CONNECTIONS, section.pool_wait)?;
    if !wait_for_database(&database, ready, shutdown).await {
        return Ok(());
    }
    metrics::init();
    let webhooks = Webhooks::new(config.cameras.sealing().as_ref(), &config.webhooks)
        .context("cannot make the client of webhooks: check `webhooks.ca`")?;
    webhooks.start(&config.webhooks, &config.kafka, &database, shutdown);
    let watch = watch_kafka(config.kafka.clone(), config.needs_of_webhooks(), kafka_ready, shutdown.soft.clone());
    shutdown.spawn_essential("the probe of Kafka", watch);
    tracing::info!("events are sent to webhooks");
    shutdown.soft.cancelled().await;
    Ok(())
}

/// Returns when the database has every migration of this program, and goes on watching it. False: the process is to stop.
async fn wait_for_database(database: &Pool, ready: ReadyFlag, shutdown: &Shutdown) -> bool {
    let mut probe = Probe { database: database.clone(), ready, said: String::new(), unknown: Vec::new() };
    while !probe.succeeds().await {
        tokio::select! {
            () = tokio::time::sleep(PROBE_INTERVAL) => {}
            () = shutdown.soft.cancelled() => return false,
        }
    }
    shutdown.spawn_essential("the probe of the database", probe.run());
    true
}

/// `None` if it serves without TLS.
fn start_tls(config: &HttpConfig, shutdown: &Shutdown) -> Result<Option<ServerTls>, TlsError> {
    let TlsConfig { certificate, key } = &config.tls;
    let start = || ServerTls::start("api", certificate, key, http_server::ALPN, shutdown.soft.clone());
    config.tls.is_on().then(start).transpose()
}

/// `None` if it is not configured.
fn start_redis(config: &RedisConfig, alone: bool, context: &ServiceContext) -> Option<Redis> {
    if !config.is_configured() {
        if !alone {
            let reason = "`redis.url` is not set: each replica limits requests for itself, and nobody knows what cameras show now";
            tracing::info!(reason, "the API serves without Redis");
            context.readiness.helpful_part("redis").not_ready(reason);
        }
        return None;
    }
    let redis = Redis::new(config.clone());
    let watch = redis.clone().watch(context.readiness.helpful_part("redis"), context.shutdown.soft.clone());
    context.shutdown.spawn_essential("the connection to Redis", watch);
    Some(redis)
}

/// Returns when Redis has answered, or has had its time. A replica that is ready before would refuse the live state, which the replica that
/// it replaces still shows.
async fn wait_for_redis(redis: &Redis) {
    let connected = async {
        while redis.down().is_some() {
            tokio::time::sleep(REDIS_CHECK).await;
        }
    };
    // It serves without Redis, and `/ready` says so.
    tokio::time::timeout(REDIS_AT_START, connected).await.ok();
}

fn router(state: ApiState, web: Option<WebApp>) -> Router {
    let (routes, document) = routes::router().split_for_parts();
    let resources = Resources::of(document.paths.paths.keys());
    let http = &state.config.http;
    let (guarded, body_limit) = (Arc::new(Guard::new(http)), DefaultBodyLimit::max(http.max_body_bytes));
    let unknown = async || Problem::new(StatusCode::NOT_FOUND, Code::NoSuchRoute, "there is no such route");
    let method = async || {
        let detail = "this route does not know the method; the Allow header lists those it knows";
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, Code::MethodNotAllowed, detail)
    };
    let routes = routes.merge(docs()).fallback(unknown).method_not_allowed_fallback(method).with_state(state.clone());
    // The first is the outermost. Around the whole router: `Router::layer` would put each one, in a box of its own, around each route, and
    // every request would copy them all as often as there are layers.
    let layers = ServiceBuilder::new()
        .layer(from_fn_with_state(resources, record_request))
        .layer(answer_panics())
        .layer(from_fn_with_state(guarded, guard))
        .layer(CompressionLayer::new().compress_when(worth_compressing()))
        // Files of the app cost nothing and are not counted.
        .layer(from_fn_with_state(Arc::new(web), serve_web))
        .layer(from_fn_with_state(state.clone(), count_request))
        .layer(body_limit)
        .layer(from_fn_with_state(state, serve_once));
    Router::new().fallback_service(layers.service(routes))
}

/// Videos and archives keep their length, of which clients ask for ranges.
fn worth_compressing() -> impl Predicate {
    let not = NotForContentType::const_new;
    DefaultPredicate::new().and(not("video/")).and(not("application/octet-stream"))
}

/// Tells whether the database answers, and has every migration of this program.
struct Probe {
    database: Pool,
    ready: ReadyFlag,
    /// Why the database could not be used, as it was logged last.
    said: String,
    /// The unknown migrations, as they were logged last.
    unknown: Vec<String>,
}

impl Probe {
    async fn run(mut self) {
        loop {
            tokio::time::sleep(PROBE_INTERVAL).await;
            self.succeeds().await;
        }
    }

    async fn succeeds(&mut self) -> bool {
        let schema = async {
            let client = self.database.get().await?;
            check_schema(&client).await
        };
        match schema.await {
            Ok(schema) => {
                if schema.unknown != self.unknown {
                    schema.log();
                    self.unknown = schema.unknown;
                }
                self.said.clear();
                self.ready.ready();
                true
            }
            Err(error) => {
                let why = format!("{}{}", chain(&error), error.advice());
                if why != self.said {
                    tracing::warn!(why, "the API waits for the database");
                    self.said.clone_from(&why);
                }
                self.ready.not_ready(why);
                false
            }
        }
    }
}
