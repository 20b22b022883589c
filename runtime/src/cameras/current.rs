use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use vru_proto::CameraId;
use vru_proto::v1::CameraConfig;

use super::event::CameraEvent;

/// The cameras that the receiver has now. Each method applies a change and returns the events that bring the receiver up to date;
/// a change that changes nothing gives no event.
#[derive(Default)]
pub(super) struct CurrentCameras {
    /// The partition that each camera came from, and its configuration.
    cameras: HashMap<CameraId, (i32, Arc<CameraConfig>)>,
}

impl CurrentCameras {
    pub(super) fn is_empty(&self) -> bool {
        self.cameras.is_empty()
    }

    pub(super) fn upsert(&mut self, partition: i32, id: CameraId, config: CameraConfig) -> Option<CameraEvent> {
        if !config.enabled {
            return self.remove(&id);
        }
        if self.cameras.get(&id).is_some_and(|(_, current)| **current == config) {
            return None;
        }
        let config = Arc::new(config);
        self.cameras.insert(id.clone(), (partition, config.clone()));
        Some(CameraEvent::Upsert(id, config))
    }

    pub(super) fn remove(&mut self, id: &CameraId) -> Option<CameraEvent> {
        self.cameras.remove(id).map(|_| CameraEvent::Remove(id.clone()))
    }

    /// Removes the cameras of these partitions.
    pub(super) fn revoke(&mut self, partitions: &HashSet<i32>) -> Vec<CameraEvent> {
        self.remove_if(|_, partition| partitions.contains(&partition))
    }

    /// Removes the cameras that are not in `kept`.
    pub(super) fn retain(&mut self, kept: &HashSet<CameraId>) -> Vec<CameraEvent> {
        self.remove_if(|id, _| !kept.contains(id))
    }

    fn remove_if(&mut self, gone: impl Fn(&CameraId, i32) -> bool) -> Vec<CameraEvent> {
        let removed = self.cameras.extract_if(|id, (partition, _)| gone(id, *partition));
        removed.map(|(id, _)| CameraEvent::Remove(id)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera(id: &str, enabled: bool) -> (CameraId, CameraConfig) {
        (id.parse().unwrap(), CameraConfig { id: id.to_owned(), enabled, ..Default::default() })
    }

    #[test]
    fn an_unchanged_camera_gives_no_event() {
        let mut current = CurrentCameras::default();
        let (id, config) = camera("a", true);
        assert!(matches!(current.upsert(0, id.clone(), config.clone()), Some(CameraEvent::Upsert(..))));
        assert!(current.upsert(0, id.clone(), config).is_none());
        let (id, disabled) = camera("a", false);
        assert!(matches!(current.upsert(0, id, disabled), Some(CameraEvent::Remove(_))));
    }

    #[test]
    fn a_revoked_partition_removes_its_cameras() {
        let mut current = CurrentCameras::default();
        for (partition, name) in [(0, "a"), (1, "b"), (0, "c")] {
            let (id, config) = camera(name, true);
            current.upsert(partition, id, config);
        }
        assert_eq!(current.revoke(&HashSet::from([0])).len(), 2);
        assert_eq!(current.cameras.len(), 1);
    }
}
