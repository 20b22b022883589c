//! `vru demo`: the whole pipeline on embedded servers, with cameras that send the sample clip over RTSP.

mod cameras;
mod options;
mod site;
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
use crate::config::{AdminConfig, UpConfig};
use crate::counts::PipelineCounts;
use crate::data::{DataFolder, default_folder};
use crate::display::Display;
use crate::embedded::rtsp_cameras::{CameraClip, RtspCameras};
use crate::run::{self, Observed};
use crate::stack::{Stack, ports};
use crate::subscriber::Endpoint;

pub use options::DemoOptions;

/// How long drain and stop may take.
const STOP_DEADLINE: Duration = Duration::from_secs(75);
/// How long to wait for the first frame of every camera.
const FIRST_FRAMES_DEADLINE: Duration = Duration::from_secs(30);

/// Runs the demo. The exit code is a success when every frame is accounted for.
pub async fn run(options: DemoOptions) -> anyhow::Result<ExitCode> {
    let folder = options.data.clone().unwrap_or_else(|| default_folder("demo"));
    let data = DataFolder::open(&folder)?;
    let telemetry = run::log_to_file(&data, &TelemetryConfig::default())?;
    let process = Shutdown::default();
    process.on_signals(STOP_DEADLINE).context("listen for signals")?;
    let display = Display::new();
    display.print(&format!("vru demo: data and log (vru.log) in {}", data.path().display()));
    let demo = Box::pin(demo(&options, &data, &process, &display));
    let Some(account) = run::to_the_end(demo, &process, telemetry).await? else {
        display.print("  stopped before the cameras were started");
        return Ok(ExitCode::FAILURE);
    };
    Ok(report(&account, options.json))
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
    step.done(&clips.description());
    let camera_clips: BTreeMap<String, CameraClip> = plan
        .iter()
        .filter(|camera| !camera.pushes)
        .map(|camera| (camera.id.clone(), CameraClip { clip: clips.of(camera).clone(), first: camera.first }))
        .collect();
    let senders = RtspCameras::start(&camera_clips)?;
    let config = config(options, data)?;
    let (wanted, push_password) = cameras::wanted(&plan, &senders, options.source.is_none());

    let mut stack = tokio::select! {
        stack = Stack::start(&config, data, process, display) => stack?,
        () = process.soft.cancelled() => return Ok(None),
    };
    let endpoint =
        Endpoint::of(&config.alerts).context("the demo's gRPC server must accept subscribers without a token")?;
    stack.subscribe(endpoint).await?;
    site::put(stack.database(), &config.cameras.secrets_key, &wanted).await?;
    let since_us = now_us();
    stack.start_ingest(&config, display).await?;
    let pushing = CancellationToken::new();
    for camera in plan.iter().filter(|camera| camera.pushes) {
        let camera = cameras::pusher(camera, &config, &push_password, clips.path_of(camera), data);
        tokio::spawn(camera.run(pushing.clone()));
    }
    let observed = Observed::start(&stack, &config, process);
    first_frames(&plan, process, display).await;
    display.print(&format!("  everything runs; {}", observed.place));
    let watched = run::watch(&mut stack, &observed, data, display, process, options.time).await;
    pushing.cancel();
    let account = run::finish(stack, display, since_us).await;
    // Dropping the RTSP server joins its threads.
    tokio::task::spawn_blocking(move || drop(senders)).await.context("stop the cameras")?;
    watched?;
    account.map(Some)
}

/// The configuration of the demo. Its ports are the usual ones, or free ones where those are taken.
fn config(options: &DemoOptions, data: &DataFolder) -> anyhow::Result<UpConfig> {
    let cameras = CamerasConfig { secrets_key: data.secret("cameras-key")?, ..CamerasConfig::default() };
    let mut config = UpConfig { cameras, ..UpConfig::default() };
    let loopback = |port: u16| ports::or_free(SocketAddr::from(([127, 0, 0, 1], port)));
    // The demo's own cameras are on this machine.
    config.pull.allowed_networks.push("127.0.0.0/8".parse().map_err(anyhow::Error::msg)?);
    config.push.listen = loopback(config.push.listen.port());
    config.alerts.listen = loopback(config.alerts.listen.port());
    config.api.http.listen = match options.port {
        // An explicit port is used as given, or is an error.
        Some(port) => SocketAddr::from(([127, 0, 0, 1], port)),
        None => loopback(config.api.http.listen.port()),
    };
    let AdminConfig { infer, ingest, sink, api } = config.admin;
    config.admin = AdminConfig {
        infer: loopback(infer.port()),
        ingest: loopback(ingest.port()),
        sink: loopback(sink.port()),
        api: loopback(api.port()),
    };
    config.model = ModelConfig::of(options.model_path()?);
    Ok(config)
}

/// Waits until a frame of every camera was analysed, so that the counts that follow are those of a running pipeline.
async fn first_frames(plan: &[cameras::DemoCamera], process: &Shutdown, display: &Display) {
    let step = display.step("cameras");
    let until = Instant::now() + FIRST_FRAMES_DEADLINE;
    loop {
        let counts = PipelineCounts::read();
        let silent: Vec<_> = plan
            .iter()
            .filter(|camera| counts.cameras.get(&camera.id).is_none_or(|counts| counts.inferred == 0))
            .map(|camera| camera.id.as_str())
            .collect();
        if silent.is_empty() {
            step.done(&format!("{} cameras send over RTSP", plan.len()));
            return;
        }
        step.update(&format!("waiting for the first frame of {}", silent.join(", ")));
        if Instant::now() >= until {
            step.done(&format!("no frame of {} yet; the cause is in vru.log", silent.join(", ")));
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(100)) => {}
            () = process.soft.cancelled() => return,
        }
    }
}

/// Prints the account. A failure when it does not balance.
#[expect(clippy::print_stdout, reason = "the command's result")]
fn report(account: &Account, json: bool) -> ExitCode {
    let problems = account.problems();
    if json {
        println!("{}", serde_json::to_string(account).expect("numbers and texts are JSON"));
    } else {
        // The display leaves the cursor at the end of its last line.
        println!("\n{account}");
    }
    for problem in &problems {
        print_error(&format!("vru demo: the account does not balance: {problem}"));
    }
    if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[expect(clippy::print_stderr, reason = "the display has ended")]
fn print_error(text: &str) {
    eprintln!("{text}");
}
