//! `/state`: everything on the page that changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use vru_proto::v1::{Alert, CameraConfig, Severity};

use crate::counts::CameraCounts;
use crate::latency::Percentiles;
use crate::status::{RunStatus, StatusView};
use crate::subscriber::{Crossings, LineCounts};

/// The answer to `/state`.
#[derive(Debug, Serialize)]
pub(super) struct PageState {
    seconds: u64,
    fps_in: f64,
    fps_out: f64,
    total: CameraCounts,
    alerts: u64,
    drops: BTreeMap<String, u64>,
    glass_to_alert_ms: Option<Percentiles>,
    cameras: Vec<CameraStatus>,
    /// The latest alerts, the newest first.
    latest: Vec<AlertState>,
    troubles: Vec<String>,
    /// Whether there is a log-in to end.
    logged_in: bool,
}

#[derive(Debug, Serialize)]
struct CameraStatus {
    id: String,
    name: String,
    fps_in: f64,
    fps_out: f64,
    counts: CameraCounts,
    /// By line.
    crossings: BTreeMap<String, LineCounts>,
}

#[derive(Debug, Serialize)]
struct AlertState {
    id: String,
    rule: String,
    kind: &'static str,
    zone: String,
    camera: String,
    class: &'static str,
    severity: &'static str,
    captured_at_us: i64,
    /// How long the situation lasted; null while it goes on.
    seconds: Option<f64>,
    /// The centre of the object, as fractions of the picture's width and height.
    focus: Option<[f32; 2]>,
}

impl PageState {
    /// The state with these cameras, also those that have sent nothing.
    pub(super) fn new(status: &RunStatus, cameras: &[Arc<CameraConfig>], logged_in: bool) -> Self {
        let latest = status.received().latest().iter().map(AlertState::new).collect();
        let crossings = status.received().crossings();
        status.view(|status| {
            let rate = status.rates.total();
            let total = status.counts.total();
            Self {
                seconds: status.seconds,
                fps_in: rate.fps_in,
                fps_out: rate.fps_out,
                alerts: status.alerts,
                drops: total.drops.clone(),
                total,
                glass_to_alert_ms: status.glass_to_alert_ms,
                cameras: cameras.iter().map(|config| CameraStatus::new(config, status, &crossings)).collect(),
                latest,
                troubles: status.troubles.to_vec(),
                logged_in,
            }
        })
    }
}

impl CameraStatus {
    fn new(config: &CameraConfig, status: &StatusView<'_>, crossings: &Crossings) -> Self {
        let rate = status.rates.of(&config.id);
        Self {
            id: config.id.clone(),
            name: if config.name.is_empty() { config.id.clone() } else { config.name.clone() },
            fps_in: rate.fps_in,
            fps_out: rate.fps_out,
            counts: status.counts.cameras.get(&config.id).cloned().unwrap_or_default(),
            crossings: crossings.get(&config.id).cloned().unwrap_or_default(),
        }
    }
}

impl AlertState {
    fn new(alert: &Alert) -> Self {
        Self {
            id: alert.id.clone(),
            rule: alert.rule_id.clone(),
            kind: alert.kind().word(),
            zone: alert.zone_id.clone(),
            camera: alert.camera_id.clone(),
            class: alert.class().word(),
            severity: match alert.severity() {
                Severity::Critical => "critical",
                Severity::Warning => "warning",
                Severity::Info | Severity::Unspecified => "info",
            },
            captured_at_us: alert.captured_at_us,
            seconds: (alert.ended_at_us != 0).then(|| (alert.ended_at_us - alert.began_at_us) as f64 / 1e6),
            focus: alert.r#box.map(|rect| {
                let centre = |start: f32, length: f32, whole: u32| {
                    ((start + length / 2.0) / whole.max(1) as f32).clamp(0.0, 1.0)
                };
                [centre(rect.left, rect.width, alert.source_width), centre(rect.top, rect.height, alert.source_height)]
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counts::PipelineCounts;
    use crate::subscriber::Received;

    #[test]
    fn an_alert_has_the_centre_of_its_object() {
        let rect = vru_proto::v1::Box { left: 100.0, top: 50.0, width: 100.0, height: 300.0 };
        let alert = Alert { r#box: Some(rect), source_width: 600, source_height: 400, ..Alert::default() };
        assert_eq!(AlertState::new(&alert).focus, Some([0.25, 0.5]));
        assert_eq!(AlertState::new(&Alert::default()).focus, None);
    }

    #[test]
    fn cameras_without_frames_are_shown_too() {
        let status = RunStatus::new(Received::default());
        status.update(PipelineCounts::default(), vec!["ingest waits for kafka".to_owned()]);
        let config = CameraConfig { id: "gate".to_owned(), ..CameraConfig::default() };
        let state = serde_json::to_value(PageState::new(&status, &[Arc::new(config)], false)).unwrap();
        assert_eq!(state["cameras"][0]["name"], "gate");
        assert_eq!(state["cameras"][0]["counts"]["frames_in"], 0);
        assert_eq!(state["troubles"][0], "ingest waits for kafka");
    }
}
