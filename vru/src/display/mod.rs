//! What the terminal shows: what is being prepared, then live counts. With no terminal, plain lines on standard error.

mod live;

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use parking_lot::Mutex;

pub use live::{Rates, View};

/// How often a display without a terminal says how it stands.
const PLAIN_EVERY: Duration = Duration::from_secs(5);

/// Where progress goes. Clones share it.
#[derive(Debug, Clone)]
pub struct Display {
    bars: Option<MultiProgress>,
    live: std::sync::Arc<Mutex<Vec<ProgressBar>>>,
    said: std::sync::Arc<Mutex<Option<std::time::Instant>>>,
}

/// One thing that is being prepared.
#[derive(Debug)]
pub struct Step {
    name: String,
    bar: Option<ProgressBar>,
    started: std::time::Instant,
    ended: bool,
}

impl Display {
    /// On the terminal if standard error is one.
    pub fn new() -> Self {
        let bars = std::io::stderr().is_terminal().then(MultiProgress::new);
        Self { bars, live: std::sync::Arc::default(), said: std::sync::Arc::default() }
    }

    /// Begins a step.
    pub fn step(&self, name: &str) -> Step {
        let bar = self.bars.as_ref().map(|bars| {
            let bar = bars.add(ProgressBar::new_spinner());
            bar.set_style(style("  {spinner:.cyan} {prefix:<22} {msg:.dim}"));
            bar.set_prefix(name.to_owned());
            bar.enable_steady_tick(Duration::from_millis(80));
            bar
        });
        Step { name: name.to_owned(), bar, started: std::time::Instant::now(), ended: false }
    }

    /// Says something above all that moves.
    pub fn say(&self, text: &str) {
        match &self.bars {
            Some(bars) => {
                // A terminal that is gone has nobody to tell.
                drop(bars.println(text));
            }
            None => line(text),
        }
    }

    /// Shows how it stands; without a terminal only every few seconds.
    pub fn live(&self, view: &View) {
        let Some(bars) = &self.bars else {
            let mut said = self.said.lock();
            if said.is_none_or(|at| at.elapsed() >= PLAIN_EVERY) {
                *said = Some(std::time::Instant::now());
                line(&view.line());
            }
            return;
        };
        let lines = view.lines();
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

impl Step {
    /// What it waits for now.
    pub fn update(&self, what: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(what.to_owned());
        }
    }

    /// Done, with a word about it.
    pub fn done(mut self, about: &str) {
        self.ended = true;
        let seconds = self.started.elapsed().as_secs_f64();
        match &self.bar {
            Some(bar) => {
                bar.set_style(style("  {prefix:<24} {msg}"));
                bar.set_prefix(format!("✔ {}", self.name));
                bar.finish_with_message(format!("{about} ({seconds:.1} s)"));
            }
            None => line(&format!("{}: {about} ({seconds:.1} s)", self.name)),
        }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        match &self.bar {
            Some(bar) => {
                bar.set_style(style("  {prefix:<24} {msg}"));
                bar.set_prefix(format!("✘ {}", self.name));
                bar.abandon();
            }
            None => line(&format!("{}: failed", self.name)),
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is valid")
}

#[expect(clippy::print_stderr, reason = "progress where there is no terminal")]
fn line(text: &str) {
    eprintln!("{text}");
}
