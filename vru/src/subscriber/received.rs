use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use vru_proto::v1::{Alert, ClockSource};
use vru_runtime::latency::since_capture;

use crate::latency::{Latencies, Percentiles};

/// Ids remembered to recognise an alert that is delivered twice.
const REMEMBERED: usize = 10_000;

/// What the subscriber has received so far. All clones share it.
#[derive(Debug, Clone)]
pub struct Received {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    count: u64,
    missed: u64,
    latencies: Latencies,
    seen: HashSet<String>,
    order: VecDeque<String>,
    connected: bool,
}

impl Default for Received {
    fn default() -> Self {
        let state = State {
            count: 0,
            missed: 0,
            latencies: Latencies::new(10_000),
            seen: HashSet::new(),
            order: VecDeque::new(),
            connected: false,
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }
}

impl Received {
    /// Raised alerts, each id counted once. Line crossings are not among them.
    pub fn count(&self) -> u64 {
        self.state.lock().count
    }

    /// Records that Kafka had deleted before the subscriber received them.
    pub fn missed(&self) -> u64 {
        self.state.lock().missed
    }

    /// From capture to reception, milliseconds. None before the first alert of a live camera.
    pub fn glass_to_alert_ms(&self) -> Option<Percentiles> {
        self.state.lock().latencies.percentiles()
    }

    /// Whether the stream is open and its first response has come: alerts that are published from now on are not missed.
    pub fn is_connected(&self) -> bool {
        self.state.lock().connected
    }

    pub(super) fn set_connected(&self, connected: bool) {
        self.state.lock().connected = connected;
    }

    pub(super) fn add_missed(&self, records: u64) {
        self.state.lock().missed += records;
    }

    pub(super) fn add_alert(&self, alert: &Alert, now_us: i64) {
        let mut state = self.state.lock();
        if alert.is_end() || alert.is_crossing() || !state.seen.insert(alert.id.clone()) {
            return;
        }
        state.order.push_back(alert.id.clone());
        if state.order.len() > REMEMBERED
            && let Some(oldest) = state.order.pop_front()
        {
            state.seen.remove(&oldest);
        }
        state.count += 1;
        // The frames of a file were captured long ago: their latency means nothing.
        if alert.clock_source() != ClockSource::File
            && let Some(passed) = since_capture("subscriber", alert.captured_at_us, now_us)
        {
            state.latencies.add(passed.as_secs_f64() * 1_000.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_that_is_delivered_twice_counts_once() {
        let received = Received::default();
        for id in ["a", "b", "a"] {
            received.add_alert(&Alert { id: id.to_owned(), captured_at_us: 1_000_000, ..Alert::default() }, 1_250_000);
        }
        assert_eq!(received.count(), 2);
        assert_eq!(received.glass_to_alert_ms(), Some(Percentiles { p50: 250.0, p95: 250.0 }));
        let clock_source = ClockSource::File.into();
        received.add_alert(&Alert { id: "c".to_owned(), clock_source, ..Alert::default() }, 9_000_000);
        assert_eq!((received.count(), received.glass_to_alert_ms().unwrap().p95), (3, 250.0));
        received.add_alert(&Alert { id: "d".to_owned(), captured_at_us: 1_000_000, ..Alert::default() }, 900_000);
        assert_eq!((received.count(), received.glass_to_alert_ms().unwrap().p50), (4, 250.0));
    }

    #[test]
    fn ends_and_crossings_of_lines_do_not_count() {
        use vru_proto::v1::{AlertKind, AlertState};
        let received = Received::default();
        let raised = Alert { id: "a".to_owned(), state: AlertState::Raised.into(), ..Alert::default() };
        let ended = Alert { state: AlertState::Ended.into(), ended_at_us: 7, ..raised.clone() };
        let crossing = Alert { id: "b".to_owned(), kind: AlertKind::LineCrossing.into(), ..Alert::default() };
        for alert in [&raised, &ended, &crossing, &ended] {
            received.add_alert(alert, 0);
        }
        assert_eq!(received.count(), 1);
    }
}
