//! What `vru demo` and `vru up` share: logs to a file, the run with its display, and the orderly end.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::time::Instant;
use vru_ingest::IngestCounts;
use vru_proto::v1::CameraConfig;
use vru_proto::v1::camera_config::Source;
use vru_runtime::shutdown::Shutdown;
use vru_runtime::telemetry::{self, TelemetryConfig, TelemetryGuard};

use crate::account::Account;
use crate::config::UpConfig;
use crate::counts::PipelineCounts;
use crate::data::DataFolder;
use crate::display::{Display, TroubleLog};
use crate::known_cameras::KnownCameras;
use crate::stack::Stack;
use crate::stalls::Stalls;
use crate::status::RunStatus;

/// How often the counts are read.
const TICK: Duration = Duration::from_millis(500);
/// What tasks may take to end after the hard stop.
const HARD_STOP_GRACE: Duration = Duration::from_secs(2);

/// Sends logs to the file `vru.log` in the data folder: the terminal shows progress.
pub fn log_to_file(data: &DataFolder, config: &TelemetryConfig) -> anyhow::Result<TelemetryGuard> {
    let path = data.join("vru.log");
    let file = File::create(&path).with_context(|| format!("write {}", path.display()))?;
    telemetry::init_to_file("vru", config, file).context("set up telemetry")
}

/// Runs a command to its end, or to the hard stop; then flushes the telemetry.
pub async fn to_the_end<T>(
    command: impl Future<Output = anyhow::Result<T>>,
    process: &Shutdown,
    telemetry: TelemetryGuard,
) -> anyhow::Result<T> {
    let ended = tokio::select! {
        ended = command => ended,
        () = async { process.hard.cancelled().await; tokio::time::sleep(HARD_STOP_GRACE).await } => {
            Err(anyhow::anyhow!("stopped before everything was stored: a second signal came, or the shutdown deadline passed"))
        }
    };
    process.hard.cancel();
    tokio::task::spawn_blocking(move || telemetry.flush()).await.context("flush telemetry")?;
    ended
}

/// What is observed of a run, and where people see more.
#[derive(Debug)]
pub struct Observed {
    status: RunStatus,
    cameras: KnownCameras,
    /// The address of the web app, or of the API where there is no app.
    pub place: String,
}

impl Observed {
    /// Observes until the soft stop.
    pub fn start(stack: &Stack, config: &UpConfig, process: &Shutdown) -> Self {
        let cameras = KnownCameras::follow(stack.kafka(), &config.cameras, process);
        Self { status: RunStatus::new(stack.received()), cameras, place: config.place() }
    }
}

/// Shows the live counts until the soft stop or the end of the time limit. An error when a service ends.
pub async fn watch(
    stack: &mut Stack,
    observed: &Observed,
    data: &DataFolder,
    display: &Display,
    process: &Shutdown,
    limit: Option<Duration>,
) -> anyhow::Result<()> {
    let until = limit.map(|limit| Instant::now() + limit);
    let mut tick = tokio::time::interval(TICK);
    let mut trouble_log = TroubleLog::default();
    let mut stalls = Stalls::default();
    let mut ended = BTreeMap::new();
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = process.soft.cancelled() => return Ok(()),
        }
        if let Some(error) = process.failure.take() {
            return Err(error);
        }
        stack.check().await?;
        let mut troubles = stack.troubles();
        if !troubles.is_empty() && data.is_full() {
            let folder = data.path().display();
            let trouble = format!("the disk of {folder} is full: free some space; the waiting data is then stored");
            troubles.insert(0, trouble);
        }
        let ingest = vru_ingest::counts();
        troubles.extend(camera_troubles(&observed.cameras.all(), &ingest));
        for (camera, text) in ingest.into_iter().filter_map(|(camera, counts)| Some((camera, counts.ended?))) {
            if ended.insert(camera.clone(), text.clone()).as_ref() != Some(&text) {
                display.print(&format!("  camera {camera}: its file has ended: {text}"));
            }
        }
        let counts = PipelineCounts::read();
        troubles.extend(stalls.update(Instant::now().into_std(), &counts));
        trouble_log.update(&troubles, display);
        observed.status.update(counts, troubles);
        observed.status.view(|status| display.live(status, &observed.place));
        if until.is_some_and(|until| Instant::now() >= until) {
            // From here on the same as after Ctrl-C.
            process.soft.cancel();
            return Ok(());
        }
    }
}

