//! The one `main` of every service: options, configuration, telemetry, admin server, run, drain.

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
use crate::shutdown::Shutdown;
use crate::telemetry::{self, TelemetryConfig};

/// What a service is given to run with.
#[derive(Debug, Clone, Default)]
pub struct ServiceContext {
    /// When to stop.
    pub shutdown: Shutdown,
    /// Where its parts say whether they are ready.
    pub readiness: Readiness,
}

/// Options that every service's binary takes.
#[derive(Debug, Clone, clap::Args)]
pub struct ServiceOptions {
    /// Configuration file (TOML). Environment variables VRU__SECTION__KEY and --set override it.
    #[arg(long, env = "VRU_CONFIG", value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Overrides one setting, for example --set kafka.brokers=kafka:9092. May be given several times.
    #[arg(long = "set", value_name = "KEY=VALUE", global = true)]
    pub set: Vec<String>,
    /// Reads and validates the configuration, prints every problem, and ends: 0 when there is none, else 2.
    #[arg(long, global = true)]
    pub check_config: bool,
}

/// Sections that every service has.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ShutdownConfig {
    /// How long draining may take after SIGTERM (default 20 s).
    #[serde(with = "humantime_serde")]
    pub deadline: Option<Duration>,
}

impl ShutdownConfig {
    /// The deadline, or its default.
    pub fn deadline(&self) -> Duration {
        self.deadline.unwrap_or(Duration::from_secs(20))
    }
}

/// A service's whole configuration.
pub trait ServiceConfig: DeserializeOwned + Validate + Send + 'static {
    /// Logs and traces.
    fn telemetry(&self) -> &TelemetryConfig;
    /// Where the admin server listens.
    fn admin(&self) -> SocketAddr;
    /// How long to drain.
    fn shutdown(&self) -> &ShutdownConfig;
}

/// Runs a service as a process. Exit codes: 0 stopped as asked, 1 failed, 2 the configuration is wrong.
pub fn main<C, F>(name: &'static str, options: ServiceOptions, run: F) -> ExitCode
where
    C: ServiceConfig,
    F: AsyncFnOnce(C, ServiceContext) -> anyhow::Result<()>,
{
    memory::bound_arenas();
    let check = options.check_config;
    let config = match config::load::<C>(&Layers::new(options.config, options.set)) {
        Ok(config) => config,
        Err(error) => {
            say(&format!("{name}: {error}"));
            return ExitCode::from(2);
        }
    };
    if check {
        say(&format!("{name}: the configuration is valid"));
        return ExitCode::SUCCESS;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say(&format!("{name}: cannot start the async runtime: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(run_service(name, config, run));
    // Blocking calls that miss the drain's deadline must not keep the process.
    runtime.shutdown_timeout(Duration::from_secs(1));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("{name}: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn run_service<C, F>(name: &'static str, config: C, run: F) -> anyhow::Result<()>
where
    C: ServiceConfig,
    F: AsyncFnOnce(C, ServiceContext) -> anyhow::Result<()>,
{
    let guard = telemetry::init(name, config.telemetry()).context("set up telemetry")?;
    let context = ServiceContext::default();
    context.shutdown.on_signals(config.shutdown().deadline()).context("listen for signals")?;
    let admin = admin::serve(config.admin(), context.readiness.clone(), context.shutdown.hard.clone()).await?;
    tracing::info!(service = name, version = env!("CARGO_PKG_VERSION"), %admin, "started");
    let hard = context.shutdown.hard.clone();
    tokio::spawn(memory::give_back());
    let ended = tokio::select! {
        ended = run(config, context) => ended,
        () = async { hard.cancelled().await; tokio::time::sleep(Duration::from_secs(2)).await } => {
            Err(anyhow::anyhow!("did not drain within the deadline"))
        }
    };
    match &ended {
        Ok(()) => tracing::info!(service = name, "stopped"),
        Err(error) => tracing::error!(service = name, error = format!("{error:#}"), "failed"),
    }
    if tokio::task::spawn_blocking(move || guard.flush()).await.is_err() {
        tracing::warn!("flushing telemetry panicked");
    }
    ended
}

#[expect(clippy::print_stderr, reason = "logging is not set up before the configuration is read")]
fn say(text: &str) {
    eprintln!("{text}");
}

impl Validate for ShutdownConfig {
    fn validate(&self, problems: &mut Problems) {
        let deadline = self.deadline();
        let sane = (Duration::from_millis(100)..=Duration::from_hours(1)).contains(&deadline);
        problems.require(sane, "deadline", "is not between 100ms and 1h");
    }
}
