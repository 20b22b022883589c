//! Which cameras there are and how they are to be watched: from the compacted topic `vru.cameras`, or from a file.

mod file;
mod schema;
mod topic;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use prometheus::IntCounterVec;
use serde::Deserialize;
use tokio::sync::mpsc;
use vru_proto::CameraId;
use vru_proto::v1::CameraConfig;

pub use file::{CameraFileError, parse as parse_file};

use crate::admin::ReadyFlag;
use crate::config::{Problems, Validate};
use crate::dead_letter::DeadLetters;
use crate::kafka::KafkaConfig;
use crate::metrics::counter_vec;
use crate::shutdown::Shutdown;

static REFUSED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let help = "Changes of the cameras' configuration that were refused for a mistake; the cameras went on as before.";
    counter_vec("cameras_refused_changes_total", help, &["from"])
});

/// Section `cameras`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CamerasConfig {
    /// A TOML file of cameras, read again when it changes. Empty: the topic (default).
    pub file: PathBuf,
}

impl Validate for CamerasConfig {
    fn validate(&self, problems: &mut Problems) {
        let given = !self.file.as_os_str().is_empty();
        problems.require(!given || self.file.is_file(), "file", format!("{} is no file", self.file.display()));
    }
}

/// What changed.
#[derive(Debug, Clone)]
pub enum CameraEvent {
    /// A camera is new or changed; a disabled one is removed instead.
    Upsert(CameraId, Arc<CameraConfig>),
    /// A camera is gone, disabled, or another pod's now.
    Remove(CameraId),
    /// Everything that was configured at the start has been said (again after a rebalance).
    Settled,
}

/// Which part of the topic to follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Share {
    /// Kafka shares the cameras among the members of this group and moves them when one dies.
    Group(String),
    /// All cameras.
    All,
}

/// Follows the configuration until `shutdown.soft`. The channel is bounded; its receiver must keep up or configuration waits.
pub fn watch(
    kafka: &KafkaConfig,
    config: &CamerasConfig,
    share: Share,
    shutdown: &Shutdown,
    ready: ReadyFlag,
) -> mpsc::Receiver<CameraEvent> {
    let (events_tx, events) = mpsc::channel(256);
    // Shown before there is one.
    for from in ["file", "topic"] {
        REFUSED.with_label_values(&[from]);
    }
    let stop = shutdown.soft.clone();
    let config = config.clone();
    let kafka = kafka.clone();
    shutdown.tracker.spawn(async move {
        let follow = Follow { known: Known::default(), events: events_tx, stop, ready };
        if config.file.as_os_str().is_empty() {
            topic::follow(kafka, share, follow).await;
        } else {
            file::follow(config.file, follow).await;
        }
    });
    events
}

/// What a follower works with.
struct Follow {
    known: Known,
    events: mpsc::Sender<CameraEvent>,
    stop: tokio_util::sync::CancellationToken,
    ready: ReadyFlag,
}

impl Follow {
    /// False when nobody listens any more.
    async fn send(&self, event: Option<CameraEvent>) -> bool {
        match event {
            Some(event) => self.events.send(event).await.is_ok(),
            None => !self.events.is_closed(),
        }
    }
}

/// The cameras said so far, so that only changes are said again.
#[derive(Default)]
struct Known {
    cameras: HashMap<CameraId, (i32, Arc<CameraConfig>)>,
}

impl Known {
    fn upsert(&mut self, partition: i32, id: CameraId, config: CameraConfig) -> Option<CameraEvent> {
        if !config.enabled {
            return self.remove(&id);
        }
        if self.cameras.get(&id).is_some_and(|(_, known)| **known == config) {
            return None;
        }
        let config = Arc::new(config);
        self.cameras.insert(id.clone(), (partition, config.clone()));
        Some(CameraEvent::Upsert(id, config))
    }

    fn remove(&mut self, id: &CameraId) -> Option<CameraEvent> {
        self.cameras.remove(id).map(|_| CameraEvent::Remove(id.clone()))
    }

    /// The cameras of these partitions go elsewhere.
    fn revoke(&mut self, partitions: &HashSet<i32>) -> Vec<CameraEvent> {
        let gone: Vec<CameraId> = self
            .cameras
            .iter()
            .filter(|(_, (partition, _))| partitions.contains(partition))
            .map(|(id, _)| id.clone())
            .collect();
        gone.iter().filter_map(|id| self.remove(id)).collect()
    }

    /// Those that are known but not in `kept`.
    fn retain(&mut self, kept: &HashSet<CameraId>) -> Vec<CameraEvent> {
        let gone: Vec<CameraId> = self.cameras.keys().filter(|id| !kept.contains(*id)).cloned().collect();
        gone.iter().filter_map(|id| self.remove(id)).collect()
    }
}

/// Dead letters are a help here, not a condition: without a broker there are no records to reject either.
fn dead_letters(kafka: &KafkaConfig) -> Option<DeadLetters> {
    match DeadLetters::new(kafka, "vru-cameras") {
        Ok(letters) => Some(letters),
        Err(error) => {
            tracing::error!(error = %crate::report::chain(&error), "no dead letters for camera configurations");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera(id: &str, enabled: bool) -> (CameraId, CameraConfig) {
        (id.parse().unwrap(), CameraConfig { id: id.to_owned(), enabled, ..Default::default() })
    }

    #[test]
    fn only_changes_are_said() {
        let mut known = Known::default();
        let (id, config) = camera("a", true);
        assert!(matches!(known.upsert(0, id.clone(), config.clone()), Some(CameraEvent::Upsert(..))));
        assert!(known.upsert(0, id.clone(), config).is_none());
        let (id, disabled) = camera("a", false);
        assert!(matches!(known.upsert(0, id, disabled), Some(CameraEvent::Remove(_))));
    }

    #[test]
    fn a_revoked_partition_takes_its_cameras_along() {
        let mut known = Known::default();
        for (partition, name) in [(0, "a"), (1, "b"), (0, "c")] {
            let (id, config) = camera(name, true);
            known.upsert(partition, id, config);
        }
        assert_eq!(known.revoke(&HashSet::from([0])).len(), 2);
        assert_eq!(known.cameras.len(), 1);
    }
}
