//! The cameras that this process watched until a while ago.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use vru_proto::CameraId;

/// How long the metrics of a camera stay after it was removed or moved: Prometheus must read the last counts, and a scrape may fail.
const SERIES_KEPT: Duration = Duration::from_mins(10);

/// When each camera was removed that may still have metrics.
#[derive(Debug, Default)]
pub(crate) struct RemovedCameras(HashMap<CameraId, Instant>);

impl RemovedCameras {
    pub(crate) fn insert(&mut self, camera: CameraId, now: Instant) {
        self.0.insert(camera, now);
    }

    /// Takes out the cameras whose metrics may go: removed a while ago, not here again, and with nothing left that still counts.
    pub(crate) fn gone(
        &mut self,
        now: Instant,
        is_here: impl Fn(&CameraId) -> bool,
        counts: impl Fn(&CameraId) -> bool,
    ) -> Vec<CameraId> {
        self.0.retain(|camera, _| !is_here(camera));
        let is_due = |camera: &CameraId, at: &mut Instant| now.duration_since(*at) >= SERIES_KEPT && !counts(camera);
        self.0.extract_if(is_due).map(|(camera, _)| camera).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: fn(&CameraId) -> bool = |_| false;
    const ALWAYS: fn(&CameraId) -> bool = |_| true;

    fn removed(at: Instant) -> (RemovedCameras, CameraId) {
        let camera: CameraId = "gone".parse().unwrap();
        let mut removed = RemovedCameras::default();
        removed.insert(camera.clone(), at);
        (removed, camera)
    }

    #[test]
    fn metrics_go_once_and_not_before_prometheus_has_read_them() {
        let start = Instant::now();
        let (mut removed, camera) = removed(start);
        assert_eq!(removed.gone(start + SERIES_KEPT.saturating_sub(Duration::from_secs(1)), NEVER, NEVER), []);
        assert_eq!(removed.gone(start + SERIES_KEPT, NEVER, NEVER), [camera]);
        assert_eq!(removed.gone(start + SERIES_KEPT * 2, NEVER, NEVER), []);
    }

    #[test]
    fn a_connection_that_still_closes_keeps_the_metrics() {
        let start = Instant::now();
        let (mut removed, camera) = removed(start);
        assert_eq!(removed.gone(start + SERIES_KEPT, NEVER, ALWAYS), []);
        assert_eq!(removed.gone(start + SERIES_KEPT, NEVER, NEVER), [camera]);
    }

    #[test]
    fn a_camera_that_came_back_keeps_its_metrics_until_it_is_removed_again() {
        let start = Instant::now();
        let (mut removed, camera) = removed(start);
        assert_eq!(removed.gone(start + SERIES_KEPT, ALWAYS, NEVER), []);
        assert_eq!(removed.gone(start + SERIES_KEPT * 2, NEVER, NEVER), []);
        removed.insert(camera.clone(), start + SERIES_KEPT * 2);
        assert_eq!(removed.gone(start + SERIES_KEPT * 3, NEVER, NEVER), [camera]);
    }
}
