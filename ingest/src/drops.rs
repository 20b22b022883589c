//! What this pod drops, for whoever asks how the system is: written where the live state of cameras is, by camera and reason.

use std::collections::BTreeMap;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use vru_runtime::clock::now_us;
use vru_runtime::live::{IngestPod, LiveStore, WRITE_EVERY};
use vru_runtime::metrics::counts_by;
use vru_runtime::report::chain;

use crate::metrics::DROPPED;

/// The most cameras that are named, those with the most drops.
const MOST_CAMERAS: usize = 1_000;

/// Once a second, until the stop. What cannot be written is replaced by the next.
pub async fn write(store: LiveStore, stop: CancellationToken) {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = format!("{}-{}", host.trim(), std::process::id());
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let pod = IngestPod { name, started_at_us: now_us(), version, ..IngestPod::default() };
    let mut interval = interval(WRITE_EVERY);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(interval.tick()).await.is_some() {
        let dropped_frames = most(counts_by(&DROPPED, ["camera", "reason"]), MOST_CAMERAS);
        if let Err(error) = store.write_pod(&IngestPod { dropped_frames, ..pod.clone() }).await {
            // `/ready` tells that there is no Redis.
            tracing::debug!(error = %chain(&error), "dropped frames were not written");
        }
    }
}

/// By camera and reason; of so many cameras.
fn most(counts: BTreeMap<[String; 2], u64>, cameras: usize) -> BTreeMap<String, BTreeMap<String, u64>> {
    let mut by_camera: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    for ([camera, reason], frames) in counts {
        if frames > 0 {
            by_camera.entry(camera).or_default().insert(reason, frames);
        }
    }
    if by_camera.len() > cameras {
        let mut sorted: Vec<_> = by_camera.into_iter().collect();
        sorted.sort_by_key(|(_, reasons)| std::cmp::Reverse(reasons.values().sum::<u64>()));
        sorted.truncate(cameras);
        by_camera = sorted.into_iter().collect();
    }
    by_camera
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cameras_with_the_most_drops_are_named_with_their_reasons() {
        let count = |camera: &str, reason: &str, frames| ([camera.to_owned(), reason.to_owned()], frames);
        let counts =
            [count("a", "stopped", 2), count("b", "stopped", 1), count("b", "too_large", 9), count("c", "stopped", 0)];
        let of = |pairs: &[(&str, u64)]| pairs.iter().map(|(reason, frames)| ((*reason).to_owned(), *frames)).collect();
        let all = most(counts.clone().into(), 10);
        let b = ("b".to_owned(), of(&[("stopped", 1), ("too_large", 9)]));
        assert_eq!(all, [("a".to_owned(), of(&[("stopped", 2)])), b.clone()].into());
        assert_eq!(most(counts.into(), 1), [b].into());
    }

    #[tokio::test]
    async fn a_pod_writes_what_it_dropped() {
        let (store, stop) = (LiveStore::in_memory(), CancellationToken::new());
        crate::metrics::dropped("drops-of-a-pod", crate::metrics::TOO_LARGE, 3);
        let writing = tokio::spawn(write(store.clone(), stop.clone()));
        let pods = vru_runtime::test_util::eventually(std::time::Duration::from_secs(30), "a pod", async || {
            let pods = store.pods().await.unwrap();
            if pods.is_empty() { Err("there is none".to_owned()) } else { Ok(pods) }
        });
        assert_eq!(pods.await[0].0.dropped_frames["drops-of-a-pod"]["too_large"], 3);
        stop.cancel();
        writing.await.unwrap();
    }
}
