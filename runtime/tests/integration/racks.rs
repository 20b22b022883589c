//! Consumers read from the replica in their rack, whoever leads the partition, and from the leader where there is none.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::executor::block_on;
use parking_lot::Mutex;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::{ClientContext, Statistics, TopicPartitionList};
use vru_runtime::kafka::admin::{TopicSpec, ensure_topics};
use vru_runtime::kafka::{ConsumerOptions, Event, GroupConsumer, KafkaConfig, OutgoingRecord, ProducerOptions};
use vru_runtime::test_util::{RackedKafka, wait_for};

const DEADLINE: Duration = Duration::from_mins(1);
const TOPIC: &str = "racked";
const PARTITIONS: i32 = 4;

/// Partition → the broker that it is fetched from, and its leader.
type Sources = BTreeMap<i32, (i32, i32)>;

/// Keeps what librdkafka said last about partitions.
#[derive(Default)]
struct Watched(Mutex<Sources>);

impl ClientContext for Watched {
    fn stats(&self, statistics: Statistics) {
        let Some(topic) = statistics.topics.get(TOPIC) else { return };
        let known = topic.partitions.iter().filter(|(number, _)| **number >= 0);
        *self.0.lock() = known.map(|(number, partition)| (*number, (partition.broker, partition.leader))).collect();
    }
}

impl ConsumerContext for Watched {}

/// Reads all records, and then until every partition is fetched from where `settled` wants it.
fn sources(config: &KafkaConfig, what: &str, settled: impl Fn(i32, i32) -> bool) -> Sources {
    let settings = [("group.id", "unused"), ("enable.auto.commit", "false"), ("statistics.interval.ms", "200")];
    let consumer: BaseConsumer<Watched> =
        config.client("test", &settings).create_with_context(Watched::default()).unwrap();
    let mut partitions = TopicPartitionList::new();
    for number in 0..PARTITIONS {
        partitions.add_partition_offset(TOPIC, number, rdkafka::Offset::Beginning).unwrap();
    }
    consumer.assign(&partitions).unwrap();
    let mut records = 0;
    wait_for(DEADLINE, what, || {
        if let Some(Ok(_)) = consumer.poll(Duration::from_millis(200)) {
            records += 1;
            // With the first records of a partition its leader says where to read on: what was true before does not count.
            consumer.context().0.lock().clear();
            return Err(format!("{records} records"));
        }
        let found = consumer.context().0.lock().clone();
        let all = records == 40 && found.len() == PARTITIONS as usize;
        if all && found.values().all(|(broker, leader)| settled(*broker, *leader)) {
            return Ok(found);
        }
        Err(format!("{records} records, {found:?}"))
    })
}

fn publish(config: &KafkaConfig, numbers: std::ops::Range<u32>) {
    let producer = config.producer(&ProducerOptions::default()).unwrap();
    for number in numbers {
        let (key, value) = (format!("key-{number}"), number.to_string());
        // The leader of a partition may have just gone.
        wait_for(DEADLINE, "the record to be taken", || {
            let record = OutgoingRecord::new(TOPIC, &key, value.as_bytes());
            let sent = producer.publish(record).map_err(|error| error.to_string())?;
            block_on(sent).map(drop).map_err(|error| error.to_string())
        });
    }
}

/// Reads as a member of a group, as services do, until it has each number at least once.
async fn read(member: &mut GroupConsumer, numbers: std::ops::Range<u32>) {
    let mut missing: std::collections::BTreeSet<u32> = numbers.collect();
    while !missing.is_empty() {
        let event = tokio::time::timeout(DEADLINE, member.next()).await;
        match event.unwrap_or_else(|_| panic!("{missing:?} did not come")).expect("a member") {
            Event::Record(record) => {
                let text = String::from_utf8(record.payload.unwrap().to_vec()).unwrap();
                missing.remove(&text.parse::<u32>().unwrap());
            }
            Event::Assigned(_) | Event::Revoked(_) => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn consumers_read_from_the_replica_in_their_rack_and_go_on_without_it() {
    let kafka = tokio::task::block_in_place(RackedKafka::start);
    let config = kafka.config();
    let topic = TopicSpec { name: TOPIC.to_owned(), partitions: PARTITIONS, replication: 2, settings: Vec::new() };
    tokio::task::block_in_place(|| {
        wait_for(DEADLINE, "a topic on two brokers", || {
            block_on(ensure_topics(&config, std::slice::from_ref(&topic), DEADLINE)).map_err(|error| error.to_string())
        });
        publish(&config, 0..40);

        let leaders = sources(&config, "partitions to be read from their leaders", |broker, leader| broker == leader);
        for id in [1, 2] {
            assert!(leaders.values().any(|(_, leader)| *leader == id), "broker {id} leads nothing: {leaders:?}");
            let near = KafkaConfig { client_rack: RackedKafka::rack(id).to_owned(), ..config.clone() };
            sources(&near, &format!("partitions to be read in the rack of broker {id}"), |broker, _| broker == id);
        }
        // The zone by its name, which the brokers do not use.
        let named =
            KafkaConfig { client_rack: "zone".to_owned(), rack_names: "zone=rack-2".to_owned(), ..config.clone() };
        sources(&named, "partitions to be read in the rack of the zone", |broker, _| broker == 2);
        let far = KafkaConfig { client_rack: "elsewhere".to_owned(), ..config.clone() };
        sources(&far, "partitions to be read from their leaders", |broker, leader| broker == leader);
    });

    let near = KafkaConfig { client_rack: RackedKafka::rack(2).to_owned(), ..config.clone() };
    let mut member = GroupConsumer::start(&near, &ConsumerOptions::new("near", &[TOPIC])).unwrap();
    read(&mut member, 0..40).await;
    tokio::task::block_in_place(|| {
        kafka.second().server.kill();
        publish(&config, 40..80);
    });
    read(&mut member, 40..80).await;
}
