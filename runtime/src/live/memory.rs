use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::state::{IngestPod, LiveCamera, Seen, Update, Worker};
use super::{EXPIRY, WORKER_EXPIRY};

/// The live states of the cameras of this process. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Memory(Arc<Mutex<Contents>>);

#[derive(Debug, Default)]
struct Contents {
    cameras: BTreeMap<String, (LiveCamera, Instant)>,
    workers: BTreeMap<String, (Worker, Instant)>,
    pods: BTreeMap<String, (IngestPod, Instant)>,
}

impl Memory {
    pub(super) fn write(&self, worker: &Worker, updates: &[Update]) {
        let mut contents = self.0.lock();
        let now = Instant::now();
        for Update { camera, state, new_frame } in updates {
            if *new_frame {
                contents.cameras.insert(camera.clone(), (state.clone(), now));
            } else if let Some((known, _)) = contents.cameras.get_mut(camera) {
                known.clone_from(state);
            }
        }
        contents.workers.insert(worker.name.clone(), (worker.clone(), now));
        contents.cameras.retain(|_, (_, written)| written.elapsed() < EXPIRY);
        contents.workers.retain(|_, (_, written)| written.elapsed() < WORKER_EXPIRY);
    }

    pub(super) fn read(&self, cameras: &[String]) -> Vec<Option<Seen>> {
        let contents = self.0.lock();
        let read = |camera| {
            let (state, written) = contents.cameras.get(camera)?;
            let age = written.elapsed();
            (age < EXPIRY).then(|| Seen { state: state.clone(), age })
        };
        cameras.iter().map(read).collect()
    }

    pub(super) fn cameras(&self, after: &str, limit: usize) -> Vec<String> {
        let contents = self.0.lock();
        let later = contents.cameras.range::<str, _>((Bound::Excluded(after), Bound::Unbounded));
        let known = later.filter(|(_, (_, written))| written.elapsed() < EXPIRY);
        known.map(|(camera, _)| camera.clone()).take(limit).collect()
    }

    pub(super) fn workers(&self) -> Vec<(Worker, Duration)> {
        let contents = self.0.lock();
        let workers = contents.workers.values().map(|(worker, written)| (worker.clone(), written.elapsed()));
        workers.filter(|(_, age)| *age < WORKER_EXPIRY).collect()
    }

    pub(super) fn write_pod(&self, pod: &IngestPod) {
        let mut contents = self.0.lock();
        contents.pods.insert(pod.name.clone(), (pod.clone(), Instant::now()));
        contents.pods.retain(|_, (_, written)| written.elapsed() < WORKER_EXPIRY);
    }

    pub(super) fn pods(&self) -> Vec<(IngestPod, Duration)> {
        let contents = self.0.lock();
        let pods = contents.pods.values().map(|(pod, written)| (pod.clone(), written.elapsed()));
        pods.filter(|(_, age)| *age < WORKER_EXPIRY).collect()
    }
}
