//! Which position of a file counts, and what is found behind it.

use std::sync::Arc;

use prost::Message as _;
use rdkafka::mocking::MockCluster;
use vru_ingest::publisher::{Delivered, FramePublisher as _, KafkaPublisher, LastPublished, Reply};
use vru_ingest::{IngestConfig, metrics};
use vru_proto::names::file_position_key;
use vru_proto::v1::{Delivery, FilePosition, Frame, FrameId};
use vru_runtime::admin::Readiness;
use vru_runtime::kafka::partition_of;
use vru_runtime::test_util::{Bus, Topic, kafka};

use super::positions::publish_others;

const SESSION: u64 = 7;

/// One file on Kafka.
struct File {
    bus: Bus,
    publisher: Arc<KafkaPublisher>,
    camera: &'static str,
}

impl File {
    async fn new(camera: &'static str, partitions: i32) -> Self {
        let bus = tokio::task::spawn_blocking(move || kafka().bus("ingest-read", partitions)).await.unwrap();
        let config = IngestConfig { kafka: bus.config(), ..IngestConfig::default() };
        let publisher = Arc::new(KafkaPublisher::new(&config, Readiness::default().part("kafka")).unwrap());
        Self { bus, publisher, camera }
    }

    async fn publish(&self, session: u64, sequences: std::ops::Range<u64>) -> Vec<Delivered> {
        let mut places = Vec::new();
        for sequence in sequences {
            let frame = Frame {
                id: Some(FrameId { camera_id: self.camera.to_owned(), session, sequence }),
                delivery: Delivery::EveryFrame as i32,
                payload: vec![1; 10].into(),
                ..Frame::default()
            };
            places.push(self.publisher.send_acknowledged(frame).unwrap().await.unwrap());
        }
        places
    }

    fn position(&self, sequence: u64, place: Delivered) -> FilePosition {
        FilePosition {
            frame_id: Some(FrameId { camera_id: self.camera.to_owned(), session: SESSION, sequence }),
            end_of_stream: false,
            expected_frames: 0,
            topic_id: tokio::task::block_in_place(|| self.bus.topic_id(Topic::FileFrames)).to_bytes().to_vec(),
            partition: place.partition,
            offset: place.offset,
        }
    }

    async fn record(&self, position: FilePosition) {
        let (outcome, written) = futures::channel::oneshot::channel();
        let reply = Reply::new(move |result| drop(outcome.send(result)));
        self.publisher.record(position, reply).unwrap();
        written.await.unwrap().unwrap();
    }

    /// Writes any bytes as the position.
    fn write(&self, payload: Option<&[u8]>) {
        let key = file_position_key(self.camera, SESSION);
        tokio::task::block_in_place(|| self.bus.produce(Topic::FilePositions, &key, payload));
    }

    async fn last(&self) -> Option<LastPublished> {
        self.publisher.last_published(&self.camera.parse().unwrap(), SESSION).await.unwrap().last
    }

    /// The sequence of the last frame, and whether the position says so.
    async fn found(&self) -> Option<(u64, bool)> {
        self.last().await.map(|last| (last.sequence, last.is_recorded))
    }

