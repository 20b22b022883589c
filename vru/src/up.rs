//! `vru up`: the whole pipeline in one process for real cameras.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use vru_api::config::Origin;
use vru_runtime::assets;
use vru_runtime::clock::now_us;
use vru_runtime::config::{Layers, check, load};
use vru_runtime::report;
use vru_runtime::shutdown::Shutdown;

use crate::certificate::{OwnCertificate, names_of_this_machine};
use crate::config::UpConfig;
use crate::data::{DataFolder, default_folder};
use crate::display::Display;
use crate::run::{self, Observed};
use crate::stack::Stack;
use crate::subscriber::Endpoint;

/// Runs the whole pipeline for your cameras in one process.
///
/// It needs no configuration: people add cameras in the web app (http://127.0.0.1:8000), or by the REST API. Cameras in a file need one
/// setting in the configuration (TOML):
///
///   [cameras]
///   file = "cameras.toml"
///
/// The cameras file lists the cameras, their zones, lines and rules (all positions are fractions of the picture):
///
///   [[cameras]]
///   id = "gate"
///   pull = { url = "rtsp://192.0.2.7/stream1", username = "viewer", password = "env:GATE_PASSWORD" }
///   zones = [{ id = "crossing", polygon = [[0.2, 0.5], [0.8, 0.5], [0.9, 1.0], [0.1, 1.0]] }]
///   lines = [{ id = "kerb", points = [[0.2, 0.5], [0.8, 0.5]] }]
///   rules = [
///     { id = "crossing-occupied", zone_presence = { zone = "crossing", min_seconds = 0.5 } },
///     { id = "lingers", severity = "warning", dwell = { zone = "crossing", seconds = 20 } },
///     { id = "steps-out", line_crossing = { line = "kerb", direction = "both" } },
///   ]
///
/// A camera that pushes has `push = { username = "…", password = "…" }` instead of `pull`, and sends its video to
/// rtsp://HOST:8554/ID. A change of the cameras file takes effect within two seconds.
///
/// A private PostgreSQL and an embedded object store keep their data in the data folder; an embedded message broker runs in
/// memory. A section [kafka], [postgres], [s3] or [redis] replaces one of them, or what is in memory, by a real server. Other sections:
///   [model]   the model
///   [alerts]  the gRPC server for alerts (127.0.0.1:50051); with auth = "jwt" and TLS it may listen elsewhere, and
///             accepts tokens of the API
///   [api]     the web app and the REST API (http://127.0.0.1:8000); with cameras in a file they cannot change them. With
///             http.listen = "0.0.0.0:8000" they are served to others, by HTTPS with a certificate that is made in the
///             data folder, or with http.tls = { certificate = "…", key = "…" }
///   [admin]   the addresses of /health, /ready and /metrics (127.0.0.1:8001 to 8004)
/// Environment variables VRU__SECTION__KEY override the file; --set overrides both.
///
/// Ctrl-C stops the cameras, waits until every frame in flight is stored, and prints an account of all frames.
#[derive(Debug, Clone, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct UpOptions {
    /// Configuration file (TOML). Without one everything has its default.
    #[arg(long, env = "VRU_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Data folder. Default: vru/up in the user's data folder; for root /var/lib/vru/up.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Override one setting, for example --set api.http.listen=127.0.0.1:8080. May be given several times.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Check the configuration and what it names (cameras, secrets, certificates, the model, the data folder), print every problem, and exit:
    /// status 0 when there is none, else 2.
    #[arg(long)]
    pub check_config: bool,
}

fn data_folder(options: &UpOptions) -> PathBuf {
    options.data.clone().unwrap_or_else(|| default_folder("up"))
}

