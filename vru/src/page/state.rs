//! What changes on the page.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use serde::Serialize;
use vru_proto::v1::{Alert, CameraConfig, Severity};

use crate::annotate::class_name;
use crate::counts::{CameraCounts, Counts};
use crate::display::{Rates, View};
use crate::latency::Percentiles;
use crate::subscriber::Received;

/// The counts of the run, for terminal and page alike.
#[derive(Debug)]
pub struct Board {
    received: Received,
    started: Instant,
    now: Mutex<Now>,
}

#[derive(Debug, Default)]
struct Now {
    counts: Counts,
    rates: Rates,
    troubles: Vec<String>,
}

/// Everything on the page that changes.
#[derive(Debug, Serialize)]
pub struct PageState {
    seconds: u64,
    fps_in: f64,
    fps_out: f64,
    total: CameraCounts,
    alerts: u64,
    drops: BTreeMap<String, u64>,
    glass_to_alert_ms: Option<Percentiles>,
    cameras: Vec<CameraState>,
    latest: Vec<AlertState>,
    troubles: Vec<String>,
}

#[derive(Debug, Serialize)]
struct CameraState {
    id: String,
    name: String,
    fps_in: f64,
    fps_out: f64,
    counts: CameraCounts,
}

#[derive(Debug, Serialize)]
struct AlertState {
    id: String,
    rule: String,
    zone: String,
    camera: String,
    class: &'static str,
    severity: &'static str,
    captured_at_us: i64,
    /// Where in the picture, as fractions of its size.
    focus: Option<[f32; 2]>,
}

impl Board {
    /// Counts from now on.
    pub fn new(received: Received) -> Self {
        Self { received, started: Instant::now(), now: Mutex::default() }
    }

    /// Takes a new reading.
    pub fn update(&self, counts: Counts, troubles: Vec<String>) {
        let mut now = self.now.lock();
        now.rates.update(Instant::now(), &counts);
        now.counts = counts;
        now.troubles = troubles;
    }

    /// Shows it as text.
    pub fn view<T>(&self, page: &str, show: impl FnOnce(&View<'_>) -> T) -> T {
        let now = self.now.lock();
        show(&View {
            counts: &now.counts,
            rates: &now.rates,
            alerts: self.received.count(),
            glass_to_alert_ms: self.received.glass_to_alert_ms(),
            seconds: self.started.elapsed().as_secs(),
            page,
        })
    }

    /// For the page.
    pub fn state(&self, cameras: &[Arc<CameraConfig>]) -> PageState {
        let now = self.now.lock();
        let rate = now.rates.total();
        let total = now.counts.total();
        let cameras = cameras.iter().map(|config| {
            let rate = now.rates.of(&config.id);
            CameraState {
                id: config.id.clone(),
                name: if config.name.is_empty() { config.id.clone() } else { config.name.clone() },
                fps_in: rate.fps_in,
                fps_out: rate.fps_out,
                counts: now.counts.cameras.get(&config.id).cloned().unwrap_or_default(),
            }
        });
        PageState {
            seconds: self.started.elapsed().as_secs(),
            fps_in: rate.fps_in,
            fps_out: rate.fps_out,
            alerts: self.received.count(),
            drops: total.drops.iter().filter(|(_, count)| **count > 0).map(|(k, v)| (k.clone(), *v)).collect(),
            total,
            glass_to_alert_ms: self.received.glass_to_alert_ms(),
            cameras: cameras.collect(),
            latest: self.received.latest().iter().map(alert_state).collect(),
            troubles: now.troubles.clone(),
        }
    }

    /// One of the latest alerts.
    pub fn alert(&self, id: &str) -> Option<Alert> {
        self.received.latest().into_iter().find(|alert| alert.id == id)
    }
}

fn alert_state(alert: &Alert) -> AlertState {
    AlertState {
        id: alert.id.clone(),
        rule: alert.rule_id.clone(),
        zone: alert.zone_id.clone(),
        camera: alert.camera_id.clone(),
        class: class_name(alert.class()),
        severity: match alert.severity() {
            Severity::Critical => "critical",
            Severity::Warning => "warning",
            Severity::Info | Severity::Unspecified => "info",
        },
        captured_at_us: alert.captured_at_us,
        focus: alert.r#box.map(|place| {
            let centre =
                |start: f32, length: f32, whole: u32| ((start + length / 2.0) / whole.max(1) as f32).clamp(0.0, 1.0);
            [centre(place.left, place.width, alert.source_width), centre(place.top, place.height, alert.source_height)]
        }),
    }
}

#[cfg(test)]
mod tests {
    use vru_proto::v1::Box as Place;

    use super::*;

    #[test]
    fn an_alert_says_where_in_the_picture_it_is() {
        let place = Place { left: 100.0, top: 50.0, width: 100.0, height: 300.0 };
        let alert = Alert { r#box: Some(place), source_width: 600, source_height: 400, ..Alert::default() };
        assert_eq!(alert_state(&alert).focus, Some([0.25, 0.5]));
        assert_eq!(alert_state(&Alert::default()).focus, None);
    }

    #[test]
    fn cameras_without_frames_are_shown_too() {
        let board = Board::new(Received::default());
        board.update(Counts::default(), vec!["ingest waits for kafka".to_owned()]);
        let config = CameraConfig { id: "gate".to_owned(), ..CameraConfig::default() };
        let state = serde_json::to_value(board.state(&[Arc::new(config)])).unwrap();
        assert_eq!(state["cameras"][0]["name"], "gate");
        assert_eq!(state["cameras"][0]["counts"]["frames_in"], 0);
        assert_eq!(state["troubles"][0], "ingest waits for kafka");
    }
}
