//! An embedded Kafka broker: librdkafka's mock cluster, which speaks the protocol over TCP to the same clients as a real one.
//!
//! What it lacks: nothing is on disk, so it starts empty each time; each partition keeps about 5 MB and drops older records
//! silently, which readers see and count as a gap in the frames' sequence; topics are not compacted.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use rdkafka::error::KafkaError;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use vru_runtime::kafka::{KafkaConfig, Topics};

/// The largest record. When a record arrives, the broker first deletes old ones until all together fit into 5 MB; if it deletes them all, it
/// loses the new one too. With less than half of that, one always stays.
pub const MAX_RECORD_BYTES: u32 = 2_400_000;
/// How far a file may be ahead of its consumers, so that what they have not read is kept.
pub const FILE_AHEAD_BYTES: usize = 2_000_000;

/// Enough that cameras seldom share a partition and its 5 MB, and that every consumer of a group has work.
const PARTITIONS: i32 = 12;

/// A running broker. Dropping it ends it and blocks for a moment.
#[derive(Debug)]
pub struct EmbeddedBroker {
    address: String,
    /// Dropping it ends the thread that owns the cluster: a cluster cannot be moved to another thread.
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl EmbeddedBroker {
    /// Starts a broker that holds the pipeline's topics.
    pub fn start(config: &KafkaConfig) -> Result<Self, EmbeddedBrokerError> {
        let topics = config.topics();
        let (stop, stopped) = sync_channel::<()>(1);
        let (started_tx, started) = sync_channel(1);
        let serve = move || match cluster(&topics) {
            Ok(cluster) => {
                drop(started_tx.send(Ok(cluster.bootstrap_servers())));
                // Nothing is ever sent: this ends when the sender is dropped.
                while stopped.recv().is_ok() {}
            }
            Err(error) => drop(started_tx.send(Err(error))),
        };
        let thread =
            std::thread::Builder::new().name("broker".to_owned()).spawn(serve).map_err(EmbeddedBrokerError::Thread)?;
        let address =
            started.recv().map_err(|_| EmbeddedBrokerError::Thread(std::io::Error::other("the thread panicked")))??;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    /// The address to connect to: `127.0.0.1:port`.
    pub fn address(&self) -> String {
        self.address.clone()
    }
}

impl Drop for EmbeddedBroker {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the embedded broker panicked");
        }
    }
}

fn cluster(topics: &Topics) -> Result<MockCluster<'static, DefaultProducerContext>, EmbeddedBrokerError> {
    let fail = |operation| move |source| EmbeddedBrokerError::Cluster { operation, source };
    let cluster = MockCluster::new(1).map_err(fail("start"))?;
    let Topics { frames, file_frames, file_positions, detections, alerts, cameras, .. } = topics;
    let Topics { camera_tests, camera_test_pictures, camera_test_reports, dead_letters, .. } = topics;
    let of_tests = [camera_tests, camera_test_pictures, camera_test_reports];
    for topic in
        [frames, file_frames, file_positions, detections, alerts, cameras, dead_letters].into_iter().chain(of_tests)
    {
        cluster.create_topic(topic, PARTITIONS, 1).map_err(fail("create a topic of"))?;
    }
    Ok(cluster)
}

