//! The status of the run: counts, rates and troubles. The terminal shows it.

use std::time::Instant;

use parking_lot::Mutex;

use crate::counts::PipelineCounts;
use crate::latency::Percentiles;
use crate::rates::Rates;
use crate::subscriber::Received;

/// Counts, rates and troubles of a run. One task updates it and shows it.
#[derive(Debug)]
pub struct RunStatus {
    received: Received,
    started: Instant,
    latest: Mutex<Latest>,
}

#[derive(Debug, Default)]
struct Latest {
    counts: PipelineCounts,
    rates: Rates,
    troubles: Vec<String>,
}

/// The status at one moment.
#[derive(Debug)]
pub struct StatusView<'a> {
    pub counts: &'a PipelineCounts,
    pub rates: &'a Rates,
    /// What the services wait for, in words.
    pub troubles: &'a [String],
    /// Alerts that the subscriber received.
    pub alerts: u64,
    /// From the capture of a frame to its alert at the subscriber, milliseconds; none before the first alert.
    pub glass_to_alert_ms: Option<Percentiles>,
    /// Seconds since the start.
    pub seconds: u64,
}

impl RunStatus {
    /// Starts the clock.
    pub fn new(received: Received) -> Self {
        Self { received, started: Instant::now(), latest: Mutex::default() }
    }

    /// Stores a new reading.
    pub fn update(&self, counts: PipelineCounts, troubles: Vec<String>) {
        let mut latest = self.latest.lock();
        latest.rates.update(Instant::now(), &counts);
        latest.counts = counts;
        latest.troubles = troubles;
    }

    /// Passes the current status to `show`. Updates wait meanwhile.
    pub fn view<T>(&self, show: impl FnOnce(&StatusView<'_>) -> T) -> T {
        let latest = self.latest.lock();
        show(&StatusView {
            counts: &latest.counts,
            rates: &latest.rates,
            troubles: &latest.troubles,
            alerts: self.received.count(),
            glass_to_alert_ms: self.received.glass_to_alert_ms(),
            seconds: self.started.elapsed().as_secs(),
        })
    }
}
