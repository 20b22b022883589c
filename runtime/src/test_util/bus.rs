//! The pipeline's Kafka topics, created for one test.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::executor::block_on;
use rdkafka::TopicPartitionList;
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, NewPartitions, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::OwnedHeaders;
use rdkafka::producer::FutureRecord;
use vru_proto::v1;
use vru_proto::v1::camera_config::Source;

use crate::kafka::{
    KafkaConfig, Partition, Producer, ProducerOptions, Record, StartAt, TopicEnds, TopicId, admin, describe_topic,
    watermarks,
};
use crate::report::chain;
use crate::retry::Retryable as _;

use super::{secrets, wait_for, wait_until};

const DEADLINE: Duration = Duration::from_secs(20);

/// The topics of one test, under their own prefix, with helpers to publish, read and measure lag.
pub struct Bus {
    config: KafkaConfig,
    producer: Producer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    Frames,
    FileFrames,
    FilePositions,
    Detections,
    Alerts,
    Cameras,
    CameraTests,
    CameraTestPictures,
    CameraTestReports,
    DeadLetters,
}

impl Topic {
    pub const ALL: [Self; 10] = [
        Self::Frames,
        Self::FileFrames,
        Self::FilePositions,
        Self::Detections,
        Self::Alerts,
        Self::Cameras,
        Self::CameraTests,
        Self::CameraTestPictures,
        Self::CameraTestReports,
        Self::DeadLetters,
    ];

    /// The topic of the frames that are delivered in this way.
    pub fn of_frames(delivery: v1::Delivery) -> Self {
        if delivery == v1::Delivery::EveryFrame { Self::FileFrames } else { Self::Frames }
    }
}

