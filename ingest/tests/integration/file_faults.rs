//! Files that are damaged, too large for Kafka, or whose consumers do not exist.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use vru_ingest::{IngestConfig, IngestCounts};
use vru_proto::v1::{FileSource, Frame, Output, camera_config::Source};
use vru_runtime::retry::BackoffConfig;
use vru_runtime::test_util::{eventually, require_asset};

use super::support::{DEADLINE, GROUP, Rig};

const START_US: i64 = 1_700_000_000_000_000;

fn source(path: &Path) -> Source {
    Source::File(FileSource {
        path: path.display().to_string(),
        start_time_us: START_US,
        session: 7,
        ..FileSource::default()
    })
}

fn small() -> Output {
    Output { max_width: 96, ..Output::default() }
}

fn config() -> IngestConfig {
    let mut config = IngestConfig::default();
    config.live.backoff = BackoffConfig { initial: Duration::from_millis(1), max: Duration::from_millis(10) };
    config
}

fn counts(camera: &str) -> IngestCounts {
    vru_ingest::counts().remove(camera).unwrap_or_default()
}

fn sequence(frame: &Frame) -> u64 {
    frame.id.as_ref().unwrap().sequence
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_consumer_group_is_named() {
    let rig = Rig::new(config());
    rig.publisher.has_consumers.store(true, Ordering::Relaxed);
    let task = rig.run("file-group", source(&require_asset("clips/vtest.avi")), small());
    eventually(DEADLINE, "the name of the group", async || {
        let waits_for = counts("file-group").waits_for;
        let named = waits_for.as_ref().is_some_and(|what| what.contains(GROUP) && what.contains("consumer_groups"));
        if named { Ok(()) } else { Err(format!("{waits_for:?}")) }
    })
    .await;
    // A group that has processed something is slow, and not wrong.
    rig.publisher.committed.store(1, Ordering::Relaxed);
    eventually(DEADLINE, "the wait for its work", async || {
        let waits_for = counts("file-group").waits_for;
        let named = waits_for.as_ref().is_some_and(|what| what.contains(GROUP) && !what.contains("consumer_groups"));
        if named { Ok(()) } else { Err(format!("{waits_for:?}")) }
    })
    .await;
    rig.publisher.committed.store(i64::MAX, Ordering::Relaxed);
    rig.publisher.wait(795).await;
    eventually(DEADLINE, "the end of the wait", async || counts("file-group").waits_for.map_or(Ok(()), Err)).await;
    rig.finish(task).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_are_too_large_are_counted_and_the_file_goes_on() {
    let rig = Rig::new(config());
    let refuses = |frame: &Frame| !frame.payload.is_empty() && (sequence(frame) % 10 >= 7 || frame.end_of_stream);
    *rig.publisher.too_large.lock() = Some(refuses);
    let task = rig.run("file-large", source(&require_asset("clips/vtest.avi")), small());
    // Of 795 frames the eighth to tenth of each ten, and the last, whose record comes without its picture.
    let refused = 79 * 3 + 1;
    rig.publisher.wait(795 - refused + 1).await;
    let frames = rig.finish(task).await;
    let end = frames.last().unwrap();
    assert!(end.end_of_stream && end.payload.is_empty() && sequence(end) == 794, "{end:?}");
    let mut expected = 0;
    for frame in &frames {
        assert_eq!(sequence(frame), expected + u64::from(frame.dropped_before), "{frame:?}");
        expected = sequence(frame) + 1;
    }
    let counts = counts("file-large");
    assert_eq!((counts.received, counts.sent), (795, 795 - refused as u64));
    assert_eq!(counts.dropped, [("too_large".to_owned(), refused as u64)].into());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_read_again_when_it_changes_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip.avi");
    std::fs::write(&path, "not a video").unwrap();
    let rig = Rig::new(config());
    let task = rig.run("file-changes", source(&path), small());
    let errors = || counts("file-changes").errors.values().sum::<u64>();
    eventually(DEADLINE, "the error", async || if errors() > 0 { Ok(()) } else { Err("no error".to_owned()) }).await;
    // Many times the longest pause between tries.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(errors(), 1);
    let next = folder.path().join("next");
    std::fs::copy(require_asset("clips/vtest.avi"), &next).unwrap();
    std::fs::rename(&next, &path).unwrap();
    rig.publisher.wait(795).await;
    assert_eq!(errors(), 1);
    rig.finish(task).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_whose_end_is_missing_is_published_once_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.avi");
    let whole = std::fs::read(require_asset("clips/vtest.avi")).unwrap();
    std::fs::write(&path, &whole[..whole.len() * 6 / 10]).unwrap();
    let first = Rig::new(config());
    let publisher = first.publisher.clone();
    let task = first.run("file-cut", source(&path), small());
    eventually(DEADLINE, "the end of the file", async || {
        let ended = publisher.all().last().is_some_and(|frame| frame.end_of_stream);
        if ended { Ok(()) } else { Err(format!("{} frames", publisher.count())) }
    })
    .await;
    first.finish(task).await;
    let published = publisher.count();
    assert!((400..795).contains(&published), "{published}");
    let mut second = Rig::new(config());
    second.publisher = publisher.clone();
    let task = second.run("file-cut", source(&path), small());
    tokio::time::sleep(Duration::from_millis(300)).await;
    second.finish(task).await;
    assert_eq!(publisher.count(), published, "it is not read again");
    assert_eq!(counts("file-cut").errors, [].into());
}