/// Runs until a signal stops it.
pub async fn run(options: UpOptions) -> anyhow::Result<ExitCode> {
    let mut config = match read(&options) {
        Ok(config) => config,
        Err(error) => {
            print_error(&format!("vru up: {error}"));
            return Ok(ExitCode::from(2));
        }
    };
    if options.check_config {
        let mut valid = true;
        let folder = DataFolder::check(&data_folder(&options)).map_err(|error| report::chain(&error).to_string());
        for problem in [check(&config).map_err(|error| error.to_string()), folder].into_iter().filter_map(Result::err) {
            print_error(&format!("vru up: {problem}"));
            valid = false;
        }
        if !valid {
            return Ok(ExitCode::from(2));
        }
        print_error("vru up: the configuration is valid");
        return Ok(ExitCode::SUCCESS);
    }
    let data = DataFolder::open(&data_folder(&options))?;
    if config.cameras.secrets_key.is_empty() {
        config.cameras.secrets_key = data.secret("cameras-key")?;
    }
    let telemetry = run::log_to_file(&data, &config.telemetry)?;
    let process = Shutdown::default();
    process.on_signals(config.shutdown.deadline()).context("listen for signals")?;
    let certificate = own_certificate(&mut config, &data)?;
    if let Some(certificate) = &certificate {
        process.spawn("the renewal of the certificate", certificate.clone().keep_valid(process.soft.clone()));
    }
    run::to_the_end(Box::pin(up(&config, certificate.as_ref(), &data, &process)), &process, telemetry).await?;
    Ok(ExitCode::SUCCESS)
}

fn read(options: &UpOptions) -> anyhow::Result<UpConfig> {
    let mut set = options.set.clone();
    // Use the demo's model unless the file, the environment or a flag names one.
    let in_environment = std::env::var_os("MODEL_PATH").is_some();
    if !in_environment && let Ok(path) = assets::require("models/nanodet-g.onnx") {
        let configured = load_model_path(options)?;
        if configured.as_os_str().is_empty() {
            set.push(format!("model.path={}", path.display()));
        }
    }
    Ok(load(&Layers::new(options.config.clone(), set))?)
}

/// Reads only `model.path`; the full load validates everything and lists every problem.
fn load_model_path(options: &UpOptions) -> anyhow::Result<PathBuf> {
    #[derive(Debug, Default, serde::Deserialize)]
    #[serde(default)]
    struct ModelSection {
        model: ModelPath,
    }
    #[derive(Debug, Default, serde::Deserialize)]
    #[serde(default)]
    struct ModelPath {
        path: PathBuf,
    }
    impl vru_runtime::config::Validate for ModelSection {
        fn validate(&self, _problems: &mut vru_runtime::config::Problems) {}
    }
    let section: ModelSection = load(&Layers::new(options.config.clone(), options.set.clone()))?;
    Ok(section.model.path)
}

/// Makes the certificate of the web app, if people reach it from elsewhere and nothing says how it is secret on the way.
fn own_certificate(config: &mut UpConfig, data: &DataFolder) -> anyhow::Result<Option<OwnCertificate>> {
    let http = &config.api.http;
    if !http.is_exposed() {
        return Ok(None);
    }
    let mut hosts = names_of_this_machine(http.listen.ip());
    hosts.extend(http.origins.iter().filter_map(Origin::host));
    let certificate = OwnCertificate::open(data.path(), hosts.clone())?;
    config.serve_with(certificate.files(), &hosts);
    Ok(Some(certificate))
}

async fn up(
    config: &UpConfig,
    certificate: Option<&OwnCertificate>,
    data: &DataFolder,
    process: &Shutdown,
) -> anyhow::Result<()> {
    let display = Display::new();
    display.print(&format!("vru up: data and log (vru.log) in {}", data.path().display()));
    if let Some(certificate) = certificate {
        let files = certificate.files();
        display.print(&format!(
            "  HTTPS with a certificate of its own ({}), which browsers ask about once. Its SHA-256 fingerprint:\n  {}",
            files.certificate.display(),
            certificate.fingerprint()?
        ));
    }
    let mut stack = tokio::select! {
        stack = Stack::start(config, data, process, &display) => stack?,
        () = process.soft.cancelled() => return Ok(()),
    };
    match Endpoint::of(&config.alerts()) {
        Some(endpoint) => stack.subscribe(endpoint).await?,
        None => display.print(
            "  alerts are not counted here: the gRPC server needs a token or certificate that this process does not have",
        ),
    }
    let since_us = now_us();
    stack.start_ingest(config, &display).await?;
    let observed = Observed::start(&stack, config, process);
    display.print(&format!("  everything runs; {}", observed.place));
    let watched = run::watch(&mut stack, &observed, data, &display, process, None).await;
    let account = run::finish(stack, &display, since_us).await;
    watched?;
    display.print(&format!("\n{}", account?));
    Ok(())
}

#[expect(clippy::print_stderr, reason = "there is no log before the configuration is read")]
fn print_error(text: &str) {
    eprintln!("{text}");
}
