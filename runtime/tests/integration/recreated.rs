//! Topics that are deleted and created again under the same name: everything in the new one is read from its first record.

use std::collections::BTreeSet;
use std::time::Duration;

use vru_runtime::kafka::{
    Committer, ConsumerOptions, Event, GroupConsumer, OutgoingRecord, Partition, Producer, ProducerOptions,
    ReaderEvent, StartAt, TopicReader, describe_topic,
};
use vru_runtime::test_util::{Bus, Topic, kafka};

const DEADLINE: Duration = Duration::from_mins(2);

/// A member that commits each record.
struct Member {
    group: GroupConsumer,
    committer: Committer,
    read: BTreeSet<String>,
}

impl Member {
    fn join(bus: &Bus) -> Self {
        let group = format!("{}group", bus.prefix());
        let options = ConsumerOptions::new(&group, &[&bus.name(Topic::Detections)]);
        let group = GroupConsumer::start(&bus.config(), &options).expect("a member can be made");
        Self { committer: group.committer(), group, read: BTreeSet::new() }
    }

    async fn read_until(&mut self, what: &str, count: usize) {
        let reading = async {
            while self.read.len() < count {
                match self.group.next().await.expect("the member runs") {
                    Event::Record(record) => {
                        self.read.insert(String::from_utf8(record.key.unwrap().to_vec()).unwrap());
                        let next = (record.partition, record.offset + 1);
                        let committer = self.committer.clone();
                        tokio::task::block_in_place(|| committer.commit(&[next], true)).ok();
                    }
                    Event::Assigned(_) | Event::Revoked(_) => {}
                }
            }
        };
        let read = tokio::time::timeout(DEADLINE, reading).await;
        assert!(read.is_ok(), "timed out waiting for {what}: {:?}", self.read);
    }
}

fn publish(bus: &Bus, name: &str, count: usize) -> BTreeSet<String> {
    let keys: BTreeSet<String> = (0..count).map(|number| format!("{name}-{number}")).collect();
    tokio::task::block_in_place(|| {
        for key in &keys {
            bus.produce(Topic::Detections, key, Some(b"x"));
        }
    });
    keys
}

/// Partitions and records of the old topic, then of the new one.
const CASES: [(i32, usize, i32, usize); 3] = [(2, 20, 2, 5), (1, 5, 1, 30), (3, 30, 2, 30)];

