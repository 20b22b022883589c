//! Commits that nobody waits for: failures are counted, and the last one is not lost.

use std::time::Duration;

use rdkafka::mocking::MockCluster;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use vru_runtime::kafka::{
    ConsumerOptions, Event, GroupConsumer, GroupOffsets, KafkaConfig, OutgoingRecord, ProducerOptions, describe_topic,
};
use vru_runtime::metrics;
use vru_runtime::test_util::{Metrics, wait_for};

const DEADLINE: Duration = Duration::from_secs(30);
const REFUSAL: RDKafkaRespErr = RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN;

fn failed(topic: &str) -> u64 {
    Metrics::parse(&metrics::encode()).unwrap().count("kafka_failed_commits_total", &[("topic", topic)])
}

/// A member that has received one record of the topic.
async fn member_with_a_record(config: &KafkaConfig, topic: &str) -> (GroupConsumer, vru_runtime::kafka::Record) {
    let producer = config.producer(&ProducerOptions::default()).unwrap();
    producer.publish(OutgoingRecord::new(topic, "key", b"value")).unwrap().await.unwrap();
    let mut member = GroupConsumer::start(config, &ConsumerOptions::new(topic, &[topic])).unwrap();
    loop {
        match tokio::time::timeout(DEADLINE, member.next()).await.expect("a record in time").expect("a member") {
            Event::Record(record) => return (member, record),
            Event::Assigned(_) | Event::Revoked(_) => {}
        }
    }
}

fn committed(config: &KafkaConfig, topic: &str) -> Option<i64> {
    let id = describe_topic(config, topic, DEADLINE).unwrap().id;
    GroupOffsets::new(config, "test", topic, topic).unwrap().committed(id, 0, DEADLINE).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_fails_is_counted_and_made_again_also_at_the_end() {
    let cluster = MockCluster::new(1).unwrap();
    let config = KafkaConfig { brokers: cluster.bootstrap_servers(), ..KafkaConfig::default() };
    for topic in ["periodic", "last"] {
        cluster.create_topic(topic, 1, 1).unwrap();
    }

    let (member, record) = member_with_a_record(&config, "periodic").await;
    cluster.request_errors(RDKafkaApiKey::OffsetCommit, &[REFUSAL, REFUSAL]);
    member.committer().commit(&[(record.partition, record.offset + 1)], false).unwrap();
    tokio::task::spawn_blocking({
        let config = config.clone();
        move || {
            wait_for(DEADLINE, "the commit", || match committed(&config, "periodic") {
                Some(1) => Ok(()),
                other => Err(format!("{other:?}")),
            });
            assert_eq!(failed("periodic"), 2);
            drop(member);
        }
    })
    .await
    .unwrap();

    let (member, record) = member_with_a_record(&config, "last").await;
    cluster.request_errors(RDKafkaApiKey::OffsetCommit, &[REFUSAL]);
    member.committer().commit(&[(record.partition, record.offset + 1)], false).unwrap();
    tokio::task::spawn_blocking(move || {
        drop(member);
        assert_eq!(failed("last"), 1);
        assert_eq!(committed(&config, "last"), Some(1), "the last commit was lost with the membership");
    })
    .await
    .unwrap();
}