/// The cameras that ingest cannot connect to.
fn camera_troubles(cameras: &[Arc<CameraConfig>], counts: &BTreeMap<String, IngestCounts>) -> Vec<String> {
    let trouble = |camera: &Arc<CameraConfig>| {
        if let Some(what) = counts.get(&camera.id).and_then(|counts| counts.waits_for.as_ref()) {
            return Some(format!("camera {} waits for {what}", camera.id));
        }
        let counts = counts.get(&camera.id).filter(|counts| camera.enabled && !counts.connected)?;
        // A file never counts as connected. Once it gives frames, it is read, whatever failed before.
        if matches!(camera.source, Some(Source::File(_))) && counts.received > 0 {
            return None;
        }
        let errors: Vec<_> = counts.errors.iter().map(|(kind, times)| format!("{kind} {times}×")).collect();
        let text = format!("camera {} is not connected ({}): the errors are in vru.log", camera.id, errors.join(", "));
        (!errors.is_empty()).then_some(text)
    };
    cameras.iter().filter_map(trouble).collect()
}

/// Stops the source, waits until everything in flight is stored, and stops the rest. Returns the account of what ingest
/// received since `since_us`.
pub async fn finish(mut stack: Stack, display: &Display, since_us: i64) -> anyhow::Result<Account> {
    display.end_live();
    let step = display.step("drain");
    let account = stack.drain(since_us).await;
    match &account {
        Ok(account) => step.done(&format!("{} frames accounted for", account.frames_in)),
        Err(_) => drop(step),
    }
    let step = display.step("stop");
    stack.stop().await?;
    step.done("all services have stopped");
    account
}

#[cfg(test)]
mod tests {
    use vru_proto::v1::FileSource;

    use super::*;

    #[test]
    fn a_camera_that_fails_is_a_trouble_until_it_is_connected() {
        let camera =
            |id: &str, enabled| Arc::new(CameraConfig { id: id.to_owned(), enabled, ..CameraConfig::default() });
        let cameras = [camera("gate", true), camera("yard", true), camera("off", false)];
        let failed = IngestCounts { errors: [("unauthorized".to_owned(), 2)].into(), ..IngestCounts::default() };
        let connected = IngestCounts { connected: true, ..failed.clone() };
        let ids = ["gate", "yard", "off"].map(str::to_owned);
        let counts = ids.into_iter().zip([failed.clone(), connected, failed]).collect();
        let troubles = camera_troubles(&cameras, &counts);
        assert_eq!(troubles, ["camera gate is not connected (unauthorized 2×): the errors are in vru.log"]);
    }

    #[test]
    fn a_file_that_gives_frames_is_no_trouble() {
        let source = Some(Source::File(FileSource::default()));
        let file = CameraConfig { id: "street".to_owned(), enabled: true, source, ..CameraConfig::default() };
        let failed = IngestCounts { errors: [("publish".to_owned(), 1)].into(), ..IngestCounts::default() };
        let read = IngestCounts { received: 1, ..failed.clone() };
        let troubles =
            |counts: IngestCounts| camera_troubles(&[Arc::new(file.clone())], &[("street".to_owned(), counts)].into());
        assert_eq!(troubles(failed).len(), 1);
        assert_eq!(troubles(read.clone()), Vec::<String>::new());
        let waits = IngestCounts { waits_for: Some("its consumers".to_owned()), ..read };
        assert_eq!(troubles(waits), ["camera street waits for its consumers"]);
    }
}