#[tokio::test(flavor = "multi_thread")]
async fn a_running_member_reads_a_recreated_topic_from_its_first_record() {
    for (old_partitions, old, new_partitions, new) in CASES {
        let mut bus = kafka().bus("recreated", old_partitions);
        let mut member = Member::join(&bus);
        publish(&bus, "old", old);
        member.read_until("the old records", old).await;
        tokio::task::block_in_place(|| bus.recreate(Topic::Detections, new_partitions));
        member.read.clear();
        let keys = publish(&bus, "new", new);
        member.read_until("the new records", new).await;
        assert_eq!(member.read, keys);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_was_stopped_reads_a_recreated_topic_from_its_first_record() {
    for (old_partitions, old, new_partitions, new) in CASES {
        let mut bus = kafka().bus("stopped", old_partitions);
        let mut member = Member::join(&bus);
        publish(&bus, "old", old);
        member.read_until("the old records", old).await;
        tokio::task::block_in_place(|| drop(member));
        tokio::task::block_in_place(|| bus.recreate(Topic::Detections, new_partitions));
        let keys = publish(&bus, "new", new);
        let mut member = Member::join(&bus);
        member.read_until("the new records", new).await;
        assert_eq!(member.read, keys);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offset_that_was_committed_after_the_deletion_is_no_position_in_the_new_topic() {
    let mut bus = kafka().bus("stale", 1);
    let mut member = Member::join(&bus);
    publish(&bus, "old", 10);
    member.read_until("the old records", 10).await;
    let keys = tokio::task::block_in_place(|| {
        bus.recreate(Topic::Detections, 1);
        let keys = publish(&bus, "new", 20);
        // As a member commits that has not noticed.
        let partition = Partition::new(&bus.name(Topic::Detections), 0);
        member.committer.commit(&[(partition, 10)], true).ok();
        drop(member);
        keys
    });
    let mut member = Member::join(&bus);
    member.read_until("the new records", 20).await;
    assert_eq!(member.read, keys);
    let partition = Partition::new(&bus.name(Topic::Detections), 0);
    let resumed = tokio::task::block_in_place(|| member.committer.resume(&[partition], DEADLINE)).unwrap();
    assert_eq!((resumed[0].next, resumed[0].recreated), (Some(20), false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_tells_that_its_topic_was_recreated() {
    let mut bus = kafka().bus("reader-recreated", 1);
    publish(&bus, "old", 5);
    let name = bus.name(Topic::Detections);
    let id = bus.topic_id(Topic::Detections);
    let mut reader = TopicReader::start(
        &bus.config(),
        "recreated",
        &name,
        id,
        &[(0, StartAt::Beginning)],
        16,
        TopicReader::FETCH_WAIT,
    )
    .unwrap();
    tokio::task::block_in_place(|| bus.recreate(Topic::Detections, 1));
    publish(&bus, "new", 30);
    let told = async {
        loop {
            match reader.next().await.expect("the reader runs") {
                ReaderEvent::Recreated => return,
                ReaderEvent::Record(_) | ReaderEvent::CaughtUp => {}
            }
        }
    };
    tokio::time::timeout(DEADLINE, told).await.expect("the reader tells");
    assert!(reader.next().await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_does_not_exist_has_no_id() {
    let bus = kafka().bus("described", 3);
    let (config, name) = (bus.config(), bus.name(Topic::Frames));
    tokio::task::block_in_place(|| {
        let found = describe_topic(&config, &name, DEADLINE).unwrap();
        assert_eq!((found.partitions, found.id), (3, bus.topic_id(Topic::Frames)));
        assert_ne!(found.id, bus.topic_id(Topic::Alerts));
        let error = describe_topic(&config, "no-such-topic", DEADLINE).unwrap_err();
        assert!(vru_runtime::report::chain(&error).to_string().contains("no-such-topic"), "{error}");
    });
}

/// Publishes records one after the other, each until it is acknowledged, as every stage does.
async fn send(producer: &Producer, topic: &str, name: &str, count: usize) {
    for number in 0..count {
        let key = format!("{name}-{number}");
        let until = tokio::time::Instant::now() + DEADLINE;
        loop {
            assert_eq!(producer.fatal_error(), None, "{key}");
            let failed = match producer.publish(OutgoingRecord::new(topic, &key, b"x")) {
                Ok(acknowledgement) => match acknowledgement.await {
                    Ok(_) => break,
                    Err(error) => error,
                },
                Err(error) => error,
            };
            assert!(tokio::time::Instant::now() < until, "{key}: {failed}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotent_producer_goes_on_in_a_recreated_topic() {
    for (old_partitions, old, new_partitions, new) in CASES {
        let mut bus = kafka().bus("producing", old_partitions);
        let topic = bus.name(Topic::Detections);
        // As inference: records never time out.
        let options = ProducerOptions { message_timeout: Duration::ZERO, ..ProducerOptions::default() };
        let producer = bus.config().producer(&options).unwrap();
        let sent = tokio::time::timeout(DEADLINE, async {
            send(&producer, &topic, "old", old).await;
            tokio::task::block_in_place(|| bus.recreate(Topic::Detections, new_partitions));
            send(&producer, &topic, "new", new).await;
        });
        sent.await.expect("all records are acknowledged");
        assert_eq!(tokio::task::block_in_place(|| bus.written(Topic::Detections)), new as u64);
    }
}