    fn faults(&self, kind: &str) -> u64 {
        metrics::POSITION_FAULTS.with_label_values(&[self.camera, kind]).get()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_furthest_position_counts_and_frames_behind_it_are_found() {
    let file = File::new("read-furthest", 1).await;
    let places = file.publish(SESSION, 0..50).await;
    publish_others(&file.bus).await;
    assert_eq!(file.found().await, None, "without a position, only the newest records are searched");

    file.record(file.position(20, places[20])).await;
    assert_eq!(file.found().await, Some((49, false)), "frames were acknowledged after the position");
    file.record(file.position(49, places[49])).await;
    assert_eq!(file.found().await, Some((49, true)));

    // Another process, which had the file before, writes late.
    file.record(file.position(30, places[30])).await;
    assert_eq!(file.found().await, Some((49, true)));
    // Another file of the camera, and many positions of other files.
    let mut other = file.position(3, places[3]);
    other.frame_id.as_mut().unwrap().session = SESSION + 1;
    for _ in 0..600 {
        file.record(other.clone()).await;
    }
    assert_eq!(file.found().await, Some((49, true)));
    assert_eq!((file.faults(metrics::UNREADABLE), file.faults(metrics::ELSEWHERE)), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_that_cannot_be_used_is_counted_and_an_older_one_or_the_topic_is_searched() {
    let file = File::new("read-unusable", 1).await;
    let places = file.publish(SESSION, 0..3).await;
    let third = file.position(2, places[2]);

    // A later version may add fields.
    let mut newer = third.encode_to_vec();
    newer.extend([0xf8, 0x7f, 1]);
    file.write(Some(&newer));
    assert_eq!(file.found().await, Some((2, true)));
    file.write(Some(b"not a position"));
    let others =
        FilePosition { frame_id: Some(FrameId { session: 8, ..third.frame_id.clone().unwrap() }), ..third.clone() };
    file.write(Some(&others.encode_to_vec()));
    assert_eq!(file.found().await, Some((2, true)), "the one before");
    assert_eq!(file.faults(metrics::UNREADABLE), 2);

    // A tombstone makes ingest forget; the frames are still on the topic.
    file.write(None);
    assert_eq!(file.found().await, Some((2, false)));

    // The topic has another frame there, none yet, or no such partition.
    for (number, wrong) in [
        FilePosition { offset: 1, ..third.clone() },
        FilePosition { offset: 3, ..third.clone() },
        FilePosition { partition: 1, ..third.clone() },
    ]
    .into_iter()
    .enumerate()
    {
        file.record(FilePosition { end_of_stream: true, ..wrong }).await;
        let found = file.last().await.unwrap();
        assert_eq!((found.sequence, found.is_recorded, found.end_of_stream), (2, false, false));
        assert_eq!(file.faults(metrics::ELSEWHERE), number as u64 + 1);
        file.write(None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_in_a_topic_that_was_created_again_is_void() {
    let mut file = File::new("read-recreated", 1).await;
    let places = file.publish(SESSION, 0..3).await;
    let position = FilePosition { end_of_stream: true, ..file.position(2, places[2]) };
    file.record(position).await;
    assert_eq!(file.found().await, Some((2, true)));
    tokio::task::block_in_place(|| file.bus.recreate(Topic::FileFrames, 1));
    assert_eq!(file.found().await, None);
    // Other frames at the same places.
    for _ in 0..4 {
        tokio::task::block_in_place(|| file.bus.produce(Topic::FileFrames, "another", Some(b"a frame")));
    }
    assert_eq!(file.found().await, None);
    assert_eq!(file.faults(metrics::ELSEWHERE), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_are_found_in_the_partition_that_they_move_to_and_positions_stay_where_they_are() {
    // A key of partition 0 of one, and of another partition of eight.
    let camera = "read-moved";
    assert_ne!(partition_of(camera.as_bytes(), 8), 0);
    assert_ne!(partition_of(file_position_key(camera, SESSION).as_bytes(), 8), 0);
    let file = File::new(camera, 1).await;
    let places = file.publish(SESSION, 0..3).await;
    file.record(file.position(1, places[1])).await;
    tokio::task::block_in_place(|| {
        file.bus.add_partitions(Topic::FileFrames, 8);
        file.bus.add_partitions(Topic::FilePositions, 8);
    });
    assert_eq!(file.found().await, Some((2, false)), "nothing has come since");
    // A new producer, because the other one learns of the partitions after minutes.
    let config = IngestConfig { kafka: file.bus.config(), ..IngestConfig::default() };
    let publisher = Arc::new(KafkaPublisher::new(&config, Readiness::default().part("kafka")).unwrap());
    let file = File { publisher, ..file };
    let places = file.publish(SESSION, 3..6).await;
    assert_ne!(places[0].partition, 0);
    assert_eq!(file.found().await, Some((5, false)));
    file.record(file.position(5, places[2])).await;
    assert_eq!(file.found().await, Some((5, true)));
}

/// The embedded broker of `vru up`: it compacts nothing, and its topics have twelve partitions each.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_without_topic_ids_keeps_positions_too() {
    let cluster = MockCluster::new(1).unwrap();
    let mut config = IngestConfig::default();
    config.kafka.brokers = cluster.bootstrap_servers();
    let topics = config.kafka.topics();
    for topic in [topics.frames, topics.file_frames, topics.file_positions] {
        cluster.create_topic(&topic, 12, 1).unwrap();
    }
    let publisher = KafkaPublisher::new(&config, Readiness::default().part("kafka")).unwrap();
    let camera = "read-mock";
    let id = |sequence| FrameId { camera_id: camera.to_owned(), session: SESSION, sequence };
    let found = async || publisher.last_published(&camera.parse().unwrap(), SESSION).await.unwrap();
    assert_eq!(found().await.last, None);
    for sequence in 0..3 {
        let delivery = Delivery::EveryFrame as i32;
        let frame = Frame { id: Some(id(sequence)), delivery, payload: vec![1; 10].into(), ..Frame::default() };
        publisher.send_acknowledged(frame).unwrap().await.unwrap();
    }
    let published = found().await;
    let last = published.last.unwrap();
    assert_eq!((last.sequence, last.is_recorded), (2, false));
    let (outcome, written) = futures::channel::oneshot::channel();
    let position = FilePosition {
        frame_id: Some(id(2)),
        end_of_stream: true,
        expected_frames: 0,
        topic_id: published.topic.to_bytes().to_vec(),
        partition: last.delivered.partition,
        offset: last.delivered.offset,
    };
    publisher.record(position, Reply::new(move |result| drop(outcome.send(result)))).unwrap();
    written.await.unwrap().unwrap();
    let last = found().await.last.unwrap();
    assert_eq!((last.sequence, last.end_of_stream, last.is_recorded), (2, true, true));
}
