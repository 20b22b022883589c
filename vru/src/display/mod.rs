//! What the terminal shows: the steps of the start, then live counts, then the steps of the end. Where standard error is no
//! terminal, plain lines.

mod live_view;
mod step;
mod troubles;

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use parking_lot::Mutex;

use crate::status::StatusView;

pub use step::ProgressStep;
pub use troubles::TroubleLog;

/// How often the counts are printed where there is no terminal.
const PLAIN_EVERY: Duration = Duration::from_secs(5);

/// Writes to standard error. Clones share the terminal.
#[derive(Debug, Clone)]
pub struct Display {
    bars: Option<MultiProgress>,
    live: Arc<Mutex<Vec<ProgressBar>>>,
    last_line: Arc<Mutex<Option<Instant>>>,
}

impl Display {
    /// Draws on the terminal if standard error is one.
    pub fn new() -> Self {
        let bars = std::io::stderr().is_terminal().then(MultiProgress::new);
        Self { bars, live: Arc::default(), last_line: Arc::default() }
    }

    /// Starts a step.
    pub fn step(&self, name: &str) -> ProgressStep {
        ProgressStep::start(name, self.bars.as_ref())
    }

    /// Prints a line above everything that moves.
    pub fn print(&self, text: &str) {
        match &self.bars {
            // An error means that the terminal was closed: there is no other place to print to.
            Some(bars) => drop(bars.println(text)),
            None => print_line(text),
        }
    }

    /// Shows the live counts; without a terminal only every few seconds.
    pub fn live(&self, status: &StatusView<'_>, place: &str) {
        let Some(bars) = &self.bars else {
            let mut last = self.last_line.lock();
            if last.is_none_or(|at| at.elapsed() >= PLAIN_EVERY) {
                *last = Some(Instant::now());
                print_line(&live_view::line(status));
            }
            return;
        };
        let lines = live_view::table(status, place);
        let mut shown = self.live.lock();
        while shown.len() < lines.len() {
            let bar = bars.add(ProgressBar::new_spinner());
            bar.set_style(style("{msg}"));
            shown.push(bar);
        }
        for (index, bar) in shown.iter().enumerate() {
            bar.set_message(lines.get(index).cloned().unwrap_or_default());
            bar.tick();
        }
    }

    /// Leaves the last counts on the terminal.
    pub fn end_live(&self) {
        for bar in self.live.lock().drain(..) {
            bar.abandon();
        }
    }
}

impl Default for Display {
    fn default() -> Self {
        Self::new()
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is valid")
}

#[expect(clippy::print_stderr, reason = "progress where there is no terminal")]
fn print_line(text: &str) {
    eprintln!("{text}");
}
