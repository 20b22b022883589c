//! `vru demo`: the whole pipeline on embedded parts, with cameras that send the sample clip over RTSP.

mod cameras;
mod options;
mod source;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use vru_infer::config::ModelConfig;
use vru_runtime::cameras::CamerasConfig;
use vru_runtime::clock::now_us;
use vru_runtime::shutdown::Shutdown;
use vru_runtime::telemetry::TelemetryConfig;

use crate::account::Account;
use crate::config::{AdminConfig, PageConfig, UpConfig};
use crate::counts::Counts;
use crate::data::{DataFolder, default_folder};
use crate::display::Display;
use crate::embedded::cameras::{Cameras, Channel};
use crate::run::{self, Shown};
use crate::stack::{Stack, ports};
use crate::subscriber::Endpoint;

pub use options::DemoOptions;

/// How long draining and stopping may take.
const STOP_DEADLINE: Duration = Duration::from_secs(75);
/// How long the cameras may take to give their first frames.
const FIRST_FRAMES: Duration = Duration::from_secs(30);

/// Runs the demo; the exit code says whether every frame is accounted for.
pub async fn run(options: DemoOptions) -> anyhow::Result<ExitCode> {
    let folder = options.data.clone().unwrap_or_else(|| default_folder("demo"));
    let data = DataFolder::open(&folder)?;
    let guard = run::log_to_file(&data, &TelemetryConfig::default())?;
    let process = Shutdown::default();
    process.on_signals(STOP_DEADLINE).context("listen for signals")?;
    let display = Display::new();
    display.say(&format!("vru demo, data and log in {}", data.path().display()));
    let ended = tokio::select! {
        ended = demo(&options, &data, &process, &display) => ended,
        () = async { process.hard.cancelled().await; tokio::time::sleep(Duration::from_secs(2)).await } => {
            Err(anyhow::anyhow!("did not stop within the deadline"))
        }
    };
    process.hard.cancel();
    tokio::task::spawn_blocking(move || guard.flush()).await.context("flush telemetry")?;
    match ended? {
        Some(account) => Ok(report(&account, options.json)),
        // Stopped before it had begun.
        None => Ok(ExitCode::FAILURE),
    }
}

async fn demo(
    options: &DemoOptions,
    data: &DataFolder,
    process: &Shutdown,
    display: &Display,
) -> anyhow::Result<Option<Account>> {
    let plan = cameras::plan(options.cameras);
    let step = display.step("clip");
    let clips = source::load(options.source.as_deref(), &plan, data).await?;
    step.done(&clips.about());
    let channels: BTreeMap<String, Channel> = plan
        .iter()
        .filter(|camera| !camera.pushes)
        .map(|camera| (camera.id.clone(), Channel { clip: clips.of(camera).clone(), first: camera.first }))
        .collect();
    let senders = Cameras::start(&channels).context("start the cameras")?;
    let config = config(options, data)?;
    let push_password = cameras::write_file(&config, &plan, &senders, options.source.is_none())?;

    let mut stack = tokio::select! {
        stack = Stack::start(&config, data, process, display) => stack?,
        () = process.soft.cancelled() => return Ok(None),
    };
    let endpoint = Endpoint::of(&config.alerts).context("the demo's alert service is open to us")?;
    stack.subscribe(endpoint).await?;
    let since_us = now_us();
    stack.start_ingest(&config, display).await?;
    let pushing = CancellationToken::new();
    for camera in plan.iter().filter(|camera| camera.pushes) {
        let camera = cameras::pusher(camera, &config, &push_password, clips.path_of(camera), data);
        tokio::spawn(camera.run(pushing.clone()));
    }
    let shown = Shown::start(&stack, &config, process).await?;
    first_frames(&plan, process, display).await;
    display.say(&format!("  live at {}", shown.url));
    let watched = run::watch(&mut stack, &shown, data, display, process, options.time).await;
    pushing.cancel();
    let account = run::finish(stack, &shown, display, since_us).await;
    // RTSP servers end their threads when they are dropped.
    tokio::task::spawn_blocking(move || drop(senders)).await.context("stop the cameras")?;
    watched?;
    account.map(Some)
}

/// The configuration of the demo. Its ports are the usual ones, or others where something listens there already.
fn config(options: &DemoOptions, data: &DataFolder) -> anyhow::Result<UpConfig> {
    let cameras = CamerasConfig { file: data.join("cameras.toml") };
    let mut config = UpConfig { cameras, ..UpConfig::default() };
    let loopback = |port: u16| ports::or_free(SocketAddr::from(([127, 0, 0, 1], port)));
    config.push.listen = loopback(config.push.listen.port());
    config.alerts.listen = loopback(config.alerts.listen.port());
    let AdminConfig { infer, ingest, sink } = config.admin;
    config.admin =
        AdminConfig { infer: loopback(infer.port()), ingest: loopback(ingest.port()), sink: loopback(sink.port()) };
    config.page = match options.port {
        // Who asks for a port wants that one or an error.
        Some(port) => PageConfig { listen: SocketAddr::from(([127, 0, 0, 1], port)) },
        None => PageConfig { listen: loopback(config.page.listen.port()) },
    };
    config.model = ModelConfig::of(options.model_path()?);
    Ok(config)
}

/// Waits until every camera has given a frame, so that the counts that follow are those of a running pipeline.
async fn first_frames(plan: &[cameras::Planned], process: &Shutdown, display: &Display) {
    let step = display.step("cameras");
    let until = Instant::now() + FIRST_FRAMES;
    loop {
        let counts = Counts::read();
        let silent: Vec<_> = plan
            .iter()
            .filter(|camera| counts.cameras.get(&camera.id).is_none_or(|counts| counts.inferred == 0))
            .map(|camera| camera.id.as_str())
            .collect();
        if silent.is_empty() {
            step.done(&format!("{} send over RTSP", plan.len()));
            return;
        }
        step.update(&format!("waiting for {}", silent.join(", ")));
        if Instant::now() >= until {
            step.done(&format!("{} give nothing yet", silent.join(", ")));
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(100)) => {}
            () = process.soft.cancelled() => return,
        }
    }
}

/// Says what became of every frame; failure when it does not add up.
#[expect(clippy::print_stdout, reason = "the command's result")]
fn report(account: &Account, json: bool) -> ExitCode {
    let problems = account.problems();
    if json {
        println!("{}", serde_json::to_string(account).expect("numbers and texts are JSON"));
    } else {
        // The display leaves the cursor behind its last line.
        println!("\n{account}");
    }
    for problem in &problems {
        say(&format!("the account does not balance: {problem}"));
    }
    if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[expect(clippy::print_stderr, reason = "the last word of a command-line program")]
fn say(text: &str) {
    eprintln!("{text}");
}