impl Bus {
    /// Creates the topics with clients of this configuration. The prefix contains the process id, because a broker may outlive a test
    /// process.
    pub fn create(config: KafkaConfig, name: &str, partitions: i32) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let config = KafkaConfig { topic_prefix: format!("{name}-{}-{number}.", std::process::id()), ..config };
        let specs = config.topic_specs(partitions, 1);
        // On a busy machine the controller may have fenced the broker for a moment; then no broker can host a partition.
        wait_for(DEADLINE, "the topics to be created", || {
            block_on(admin::ensure_topics(&config, &specs, DEADLINE)).map_err(|failure| {
                let problem = chain(&failure).to_string();
                assert!(failure.is_retryable(), "{problem}");
                problem
            })
        });
        let producer = config.producer(&ProducerOptions::default()).expect("a producer can be created");
        let bus = Self { config, producer };
        // A new partition has no leader for a moment. A client that requests it then backs off, which slows the test.
        for topic in Topic::ALL {
            wait_until(DEADLINE, "the topics to have leaders", || {
                watermarks(&bus.config, &bus.name(topic), DEADLINE).is_ok()
            });
        }
        bus
    }

    /// Makes the topic accept batches of so many bytes at most.
    pub fn limit(&self, topic: Topic, bytes: usize) {
        let (name, bytes) = (self.name(topic), bytes.to_string());
        let admin: AdminClient<DefaultClientContext> =
            self.config.client("vru-test", &[]).create().expect("a client can be made");
        let change = AlterConfig::new(ResourceSpecifier::Topic(&name)).set("max.message.bytes", &bytes);
        let results = block_on(admin.alter_configs([&change], &AdminOptions::new())).expect("the topic can be changed");
        assert!(results.iter().all(Result::is_ok), "{results:?}");
    }

    /// The client configuration for these topics.
    pub fn config(&self) -> KafkaConfig {
        self.config.clone()
    }

    /// The prefix of the topics' names. Use it for consumer groups too.
    pub fn prefix(&self) -> &str {
        &self.config.topic_prefix
    }

    /// The topic's name with the prefix.
    pub fn name(&self, topic: Topic) -> String {
        let topics = self.config.topics();
        match topic {
            Topic::Frames => topics.frames,
            Topic::FileFrames => topics.file_frames,
            Topic::FilePositions => topics.file_positions,
            Topic::Detections => topics.detections,
            Topic::Alerts => topics.alerts,
            Topic::Cameras => topics.cameras,
            Topic::CameraTests => topics.camera_tests,
            Topic::CameraTestPictures => topics.camera_test_pictures,
            Topic::CameraTestReports => topics.camera_test_reports,
            Topic::DeadLetters => topics.dead_letters,
        }
    }

    /// Publishes a record (a tombstone without payload) and waits for the acknowledgement.
    pub fn produce(&self, topic: Topic, key: &str, payload: Option<&[u8]>) {
        self.produce_with(topic, key, payload, OwnedHeaders::new());
    }

    /// Like [`Bus::produce`], with headers.
    pub fn produce_with(&self, topic: Topic, key: &str, payload: Option<&[u8]>, headers: OwnedHeaders) {
        let name = self.name(topic);
        let mut record: FutureRecord<'_, str, [u8]> = FutureRecord::to(&name).key(key).headers(headers);
        if let Some(payload) = payload {
            record = record.payload(payload);
        }
        self.send(record);
    }

    /// Publishes a record as if at another time. `timestamp_ms` is in milliseconds since the Unix epoch.
    pub fn produce_at(&self, topic: Topic, key: &str, payload: &[u8], timestamp_ms: i64) {
        self.send(FutureRecord::to(&self.name(topic)).key(key).payload(payload).timestamp(timestamp_ms));
    }

    fn send(&self, record: FutureRecord<'_, str, [u8]>) {
        let name = record.topic.to_owned();
        let sent = block_on(async { self.producer.send(record).map_err(|(error, _)| error)?.await });
        if let Err(error) = sent {
            panic!("cannot publish to {name}: {error}");
        }
    }

    pub fn produce_message(&self, topic: Topic, key: &str, message: &impl prost::Message) {
        self.produce(topic, key, Some(&message.encode_to_vec()));
    }

    /// Publishes a frame to the topic of its delivery.
    pub fn put_frame(&self, frame: &v1::Frame) {
        let camera = frame.id.as_ref().map_or("", |id| &id.camera_id);
        self.produce_message(Topic::of_frames(frame.delivery()), camera, frame);
    }

    pub fn put_camera(&self, camera: &v1::CameraConfig) {
        let login = match &camera.source {
            Some(Source::Pull(pull)) => pull.credentials.as_ref(),
            Some(Source::Push(push)) => push.credentials.as_ref(),
            _ => None,
        };
        if let Some(login) = login {
            secrets::share(&login.password, "the password of a camera");
        }
        self.produce_message(Topic::Cameras, &camera.id, camera);
    }

    /// Publishes a tombstone for the camera.
    pub fn remove_camera(&self, id: &str) {
        self.produce(Topic::Cameras, id, None);
    }

    /// Deletes all records of the topic, as the retention does.
    pub fn truncate(&self, topic: Topic) {
        let name = self.name(topic);
        let mut list = TopicPartitionList::new();
        for (partition, _, high) in self.marks(&name) {
            list.add_partition_offset(&name, partition.number, rdkafka::Offset::Offset(high)).expect("a valid offset");
        }
        let admin: AdminClient<DefaultClientContext> =
            self.config.client("vru-test", &[]).create().expect("an admin client can be made");
        let deleted = block_on(admin.delete_records(&list, &AdminOptions::new().request_timeout(Some(DEADLINE))));
        let deleted = deleted.expect("Kafka answers");
        assert!(deleted.elements().iter().all(|partition| partition.error().is_ok()), "{deleted:?}");
    }

    /// Gives the topic so many partitions.
    pub fn add_partitions(&self, topic: Topic, partitions: i32) {
        let name = self.name(topic);
        let admin: AdminClient<DefaultClientContext> =
            self.config.client("vru-test", &[]).create().expect("an admin client can be made");
        let more = NewPartitions::new(&name, usize::try_from(partitions).expect("a positive number"));
        let added = block_on(admin.create_partitions(&[more], &AdminOptions::new().request_timeout(Some(DEADLINE))));
        added.expect("Kafka answers").remove(0).expect("partitions can be added");
        wait_until(DEADLINE, "the partitions to have leaders", || {
            watermarks(&self.config, &name, DEADLINE).is_ok_and(|marks| marks.len() as i32 == partitions)
        });
    }

    /// The topic's id. It changes when the topic is recreated.
    pub fn topic_id(&self, topic: Topic) -> TopicId {
        let described = describe_topic(&self.config, &self.name(topic), DEADLINE);
        described.unwrap_or_else(|error| panic!("{}", chain(&error))).id
    }

    /// Deletes the topic.
    pub fn delete(&self, topic: Topic) {
        let name = self.name(topic);
        let admin: AdminClient<DefaultClientContext> =
            self.config.client("vru-test", &[]).create().expect("an admin client can be made");
        let deleted = block_on(admin.delete_topics(&[&name], &AdminOptions::new().request_timeout(Some(DEADLINE))));
        deleted.expect("Kafka answers").remove(0).expect("the topic can be deleted");
    }

    /// Creates the topic, which must not exist, with so many partitions.
    pub fn create_topic(&self, topic: Topic, partitions: i32) {
        let name = self.name(topic);
        let specs = self.config.topic_specs(partitions, 1);
        let specs: Vec<_> = specs.into_iter().filter(|spec| spec.name == name).collect();
        // The deletion of the old topic takes a moment.
        wait_for(DEADLINE, "the topic to be created", || {
            block_on(admin::ensure_topics(&self.config, &specs, DEADLINE))
                .map_err(|error| chain(&error).to_string())?;
            let found = describe_topic(&self.config, &name, DEADLINE).map_err(|error| chain(&error).to_string())?;
            if found.partitions == partitions { Ok(()) } else { Err(format!("{found:?}")) }
        });
        wait_until(DEADLINE, "the topic to have leaders", || watermarks(&self.config, &name, DEADLINE).is_ok());
    }

    /// Deletes the topic, and creates it again under the same name, with so many partitions.
    pub fn recreate(&mut self, topic: Topic, partitions: i32) {
        let before = self.topic_id(topic);
        self.delete(topic);
        wait_for(DEADLINE, "another topic of the same name", || {
            self.create_topic(topic, partitions);
            if self.topic_id(topic) == before { Err("it is the old one".to_owned()) } else { Ok(()) }
        });
        // The producer of the tests must not wait for its metadata of the old topic to expire.
        self.producer = self.config.producer(&ProducerOptions::default()).expect("a producer can be created");
    }

    /// How many records were written to the topic since its creation.
    pub fn written(&self, topic: Topic) -> u64 {
        let marks = self.marks(&self.name(topic));
        marks.iter().map(|(_, _, high)| u64::try_from(*high).unwrap_or(0)).sum()
    }

    /// The first offset of each partition, and the one behind its last. A broker that was paused refuses for a moment to be the leader.
    fn marks(&self, name: &str) -> Vec<(Partition, i64, i64)> {
        wait_for(DEADLINE, &format!("the offsets of {name}"), || {
            watermarks(&self.config, name, DEADLINE).map_err(|error| chain(&error).to_string())
        })
    }

    /// How many frames, of live cameras and of files, the group has not committed yet.
    pub fn frames_lag(&self, group: &str) -> u64 {
        self.lag(group, Topic::Frames) + self.lag(group, Topic::FileFrames)
    }

    /// How many records of the topic the group has not committed yet: its consumer lag.
    pub fn lag(&self, group: &str, topic: Topic) -> u64 {
        let name = self.name(topic);
        // As `marks`: after a pause it is refused for a moment.
        wait_for(DEADLINE, &format!("the lag of {group} on {name}"), || {
            let lag = TopicEnds::read(&self.config, &name, DEADLINE)
                .and_then(|ends| Ok(ends.behind(&ends.committed(&self.config, group, DEADLINE)?)));
            lag.map_err(|error| chain(&error).to_string())
        })
    }

    /// Every record that the topic holds now, by partition and offset.
    pub fn records(&self, topic: Topic) -> Vec<Record> {
        self.read(&self.name(topic))
    }

    /// Like [`Bus::records`], for any topic of the broker.
    pub fn read(&self, name: &str) -> Vec<Record> {
        let marks = self.marks(name);
        let settings =
            [("group.id", "vru-test-unused"), ("enable.auto.commit", "false"), ("enable.partition.eof", "true")];
        let client = self.config.client("vru-test", &settings);
        let consumer: BaseConsumer = client.create().expect("a consumer can be made");
        // Partition → its end offset at the start of this call. Records written later are not returned.
        let mut open: HashMap<i32, i64> = HashMap::new();
        let mut list = TopicPartitionList::new();
        for (partition, low, high) in marks {
            if high > low {
                open.insert(partition.number, high);
                let added = list.add_partition_offset(name, partition.number, StartAt::Beginning.offset());
                added.expect("a valid offset");
            }
        }
        consumer.assign(&list).expect("partitions can be assigned");
        let topic_name = name.into();
        let mut records = Vec::new();
        wait_until(DEADLINE, "the end of a topic", || {
            while !open.is_empty() {
                match consumer.poll(Duration::from_millis(100)) {
                    None => return false,
                    Some(Ok(message)) => {
                        let record = Record::read(&topic_name, &message);
                        let end = open.get(&record.partition.number).copied().unwrap_or(0);
                        if record.offset + 1 >= end {
                            open.remove(&record.partition.number);
                        }
                        if record.offset < end {
                            records.push(record);
                        }
                    }
                    // Compaction may have removed the last records.
                    Some(Err(rdkafka::error::KafkaError::PartitionEOF(partition))) => drop(open.remove(&partition)),
                    Some(Err(error)) => panic!("cannot read {name}: {error}"),
                }
            }
            true
        });
        records.sort_by_key(|record| (record.partition.number, record.offset));
        records
    }

    /// Every record of the topic that decodes as this message. Tombstones and other records are skipped.
    pub fn messages<M: prost::Message + Default>(&self, topic: Topic) -> Vec<M> {
        let records = self.records(topic);
        let payloads = records.into_iter().filter_map(|record| record.payload);
        payloads.filter_map(|payload: Bytes| M::decode(payload).ok()).collect()
    }
}

impl std::fmt::Debug for Bus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bus({})", self.config.topic_prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_util::KafkaServer;

    #[test]
    fn topics_of_tests_are_separate_and_survive_a_killed_broker() {
        let kafka = KafkaServer::start();
        let (one, two) = (kafka.bus("one", 3), kafka.bus("two", 1));
        for number in 0..20 {
            one.produce(Topic::Frames, &format!("camera-{number}"), Some(b"picture"));
        }
        one.remove_camera("camera-1");
        assert_eq!(one.written(Topic::Frames), 20);
        assert_eq!(one.lag("nobody", Topic::Frames), 20);
        kafka.server.kill();
        kafka.server.restart();
        let records = one.records(Topic::Frames);
        assert_eq!(records.len(), 20);
        assert!(records.iter().all(|record| record.payload.as_deref() == Some(b"picture")));
        assert_eq!(one.records(Topic::Cameras)[0].payload, None);
        assert_eq!(two.records(Topic::Frames).len(), 0);
    }
}
