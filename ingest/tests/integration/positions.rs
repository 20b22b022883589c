//! A file goes on where it was, or stays finished, however many records follow its frames and whatever Kafka has deleted.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::task::block_in_place;
use tokio_util::sync::CancellationToken;
use vru_ingest::publisher::{KafkaPublisher, SEARCHED_RECORDS};
use vru_ingest::source::push::PathRegistry;
use vru_ingest::{IngestConfig, IngestCounts, metrics};
use vru_proto::v1::{FilePosition, FileSource, Frame, Output, camera_config::Source};
use vru_runtime::admin::Readiness;
use vru_runtime::kafka::{OutgoingRecord, ProducerOptions};
use vru_runtime::retry::BackoffConfig;
use vru_runtime::test_util::{Bus, Topic, eventually, kafka, require_asset};

use super::support::{DEADLINE, Rig, context, run_camera};

const FRAMES: u64 = 795;

fn source() -> Source {
    let path = require_asset("clips/vtest.avi").display().to_string();
    Source::File(FileSource { path, start_time_us: 1_700_000_000_000_000, session: 7, ..FileSource::default() })
}

fn small() -> Output {
    Output { max_width: 96, ..Output::default() }
}

fn counts(camera: &str) -> IngestCounts {
    vru_ingest::counts().remove(camera).unwrap_or_default()
}

fn write_faults(camera: &str) -> u64 {
    metrics::POSITION_FAULTS.with_label_values(&[camera, metrics::WRITE]).get()
}

/// A bus whose cameras share a partition.
async fn one_partition(name: &'static str) -> Bus {
    tokio::task::spawn_blocking(move || kafka().bus(name, 1)).await.unwrap()
}

/// Publishes more records of another file than a search looks at.
pub async fn publish_others(bus: &Bus) {
    let producer = bus.config().producer(&ProducerOptions::default()).unwrap();
    let topic = bus.name(Topic::FileFrames);
    let record = OutgoingRecord::new(&topic, "another", b"a frame");
    let mut acknowledgements = Vec::new();
    for _ in 0..=SEARCHED_RECORDS {
        acknowledgements.push(producer.publish(record).unwrap());
    }
    futures::future::try_join_all(acknowledgements).await.unwrap();
}

/// A run of ingest with one file.
struct Run {
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Run {
    fn start(bus: &Bus, camera: &str, groups: &[&str]) -> Self {
        vru_media::init().unwrap();
        let mut config = IngestConfig { kafka: bus.config(), ..IngestConfig::default() };
        config.file.max_lag = 100;
        config.file.consumer_groups = groups.iter().map(|group| format!("{}{group}", bus.prefix())).collect();
        config.live.backoff.max = std::time::Duration::from_millis(500);
        let ready = Readiness::default().part("kafka");
        let publisher = Arc::new(KafkaPublisher::new(&config, ready).unwrap());
        let stop = CancellationToken::new();
        let (config, paths) = (Arc::new(config), Arc::new(PathRegistry::default()));
        let task = run_camera(camera, source(), small(), context(config, publisher, paths), stop.clone());
        Self { stop, task }
    }

    async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(DEADLINE, self.task).await.expect("the camera stops in time").unwrap();
    }
}

async fn wait_until_ended(camera: &str, how: &str) {
    eventually(DEADLINE, "the end of the file", async || {
        let counts = counts(camera);
        if counts.ended.as_ref().is_some_and(|ended| ended.contains(how)) { Ok(()) } else { Err(format!("{counts:?}")) }
    })
    .await;
}

fn written(bus: &Bus) -> u64 {
    block_in_place(|| bus.written(Topic::FileFrames))
}

fn sequences(bus: &Bus, camera: &str) -> Vec<u64> {
    let ids = bus.messages::<Frame>(Topic::FileFrames).into_iter().filter_map(|frame| frame.id);
    ids.filter(|id| id.camera_id == camera).map(|id| id.sequence).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finished_file_is_not_published_again_whatever_follows_it_or_is_deleted() {
    let bus = one_partition("ingest-finished").await;
    let run = Run::start(&bus, "file-finished", &[]);
    wait_until_ended("file-finished", "795").await;
    run.stop().await;
    assert_eq!(written(&bus), FRAMES);

    publish_others(&bus).await;
    let before = written(&bus);
    let run = Run::start(&bus, "file-finished", &[]);
    wait_until_ended("file-finished", "before").await;
    run.stop().await;
    assert_eq!(written(&bus), before);

    // The retention deletes what everybody has read.
    block_in_place(|| bus.truncate(Topic::FileFrames));
    let run = Run::start(&bus, "file-finished", &[]);
    wait_until_ended("file-finished", "before").await;
    run.stop().await;
    assert_eq!(written(&bus), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_read_file_goes_on_where_it_was_although_kafka_has_deleted_its_frames() {
    let bus = one_partition("ingest-half").await;
    // Nobody consumes, so that the file stands still behind its first 100 frames.
    let run = Run::start(&bus, "file-half", &["nobody"]);
    eventually(DEADLINE, "the position of the file that stands still", async || {
        let positions = block_in_place(|| bus.messages::<FilePosition>(Topic::FilePositions));
        let last = positions.last().and_then(|position| position.frame_id.clone());
        if last.as_ref().is_some_and(|id| id.sequence == 99) { Ok(()) } else { Err(format!("{last:?}")) }
    })
    .await;
    run.stop().await;
    assert_eq!(block_in_place(|| sequences(&bus, "file-half")), (0..100).collect::<Vec<_>>());

    block_in_place(|| bus.truncate(Topic::FileFrames));
    publish_others(&bus).await;
    let run = Run::start(&bus, "file-half", &[]);
    wait_until_ended("file-half", "795").await;
    run.stop().await;
    assert_eq!(block_in_place(|| sequences(&bus, "file-half")), (100..FRAMES).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_waits_for_the_topic_of_positions() {
    let bus = one_partition("ingest-without").await;
    block_in_place(|| bus.delete(Topic::FilePositions));
    let run = Run::start(&bus, "file-without", &[]);
    eventually(DEADLINE, "the error", async || {
        let errors = counts("file-without").errors;
        if errors.contains_key("publish") { Ok(()) } else { Err(format!("{errors:?}")) }
    })
    .await;
    assert_eq!(written(&bus), 0, "it may have been published before");
    block_in_place(|| bus.create_topic(Topic::FilePositions, 1));
    wait_until_ended("file-without", "795").await;
    run.stop().await;
    assert_eq!(written(&bus), FRAMES);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_done_when_its_position_is_written_and_not_before() {
    let mut config = IngestConfig::default();
    config.live.backoff =
        BackoffConfig { initial: std::time::Duration::from_millis(1), max: std::time::Duration::from_millis(20) };
    let rig = Rig::new(config);
    rig.publisher.refuses_positions.store(true, Ordering::Relaxed);
    let task = rig.run("file-refused", source(), small());
    rig.publisher.wait(FRAMES as usize).await;
    // One is tried during the file, and the last one again and again.
    eventually(DEADLINE, "the faults", async || {
        let faults = write_faults("file-refused");
        if faults > 5 { Ok(()) } else { Err(format!("{faults}")) }
    })
    .await;
    assert_eq!(counts("file-refused").ended, None);
    rig.publisher.refuses_positions.store(false, Ordering::Relaxed);
    wait_until_ended("file-refused", "795").await;
    let publisher = rig.publisher.clone();
    rig.finish(task).await;
    let last = publisher.positions.lock().last().cloned().unwrap();
    assert!(last.end_of_stream && last.frame_id.is_some_and(|id| id.sequence == FRAMES - 1));
}
