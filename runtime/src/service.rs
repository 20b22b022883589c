//! The `main` of every service: options, configuration, telemetry, admin server, run, drain.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::admin::{self, Readiness};
use crate::config::{self, Layers, Problems, Validate};
use crate::memory;
use crate::metrics;
use crate::shutdown::Shutdown;
use crate::telemetry::{self, TelemetryConfig};

/// What a service gets from its process.
#[derive(Debug, Clone, Default)]
pub struct ServiceContext {
    pub shutdown: Shutdown,
    /// Each part of the service adds itself here.
    pub readiness: Readiness,
}

/// Command-line options of every service.
#[derive(Debug, Clone, clap::Args)]
pub struct ServiceOptions {
    /// Configuration file (TOML). Environment variables VRU__SECTION__KEY override it, and --set overrides both.
    #[arg(long, env = "VRU_CONFIG", value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Sets one configuration key, for example --set kafka.brokers=kafka:9092. Can be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE", global = true)]
    pub set: Vec<String>,
    /// Checks the configuration and what it names (cameras, secrets, certificates, the model), prints every problem, and exits: code 0
    /// without problems, else 2. It connects to no server.
    #[arg(long, global = true)]
    pub check_config: bool,
}

/// Section `shutdown`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ShutdownConfig {
    /// Time to drain after SIGTERM (default 20 s). Then the process exits without draining the rest.
    #[serde(with = "humantime_serde")]
    pub deadline: Option<Duration>,
}

impl ShutdownConfig {
    pub fn deadline(&self) -> Duration {
        self.deadline.unwrap_or(Duration::from_secs(20))
    }
}

/// The configuration of a service: the sections that [`main`] needs.
pub trait ServiceConfig: DeserializeOwned + Validate + Send + 'static {
    fn telemetry(&self) -> &TelemetryConfig;
    /// The address that the admin server listens on.
    fn admin(&self) -> SocketAddr;
    fn shutdown(&self) -> &ShutdownConfig;
}

/// Runs a service as a process. Exit codes: 0 after an orderly shutdown, 1 after a failure, 2 for an invalid configuration.
pub fn main<C, F>(name: &'static str, options: ServiceOptions, run: F) -> ExitCode
where
    C: ServiceConfig,
    F: AsyncFnOnce(C, ServiceContext) -> anyhow::Result<()>,
{
    memory::limit_arenas();
    let check = options.check_config;
    let config = match config::load::<C>(&Layers::new(options.config, options.set)) {
        Ok(config) => config,
        Err(error) => {
            print_line(&format!("{name}: {error}"));
            return ExitCode::from(2);
        }
    };
    if check {
        if let Err(error) = config::check(&config) {
            print_line(&format!("{name}: {error}"));
            return ExitCode::from(2);
        }
        print_line(&format!("{name}: the configuration is valid"));
        return ExitCode::SUCCESS;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            print_line(&format!("{name}: cannot start the async runtime: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(run_service(name, config, run));
    // A blocking call must not keep the process alive after the shutdown deadline.
    runtime.shutdown_timeout(Duration::from_secs(1));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print_line(&format!("{name}: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn run_service<C, F>(name: &'static str, config: C, run: F) -> anyhow::Result<()>
where
    C: ServiceConfig,
    F: AsyncFnOnce(C, ServiceContext) -> anyhow::Result<()>,
{
    let guard = telemetry::init(name, config.telemetry()).context("cannot set up telemetry")?;
    let context = ServiceContext::default();
    context.shutdown.on_signals(config.shutdown().deadline()).context("cannot install signal handlers")?;
    let admin = admin::serve(config.admin(), context.readiness.clone(), &context.shutdown)
        .await
        .context("cannot start the admin server: its address (setting `admin`) must be free")?;
    tracing::info!(service = name, version = env!("CARGO_PKG_VERSION"), %admin, "service started");
    let shutdown = context.shutdown.clone();
    let (hard, failure) = (shutdown.hard.clone(), shutdown.failure.clone());
    shutdown.spawn_essential("the release of unused memory", memory::trim_periodically());
    let stop_after_failure = async {
        failure.reported().await;
        shutdown.soft.cancel();
        std::future::pending::<()>().await;
    };
    let ended = tokio::select! {
        ended = run(config, context) => ended,
        () = stop_after_failure => Ok(()),
        () = async { hard.cancelled().await; tokio::time::sleep(Duration::from_secs(2)).await } => {
            Err(anyhow::anyhow!("the service did not drain within `shutdown.deadline`"))
        }
    };
    // What failed first is the cause, however the service ended then.
    let ended = failure.take().map_or(ended, Err);
    // Prometheus does not see what was counted since its last visit.
    let counts = serde_json::json!(metrics::totals()).to_string();
    tracing::info!(service = name, counts, "counts at the end");
    match &ended {
        Ok(()) => tracing::info!(service = name, "service stopped"),
        Err(error) => tracing::error!(service = name, error = format!("{error:#}"), "service failed"),
    }
    if tokio::task::spawn_blocking(move || guard.flush()).await.is_err() {
        tracing::warn!("export of the last traces panicked");
    }
    ended
}

#[expect(clippy::print_stderr, reason = "logging is set up only after the configuration is read")]
fn print_line(text: &str) {
    eprintln!("{text}");
}

impl Validate for ShutdownConfig {
    fn validate(&self, problems: &mut Problems) {
        let deadline = self.deadline();
        let sane = (Duration::from_millis(100)..=Duration::from_hours(1)).contains(&deadline);
        problems.require(sane, "deadline", "is not between 100ms and 1h");
    }
}
