//! `vru up`: the whole pipeline in one process for real cameras.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use vru_runtime::assets;
use vru_runtime::clock::now_us;
use vru_runtime::config::{Layers, load};
use vru_runtime::shutdown::Shutdown;

use crate::config::UpConfig;
use crate::data::{DataFolder, default_folder};
use crate::display::Display;
use crate::run::{self, Shown};
use crate::stack::Stack;
use crate::subscriber::Endpoint;

/// Runs the whole pipeline for your cameras, in one process.
///
/// The configuration (TOML) needs one line, the file of your cameras:
///
///   [cameras]
///   file = "cameras.toml"
///
/// and that file says where they are and what to watch:
///
///   [[cameras]]
///   id = "gate"
///   pull = { url = "rtsp://192.0.2.7/stream1", username = "viewer", password = "env:GATE_PASSWORD" }
///   zones = [{ id = "crossing", polygon = [[0.2, 0.5], [0.8, 0.5], [0.9, 1.0], [0.1, 1.0]] }]
///   rules = [{ id = "crossing-occupied", zone_presence = { zone = "crossing", min_frames = 5 } }]
///
/// A camera that connects to you has `push = { username = "…", password = "…" }` instead of `pull`, and records to
/// rtsp://HOST:8554/ID. A change in the file takes effect within two seconds.
///
/// A private PostgreSQL and an object store keep their data in the data folder, and a message broker runs in memory. Sections
/// [kafka], [postgres] and [s3] replace each of them by a real one. [model] chooses the model, [alerts] the gRPC server
/// (127.0.0.1:50051), [page] the page with the live picture (http://127.0.0.1:3000), [admin] where /health, /ready and
/// /metrics are (127.0.0.1:8001 to 8003). Environment variables VRU__SECTION__KEY override the file.
#[derive(Debug, Clone, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct UpOptions {
    /// Configuration file (TOML).
    #[arg(long, env = "VRU_CONFIG", value_name = "FILE")]
    pub config: PathBuf,
    /// Where data are kept. Default: vru/up in the user's data folder, as root /var/lib/vru/up.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Overrides one setting, for example --set page.listen=127.0.0.1:3001. May be given several times.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Reads and validates the configuration, prints every problem, and ends: 0 when there is none, else 2.
    #[arg(long)]
    pub check_config: bool,
}

/// Runs until it is told to stop.
pub async fn run(options: UpOptions) -> anyhow::Result<ExitCode> {
    let config = match read(&options) {
        Ok(config) => config,
        Err(error) => {
            say(&format!("vru up: {error}"));
            return Ok(ExitCode::from(2));
        }
    };
    if options.check_config {
        say("vru up: the configuration is valid");
        return Ok(ExitCode::SUCCESS);
    }
    let data = DataFolder::open(&options.data.clone().unwrap_or_else(|| default_folder("up")))?;
    let guard = run::log_to_file(&data, &config.telemetry)?;
    let process = Shutdown::default();
    process.on_signals(config.shutdown.deadline()).context("listen for signals")?;
    let ended = tokio::select! {
        ended = up(&config, &data, &process) => ended,
        () = async { process.hard.cancelled().await; tokio::time::sleep(Duration::from_secs(2)).await } => {
            Err(anyhow::anyhow!("did not stop within the deadline"))
        }
    };
    process.hard.cancel();
    tokio::task::spawn_blocking(move || guard.flush()).await.context("flush telemetry")?;
    ended.map(|()| ExitCode::SUCCESS)
}

fn read(options: &UpOptions) -> anyhow::Result<UpConfig> {
    let mut set = options.set.clone();
    // The demo's model, unless the file, the environment or a flag names one.
    let named = std::env::var_os("MODEL_PATH").is_some();
    if !named && let Ok(path) = assets::require("models/nanodet-g.onnx") {
        let given = load_model_path(options)?;
        if given.as_os_str().is_empty() {
            set.push(format!("model.path={}", path.display()));
        }
    }
    Ok(load(&Layers::new(Some(options.config.clone()), set))?)
}

/// Only which model is named; everything else is looked at later, with every problem.
fn load_model_path(options: &UpOptions) -> anyhow::Result<PathBuf> {
    #[derive(Debug, Default, serde::Deserialize)]
    #[serde(default)]
    struct Named {
        model: NamedModel,
    }
    #[derive(Debug, Default, serde::Deserialize)]
    #[serde(default)]
    struct NamedModel {
        path: PathBuf,
    }
    impl vru_runtime::config::Validate for Named {
        fn validate(&self, _problems: &mut vru_runtime::config::Problems) {}
    }
    let named: Named = load(&Layers::new(Some(options.config.clone()), options.set.clone()))?;
    Ok(named.model.path)
}

async fn up(config: &UpConfig, data: &DataFolder, process: &Shutdown) -> anyhow::Result<()> {
    let display = Display::new();
    display.say(&format!("vru up, data and log in {}", data.path().display()));
    let mut stack = tokio::select! {
        stack = Stack::start(config, data, process, &display) => stack?,
        () = process.soft.cancelled() => return Ok(()),
    };
    match Endpoint::of(&config.alerts) {
        Some(endpoint) => stack.subscribe(endpoint).await?,
        None => display.say("  alerts are not counted here: only holders of a token may subscribe"),
    }
    let since_us = now_us();
    stack.start_ingest(config, &display).await?;
    let shown = Shown::start(&stack, config, process).await?;
    display.say(&format!("  live at {}", shown.url));
    let watched = run::watch(&mut stack, &shown, data, &display, process, None).await;
    let account = run::finish(stack, &shown, &display, since_us).await;
    watched?;
    display.say(&format!("\n{}", account?));
    Ok(())
}

#[expect(clippy::print_stderr, reason = "there is no log before the configuration is read")]
fn say(text: &str) {
    eprintln!("{text}");
}
