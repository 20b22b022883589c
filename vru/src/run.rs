//! What `vru demo` and `vru up` have in common: logs to a file, the run with display and page, and the orderly end.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use vru_runtime::cameras::{self, Share};
use vru_runtime::shutdown::Shutdown;
use vru_runtime::telemetry::{self, TelemetryConfig, TelemetryGuard};
use vru_storage::s3::Bucket;

use crate::account::Account;
use crate::config::UpConfig;
use crate::counts::Counts;
use crate::data::DataFolder;
use crate::display::Display;
use crate::page::live::Live;
use crate::page::{self, Board, Page};
use crate::stack::Stack;

/// How often the counts are read.
const TICK: Duration = Duration::from_millis(500);
/// How often a trouble that stays is said.
const SAY_AGAIN: Duration = Duration::from_secs(10);

/// Sets up logs to a file in the data folder: the terminal shows progress.
pub fn log_to_file(data: &DataFolder, config: &TelemetryConfig) -> anyhow::Result<TelemetryGuard> {
    let path = data.join("vru.log");
    let file = File::create(&path).with_context(|| format!("write {}", path.display()))?;
    telemetry::init_to_file("vru", config, file).context("set up telemetry")
}

/// The page and what feeds it.
#[derive(Debug)]
pub struct Shown {
    /// The counts.
    pub board: Arc<Board>,
    /// Where the page is.
    pub url: String,
    stop: CancellationToken,
}

impl Shown {
    /// Serves the page.
    pub async fn start(stack: &Stack, config: &UpConfig, process: &Shutdown) -> anyhow::Result<Self> {
        let stop = process.hard.child_token();
        // Not the process's own: cameras are shown until the end, also while it drains.
        let follow = Shutdown { soft: stop.clone(), hard: stop.clone(), tracker: process.tracker.clone() };
        let ready = vru_runtime::admin::Readiness::default().part("page");
        let events = cameras::watch(stack.kafka(), &config.cameras, Share::All, &follow, ready);
        let live = Live::start(stack.kafka().clone(), events, stop.clone());
        let board = Arc::new(Board::new(stack.received()));
        let bucket = Bucket::new(stack.bucket_config()).await;
        let page = Page { live, board: board.clone(), bucket };
        let bound = page::serve(config.page.listen, page, stop.clone()).await?;
        Ok(Self { board, url: format!("http://{bound}"), stop })
    }

    /// Ends the page.
    pub fn stop(&self) {
        self.stop.cancel();
    }
}

/// Shows how it stands until the soft stop, the end of the time, or the end of a service, which is an error.
pub async fn watch(
    stack: &mut Stack,
    shown: &Shown,
    data: &DataFolder,
    display: &Display,
    process: &Shutdown,
    limit: Option<Duration>,
) -> anyhow::Result<()> {
    let until = limit.map(|limit| Instant::now() + limit);
    let mut tick = tokio::time::interval(TICK);
    let mut said = Said::default();
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = process.soft.cancelled() => return Ok(()),
        }
        stack.check().await?;
        let mut troubles = stack.troubles();
        if !troubles.is_empty() && data.is_full() {
            let place = data.path().display();
            troubles.insert(0, format!("the disk of {place} is full: free some space, and what waits is written"));
        }
        said.say(&troubles, display);
        shown.board.update(Counts::read(), troubles);
        shown.board.view(&shown.url, |view| display.live(view));
        if until.is_some_and(|until| Instant::now() >= until) {
            // From here on the same as after Ctrl-C.
            process.soft.cancel();
            return Ok(());
        }
    }
}

/// Troubles that were said on the terminal.
#[derive(Debug, Default)]
struct Said {
    at: Option<Instant>,
}

impl Said {
    /// Says them when they begin, again from time to time, and when they have passed.
    fn say(&mut self, troubles: &[String], display: &Display) {
        if troubles.is_empty() {
            if self.at.take().is_some() {
                display.say("  nothing waits any more");
            }
        } else if self.at.is_none_or(|at| at.elapsed() >= SAY_AGAIN) {
            self.at = Some(Instant::now());
            for trouble in troubles {
                tracing::error!(trouble, "trouble");
                display.say(&format!("  {trouble}"));
            }
        }
    }
}

/// Stops the source, lets everything arrive, and stops the rest; the account of what ingest took since then.
pub async fn finish(mut stack: Stack, shown: &Shown, display: &Display, since_us: i64) -> anyhow::Result<Account> {
    display.end_live();
    let step = display.step("drain");
    let account = stack.drain(since_us).await;
    match &account {
        Ok(account) => step.done(&format!("{} frames accounted for", account.frames_in)),
        Err(_) => drop(step),
    }
    let step = display.step("stop");
    shown.stop();
    stack.stop().await?;
    step.done("everything has ended");
    account
}
