use std::sync::atomic::Ordering;
use std::time::Duration;

use vru_ingest::IngestConfig;
use vru_proto::v1::{FileSource, Frame, Output, camera_config::Source};
use vru_runtime::test_util::{eventually, require_asset};

use super::support::{DEADLINE, Rig, sessions};

fn source() -> Source {
    let path = require_asset("clips/vtest.avi").display().to_string();
    Source::File(FileSource { path, start_time_us: 1_700_000_000_000_000, session: 0, ..FileSource::default() })
}

fn small() -> Output {
    Output { max_width: 96, ..Output::default() }
}

fn config(max_lag: usize) -> IngestConfig {
    let mut config = IngestConfig::default();
    config.file.max_lag = max_lag;
    config.file.poll_interval = Duration::from_millis(5);
    config
}

fn assert_complete(frames: &[Frame]) {
    assert_eq!(frames.len(), 795);
    assert_eq!(sessions(frames).len(), 1);
    assert!(frames[794].end_of_stream && frames.iter().filter(|frame| frame.end_of_stream).count() == 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_published_completely_and_only_as_fast_as_it_is_consumed() {
    let rig = Rig::new(config(20));
    rig.publisher.has_consumers.store(true, Ordering::Relaxed);
    let task = rig.run("file-pace", source(), small());
    rig.publisher.wait(20).await;
    // Without a consumer it must not go on, however long it waits.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(rig.publisher.count(), 20);
    eventually(DEADLINE, "the whole file", async || {
        let (published, committed) = (rig.publisher.count() as i64, rig.publisher.committed.load(Ordering::Relaxed));
        assert!(published - committed <= 20, "{published} published, {committed} consumed");
        rig.publisher.committed.store((committed + 15).min(published), Ordering::Relaxed);
        if published == 795 { Ok(()) } else { Err(format!("{published}")) }
    })
    .await;
    assert_complete(&rig.finish(task).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_files_lead_is_bounded_in_bytes_too() {
    let mut config = config(1_000);
    config.file.max_lag_bytes = 20_000;
    let rig = Rig::new(config);
    rig.publisher.has_consumers.store(true, Ordering::Relaxed);
    let task = rig.run("file-bytes", source(), small());
    rig.publisher.wait(3).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let frames = rig.finish(task).await;
    let bytes: usize = frames.iter().map(|frame| frame.payload.len()).sum();
    assert!(bytes <= 20_000 && frames.len() >= 3, "{bytes} bytes in {} frames", frames.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_file_resumes_after_its_last_published_frame() {
    let first = Rig::new(config(64));
    let publisher = first.publisher.clone();
    // The consumers stop after 100 frames, so the file cannot be finished before it is interrupted.
    publisher.committed.store(100, Ordering::Relaxed);
    publisher.has_consumers.store(true, Ordering::Relaxed);
    let task = first.run("file-resume", source(), small());
    publisher.wait(100).await;
    first.finish(task).await;
    let before = publisher.count();
    assert!(before < 795, "the file was finished before it was interrupted");
    publisher.has_consumers.store(false, Ordering::Relaxed);
    let mut second = Rig::new(config(64));
    second.publisher = publisher;
    let task = second.run("file-resume", source(), small());
    second.publisher.wait(795).await;
    assert_complete(&second.finish(task).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_starts_again_when_the_topic_of_frames_is_recreated_before_everything_was_consumed() {
    let mut rig = Rig::new(config(50));
    let publisher = rig.publisher.clone();
    publisher.has_consumers.store(true, Ordering::Relaxed);
    let task = rig.run("file-recreated", source(), small());
    publisher.wait(50).await;
    // The topic is deleted with frames that nobody has consumed. Offsets begin at 0 again, and so do the committed ones.
    publisher.frames.lock().clear();
    *publisher.topic.lock() = vru_runtime::kafka::TopicId::from_bytes([1; 16]);
    eventually(DEADLINE, "the whole file on the new topic", async || {
        let published = publisher.count();
        publisher.committed.store(published as i64, Ordering::Relaxed);
        if published >= 795 { Ok(()) } else { Err(format!("{published}")) }
    })
    .await;
    rig.publisher = publisher;
    assert_complete(&rig.finish(task).await);
}
