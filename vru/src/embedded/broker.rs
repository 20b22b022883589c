//! Kafka without Kafka: librdkafka's mock cluster, which speaks the protocol over TCP to the same clients as a real broker.
//!
//! What it lacks: nothing is on disk, so it starts empty each time; each partition keeps about 5 MB and drops older records
//! without a word, which readers see as a gap in the frames' sequence and count; topics are not compacted.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use rdkafka::error::KafkaError;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use vru_runtime::kafka::{KafkaConfig, Topics};

/// Frames of different cameras should not push each other out, and two consumers of a group should both have work.
const PARTITIONS: i32 = 12;

/// A running broker. It ends when dropped, which blocks for a moment.
#[derive(Debug)]
pub struct Broker {
    address: String,
    /// Dropped, it ends the thread that holds the cluster, which may not leave its thread.
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Broker {
    /// Starts a broker that holds the pipeline's topics.
    pub fn start(config: &KafkaConfig) -> Result<Self, BrokerError> {
        let topics = config.topics();
        let (stop, stopped) = sync_channel::<()>(1);
        let (started_tx, started) = sync_channel(1);
        let hold = move || match cluster(&topics) {
            Ok(cluster) => {
                drop(started_tx.send(Ok(cluster.bootstrap_servers())));
                // Nothing is ever sent: it ends when the sender is dropped.
                while stopped.recv().is_ok() {}
            }
            Err(error) => drop(started_tx.send(Err(error))),
        };
        let thread = std::thread::Builder::new().name("broker".to_owned()).spawn(hold).map_err(BrokerError::Thread)?;
        let address = started.recv().map_err(|_| BrokerError::Thread(std::io::Error::other("it panicked")))??;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens: `127.0.0.1:port`.
    pub fn address(&self) -> String {
        self.address.clone()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the embedded broker panicked");
        }
    }
}

fn cluster(topics: &Topics) -> Result<MockCluster<'static, DefaultProducerContext>, BrokerError> {
    let fail = |operation| move |source| BrokerError::Cluster { operation, source };
    let cluster = MockCluster::new(1).map_err(fail("start"))?;
    for topic in [&topics.frames, &topics.detections, &topics.alerts, &topics.cameras, &topics.dead_letters] {
        cluster.create_topic(topic, PARTITIONS, 1).map_err(fail("make a topic of"))?;
    }
    Ok(cluster)
}

/// The broker could not be started. Trying again does not help.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// librdkafka refused.
    #[error("{operation} the embedded broker")]
    Cluster {
        /// What was tried.
        operation: &'static str,
        /// What librdkafka says.
        #[source]
        source: KafkaError,
    },
    /// It has no thread.
    #[error("start the thread of the embedded broker")]
    Thread(#[source] std::io::Error),
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rdkafka::producer::FutureRecord;
    use vru_runtime::kafka::{ConsumerOptions, Event, GroupConsumer, ProducerOptions, Record, admin, watermarks};

    use super::*;

    const DEADLINE: Duration = Duration::from_secs(15);

    fn broker() -> (Broker, KafkaConfig) {
        let mut config = KafkaConfig::default();
        let broker = Broker::start(&config).unwrap();
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
    async fn groups_share_partitions_and_go_on_at_their_committed_offsets() {
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
        let committed = first.committer().committed(&[offsets[0].0.clone()], DEADLINE).unwrap();
        assert_eq!(committed[0].1, Some(offsets[0].1));
        drop(first);
        send(&config, &topic, 10, 100).await;
        let mut second = GroupConsumer::start(&config, &options).unwrap();
        assert_eq!(take(&mut second, 10).await.len(), 10);
        let marks = watermarks(&config, &topic, DEADLINE).unwrap();
        assert_eq!(marks.iter().map(|(_, low, high)| high - low).sum::<i64>(), 50);
        assert!(admin::cluster_id(&config, DEADLINE).unwrap().is_some());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn frames_of_usual_size_pass_and_the_oldest_are_dropped() {
        let (_broker, config) = broker();
        let topic = config.topics().frames;
        send(&config, &topic, 500, 200_000).await;
        let marks = watermarks(&config, &topic, DEADLINE).unwrap();
        assert_eq!(marks.iter().map(|(_, _, high)| high).sum::<i64>(), 500);
        let dropped: i64 = marks.iter().map(|(_, low, _)| low).sum();
        assert!(dropped > 0, "nothing was dropped: {marks:?}");
    }
}
