//! Counts the alerts of a frame when Kafka has acknowledged them.

use vru_proto::v1;

use crate::metrics::{CROSSINGS, ENDED_ALERTS, SENT_ALERTS};

/// The alerts of one frame, by what they are.
#[derive(Debug)]
pub(super) struct AlertCounts {
    raised: u64,
    ended: u64,
    crossings: Vec<(String, &'static str, &'static str)>,
}

impl AlertCounts {
    pub fn of(alerts: &[v1::Alert]) -> Self {
        let count = |which: fn(&v1::Alert) -> bool| alerts.iter().filter(|alert| which(alert)).count() as u64;
        let crossings = alerts.iter().filter(|alert| alert.is_crossing());
        let crossings = crossings.map(|alert| (alert.line_id.clone(), alert.direction().word(), alert.class().word()));
        Self { raised: count(v1::Alert::is_raised), ended: count(v1::Alert::is_end), crossings: crossings.collect() }
    }

    pub fn add(&self, camera: &str) {
        SENT_ALERTS.with_label_values(&[camera]).inc_by(self.raised);
        ENDED_ALERTS.with_label_values(&[camera]).inc_by(self.ended);
        for (line, direction, class) in &self.crossings {
            CROSSINGS.with_label_values(&[camera, line, direction, class]).inc();
        }
    }
}
