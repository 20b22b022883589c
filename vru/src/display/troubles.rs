//! Troubles on the terminal: printed when they begin, from time to time while they last, and when they are over.

use std::time::{Duration, Instant};

use super::Display;

/// How often a trouble that lasts is printed again.
const REPEAT_EVERY: Duration = Duration::from_secs(10);

/// Which troubles were printed, and when.
#[derive(Debug, Default)]
pub struct TroubleLog {
    printed: Option<Instant>,
}

impl TroubleLog {
    /// Prints the current troubles if they are new or were last printed a while ago.
    pub fn update(&mut self, troubles: &[String], display: &Display) {
        if troubles.is_empty() {
            if self.printed.take().is_some() {
                display.print("  no more troubles: everything works again");
            }
        } else if self.printed.is_none_or(|at| at.elapsed() >= REPEAT_EVERY) {
            self.printed = Some(Instant::now());
            for trouble in troubles {
                tracing::error!(trouble, "trouble");
                display.print(&format!("  {trouble}"));
            }
        }
    }
}
