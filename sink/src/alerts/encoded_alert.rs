//! One alert of the topic, encoded once for all subscribers.

use std::sync::Arc;

use bytes::Bytes;
use vru_proto::v1;
use vru_proto::v1::{AlertKind, AlertState, ClockSource};

use super::resume_token::Positions;
use super::wire::alert_field;

/// Estimated memory of an alert beside its encoded fields, bytes.
const OVERHEAD: usize = 256;

/// An alert, its position in the topic, and what filters look at.
#[derive(Debug)]
pub(crate) struct EncodedAlert {
    pub(crate) partition: usize,
    pub(crate) offset: i64,
    /// What a repetition has in common with the first: the alert's id and its state.
    pub(crate) identity: Arc<str>,
    pub(crate) camera_id: String,
    pub(crate) zone_id: String,
    pub(crate) rule_id: String,
    pub(crate) severity: i32,
    pub(crate) kind: AlertKind,
    pub(crate) state: AlertState,
    /// When the frame was captured that raised it. None for ends and crossings, and for files, whose frames were captured long ago.
    pub(crate) raised_at_us: Option<i64>,
    /// Field `alert` of a response, without the snapshot.
    without_snapshot: Bytes,
    /// The same with the snapshot; none when the alert has no snapshot.
    with_snapshot: Option<Bytes>,
}

impl EncodedAlert {
    pub(crate) fn new(partition: usize, offset: i64, mut alert: v1::Alert) -> Self {
        let with_snapshot = (!alert.snapshot.is_empty()).then(|| alert_field(&alert));
        alert.snapshot = Bytes::new();
        let without_snapshot = alert_field(&alert);
        let kind = match alert.kind() {
            AlertKind::Unspecified => AlertKind::Presence,
            kind => kind,
        };
        let state = if alert.is_end() { AlertState::Ended } else { AlertState::Raised };
        let live = !alert.is_end() && !alert.is_crossing() && alert.clock_source() != ClockSource::File;
        let raised_at_us = live.then_some(alert.captured_at_us);
        // A slash is in no id.
        let identity = if alert.is_end() { format!("{}/ended", alert.id) } else { alert.id };
        let v1::Alert { camera_id, zone_id, rule_id, severity, .. } = alert;
        Self {
            partition,
            offset,
            identity: identity.into(),
            camera_id,
            zone_id,
            rule_id,
            severity,
            kind,
            state,
            raised_at_us,
            without_snapshot,
            with_snapshot,
        }
    }

    /// Field `alert` of a response, with the snapshot if it is wanted and there is one.
    pub(crate) fn field(&self, include_snapshot: bool) -> Bytes {
        let with_snapshot = self.with_snapshot.as_ref().filter(|_| include_snapshot);
        with_snapshot.unwrap_or(&self.without_snapshot).clone()
    }

    /// Estimated memory, bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.without_snapshot.len() + self.with_snapshot.as_ref().map_or(0, Bytes::len) + OVERHEAD
    }

    /// Moves the positions past this alert.
    pub(crate) fn advance(&self, positions: &mut Positions) {
        if positions.len() <= self.partition {
            positions.resize(self.partition + 1, 0);
        }
        positions[self.partition] = self.offset + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_grow_with_the_topic() {
        let mut positions = vec![3];
        EncodedAlert::new(2, 7, v1::Alert::default()).advance(&mut positions);
        assert_eq!(positions, [3, 0, 8]);
    }
}