/// The broker could not be started. A retry does not help.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedBrokerError {
    #[error("{operation} the embedded broker")]
    Cluster {
        operation: &'static str,
        #[source]
        source: KafkaError,
    },
    #[error("start the thread of the embedded broker")]
    Thread(#[source] std::io::Error),
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rdkafka::producer::FutureRecord;
    use vru_runtime::kafka::{ConsumerOptions, Event, GroupConsumer, ProducerOptions, Record, admin, watermarks};

    use super::*;

    const DEADLINE: Duration = Duration::from_mins(1);

    fn broker() -> (EmbeddedBroker, KafkaConfig) {
        let mut config = KafkaConfig::default();
        let broker = EmbeddedBroker::start(&config).unwrap();
        config.brokers = broker.address();
        (broker, config)
    }

    async fn send(config: &KafkaConfig, topic: &str, count: usize, bytes: usize) {
        let producer = config.producer(&ProducerOptions::default()).unwrap();
        let payload = vec![7_u8; bytes];
        for number in 0..count {
            let key = format!("camera-{}", number % 5);
            let record = FutureRecord::to(topic).key(&key).payload(&payload);
            producer.send(record).map_err(|(error, _)| error).unwrap().await.unwrap();
        }
    }

    async fn take(consumer: &mut GroupConsumer, wanted: usize) -> Vec<Record> {
        let mut taken = Vec::new();
        let all = async {
            while taken.len() < wanted {
                match consumer.next().await {
                    Some(Event::Record(record)) => taken.push(record),
                    Some(Event::Assigned(_) | Event::Revoked(_)) => {}
                    None => break,
                }
            }
        };
        tokio::time::timeout(DEADLINE, all).await.expect("the records arrive");
        taken
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn groups_share_partitions_and_resume_at_their_committed_offsets() {
        let (_broker, config) = broker();
        let topic = config.topics().detections;
        assert_eq!(admin::partition_count(&config, &topic, DEADLINE).unwrap(), PARTITIONS);
        send(&config, &topic, 40, 100).await;
        let options = ConsumerOptions::new("group", &[&topic]);
        let mut first = GroupConsumer::start(&config, &options).unwrap();
        let taken = take(&mut first, 40).await;
        let mut next: std::collections::BTreeMap<_, i64> = std::collections::BTreeMap::new();
        for record in &taken {
            next.insert(record.partition.clone(), record.offset + 1);
        }
        let offsets: Vec<_> = next.into_iter().collect();
        first.committer().commit(&offsets, true).unwrap();
        let committed = first.committer().resume(&[offsets[0].0.clone()], DEADLINE).unwrap();
        // Its topics have no ids; it starts empty each time, under another cluster id.
        assert_eq!(committed[0].topic, vru_runtime::kafka::TopicId::NONE);
        assert_eq!(committed[0].next, Some(offsets[0].1));
        drop(first);
        send(&config, &topic, 10, 100).await;
        let mut second = GroupConsumer::start(&config, &options).unwrap();
        assert_eq!(take(&mut second, 10).await.len(), 10);
        let marks = watermarks(&config, &topic, DEADLINE).unwrap();
        assert_eq!(marks.iter().map(|(_, low, high)| high - low).sum::<i64>(), 50);
        assert!(admin::cluster_id(&config, DEADLINE).unwrap().is_some());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_largest_records_one_after_the_other_are_all_read() {
        let (_broker, config) = broker();
        let topic = config.topics().frames;
        let mut consumer = GroupConsumer::start(&config, &ConsumerOptions::new("group", &[&topic])).unwrap();
        for _ in 0..6 {
            // To one partition, each after the last was read.
            let payload = vec![7_u8; MAX_RECORD_BYTES as usize - 1_000];
            let producer = config.producer(&ProducerOptions::default()).unwrap();
            let record = FutureRecord::to(&topic).key("camera").payload(&payload);
            producer.send(record).map_err(|(error, _)| error).unwrap().await.unwrap();
            assert_eq!(take(&mut consumer, 1).await.len(), 1);
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_full_partition_drops_its_oldest_frames() {
        let (_broker, config) = broker();
        let topic = config.topics().frames;
        send(&config, &topic, 500, 200_000).await;
        let marks = watermarks(&config, &topic, DEADLINE).unwrap();
        assert_eq!(marks.iter().map(|(_, _, high)| high).sum::<i64>(), 500);
        let dropped: i64 = marks.iter().map(|(_, low, _)| low).sum();
        assert!(dropped > 0, "nothing was dropped: {marks:?}");
    }
}
