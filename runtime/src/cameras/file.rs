//! Polls the cameras file and sends what changed in it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::metrics::REFUSED_CHANGES;
use super::parse::parse;
use super::watcher::{ReceiverDropped, Watcher};
use crate::report::chain;

/// A change must take effect within 2 s.
const POLL: Duration = Duration::from_millis(500);

/// The partition of all cameras: a file has none.
const NO_PARTITION: i32 = 0;

pub(super) async fn watch(path: PathBuf, mut watcher: Watcher) -> Result<(), ReceiverDropped> {
    let mut seen = None;
    loop {
        let now = stamp(&path);
        if seen != Some(now) {
            seen = Some(now);
            read(&path, &mut watcher).await?;
        }
        tokio::select! {
            () = watcher.stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(POLL) => {}
            request = watcher.refreshes.next() => {
                if watcher.refreshes.answer_later(request) {
                    seen = None;
                }
            }
        }
    }
}

/// Differs after each change of the file. The inode is part of it because editors replace files. None: the file cannot be examined.
fn stamp(path: &Path) -> Option<(std::time::SystemTime, u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len(), metadata.ino()))
}

/// Applies the file as a whole. A file with mistakes changes nothing.
async fn read(path: &Path, watcher: &mut Watcher) -> Result<(), ReceiverDropped> {
    let cameras = match parse(path) {
        Ok(cameras) => cameras,
        Err(error) => {
            let problems = error.problems();
            REFUSED_CHANGES.with_label_values(&["file"]).inc();
            for problem in &problems {
                tracing::error!(file = %path.display(), problem, "mistake in the cameras file");
            }
            let mistakes = problems.len();
            tracing::error!(file = %path.display(), mistakes, "cameras file not applied, cameras keep their configuration");
            if watcher.current.is_empty() {
                watcher.ready.not_ready(chain(&error).to_string());
            }
            // The cameras stay as they are: there is nothing newer to wait for.
            watcher.refreshes.answer();
            return watcher.send([]).await;
        }
    };
    let kept = cameras.iter().map(|(id, _)| id.clone()).collect();
    let mut events = watcher.current.retain(&kept);
    events.extend(cameras.into_iter().filter_map(|(id, config)| watcher.current.upsert(NO_PARTITION, id, config)));
    watcher.send(events).await?;
    watcher.settled().await
}
