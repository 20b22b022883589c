//! What each video file waits for. A file never fails for want of a consumer, so without this it would stand still without a word.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use vru_runtime::admin::ReadyFlag;

/// A wait that lasts longer is shown.
pub const SHOWN_AFTER: Duration = Duration::from_secs(5);
/// How often the waits are checked.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

static WAITS: Mutex<BTreeMap<String, Wait>> = Mutex::new(BTreeMap::new());

/// By camera: what a file gave that has ended.
static ENDED: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());

/// Tells a file from its successor under the same camera id.
static NEXT_ID: AtomicU64 = AtomicU64::new(0);

#[derive(Debug, Clone)]
struct Wait {
    id: u64,
    since: Instant,
    what: String,
    /// Somebody must change the configuration.
    is_fault: bool,
    logged: bool,
}

/// What a camera waits for. Dropping it ends the wait.
#[derive(Debug)]
pub(crate) struct Waiting {
    camera: String,
    id: u64,
}

impl Waiting {
    pub(crate) fn new(camera: &str, what: &str) -> Self {
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        let wait = Wait { id, since: Instant::now(), what: what.to_owned(), is_fault: false, logged: false };
        WAITS.lock().insert(camera.to_owned(), wait);
        ENDED.lock().remove(camera);
        Self { camera: camera.to_owned(), id }
    }

    /// Something moved.
    pub(crate) fn moved(&self) {
        self.change(|wait| (wait.since, wait.is_fault, wait.logged) = (Instant::now(), false, false));
    }

    /// The camera waits for this now. The time since the last movement goes on.
    pub(crate) fn on(&self, what: &str) {
        self.change(|wait| {
            wait.is_fault = false;
            what.clone_into(&mut wait.what);
        });
    }

    /// Like [`Waiting::on`], for a wait that does not end by itself.
    pub(crate) fn on_fault(&self, what: &str) {
        self.change(|wait| {
            wait.is_fault = true;
            what.clone_into(&mut wait.what);
        });
    }

    /// The file is published to its end.
    pub(crate) fn ended(&self, what_it_gave: String) {
        ENDED.lock().insert(self.camera.clone(), what_it_gave);
    }

    fn change(&self, change: impl FnOnce(&mut Wait)) {
        if let Some(wait) = WAITS.lock().get_mut(&self.camera).filter(|wait| wait.id == self.id) {
            change(wait);
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut waits = WAITS.lock();
        if waits.get(&self.camera).is_some_and(|wait| wait.id == self.id) {
            waits.remove(&self.camera);
        }
    }
}

/// By camera: what it has waited for longer than a moment.
pub(crate) fn long_ones() -> BTreeMap<String, String> {
    let waits = WAITS.lock();
    let long = waits.iter().filter(|(_, wait)| wait.since.elapsed() >= SHOWN_AFTER);
    long.map(|(camera, wait)| (camera.clone(), wait.what.clone())).collect()
}

/// By camera: what a file gave that has ended.
pub(crate) fn ended_ones() -> BTreeMap<String, String> {
    ENDED.lock().clone()
}

/// Forgets the ends of these cameras, which this process does not have any more.
pub(crate) fn forget(cameras: &BTreeSet<String>) {
    ENDED.lock().retain(|camera, _| !cameras.contains(camera));
}

/// Logs long waits, and keeps `ready` informed of those that somebody must end.
pub(crate) async fn watch(ready: ReadyFlag, stop: CancellationToken) {
    loop {
        let mut faults = Vec::new();
        for (camera, wait) in WAITS.lock().iter_mut().filter(|(_, wait)| wait.since.elapsed() >= SHOWN_AFTER) {
            if !std::mem::replace(&mut wait.logged, true) {
                tracing::warn!(camera, waits_for = wait.what, "video file stands still");
            }
            if wait.is_fault {
                faults.push(format!("camera {camera} waits for {}", wait.what));
            }
        }
        if faults.is_empty() {
            ready.ready();
        } else {
            ready.not_ready(faults.join("; "));
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(CHECK_INTERVAL) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_shown_when_it_lasts_and_ends_with_its_file() {
        let waiting = Waiting::new("waits-test", "the first thing");
        waiting.on("the consumers");
        assert!(!long_ones().contains_key("waits-test"));
        waiting.change(|wait| wait.since -= SHOWN_AFTER);
        assert_eq!(long_ones()["waits-test"], "the consumers");
        waiting.on("the broker");
        assert_eq!(long_ones()["waits-test"], "the broker", "another reason is no movement");
        waiting.moved();
        assert!(!long_ones().contains_key("waits-test"));
        waiting.change(|wait| wait.since -= SHOWN_AFTER);
        let successor = Waiting::new("waits-test", "something else");
        drop(waiting);
        successor.change(|wait| wait.since -= SHOWN_AFTER);
        assert_eq!(long_ones()["waits-test"], "something else");
        drop(successor);
        assert!(!long_ones().contains_key("waits-test"));
    }

    #[tokio::test]
    async fn readiness_names_waits_that_somebody_must_end() {
        let readiness = vru_runtime::admin::Readiness::default();
        let (ready, stop) = (readiness.part("files"), CancellationToken::new());
        let waiting = Waiting::new("waits-fault", "");
        waiting.on_fault("the group `typo`");
        waiting.change(|wait| wait.since -= SHOWN_AFTER);
        let watch = tokio::spawn(watch(ready, stop.clone()));
        let until = Instant::now() + Duration::from_secs(30);
        let named = |(_, why): (&String, &String)| why.contains("waits-fault") && why.contains("typo");
        while !readiness.waiting_for().iter().any(named) {
            assert!(Instant::now() < until, "{:?}", readiness.waiting_for());
            tokio::task::yield_now().await;
        }
        stop.cancel();
        watch.await.unwrap();
    }
}
