//! One step of the start or the end, as a line that says what it waits for and how it ended.

use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar};
use parking_lot::Mutex;

use super::{PLAIN_EVERY, print_line, style};

/// A step in progress. Dropping it without [`ProgressStep::done`] shows it as failed.
#[derive(Debug)]
pub struct ProgressStep {
    name: String,
    bar: Option<ProgressBar>,
    started: Instant,
    /// Without a terminal: when something was printed last.
    printed: Mutex<Instant>,
    done: bool,
}

impl ProgressStep {
    /// Starts a step; without `bars` there is no terminal, and the end is printed, and what a long step waits for.
    pub(super) fn start(name: &str, bars: Option<&MultiProgress>) -> Self {
        let bar = bars.map(|bars| {
            let bar = bars.add(ProgressBar::new_spinner());
            bar.set_style(style("  {spinner:.cyan} {prefix:<22} {msg:.dim}"));
            bar.set_prefix(name.to_owned());
            bar.enable_steady_tick(Duration::from_millis(80));
            bar
        });
        let now = Instant::now();
        Self { name: name.to_owned(), bar, started: now, printed: Mutex::new(now), done: false }
    }

    /// Shows what the step waits for now.
    pub fn update(&self, what: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(what.to_owned());
            return;
        }
        let mut printed = self.printed.lock();
        if printed.elapsed() >= PLAIN_EVERY {
            *printed = Instant::now();
            print_line(&format!("{}: waiting for {} s: {what}", self.name, self.started.elapsed().as_secs()));
        }
    }

    /// Ends the step successfully, with a short result.
    pub fn done(mut self, result: &str) {
        self.done = true;
        let seconds = self.started.elapsed().as_secs_f64();
        match &self.bar {
            Some(bar) => {
                bar.set_style(style("  {prefix:<24} {msg}"));
                bar.set_prefix(format!("✔ {}", self.name));
                bar.finish_with_message(format!("{result} ({seconds:.1} s)"));
            }
            None => print_line(&format!("{}: {result} ({seconds:.1} s)", self.name)),
        }
    }
}

impl Drop for ProgressStep {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        match &self.bar {
            Some(bar) => {
                bar.set_style(style("  {prefix:<24} {msg}"));
                bar.set_prefix(format!("✘ {}", self.name));
                bar.abandon();
            }
            None => print_line(&format!("{}: failed", self.name)),
        }
    }
}
