//! Dead letters that Kafka does not accept whole, or not at all, do not block the records behind them.

use std::time::Duration;

use bytes::Bytes;
use rand::Rng as _;
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;
use vru_proto::names::{HEADER_ORIGINAL_BYTES, HEADER_ORIGINAL_SHA256, HEADER_REASON, HEADER_SOURCE_OFFSET};
use vru_runtime::dead_letter::DeadLetters;
use vru_runtime::kafka::admin::{TopicSpec, ensure_topics};
use vru_runtime::kafka::{KafkaConfig, Partition, Record};
use vru_runtime::metrics;
use vru_runtime::test_util::{Bus, Metrics, kafka, seeded_rng};

/// Far more than Kafka needs to refuse a record.
const DEADLINE: Duration = Duration::from_mins(1);
const CLIENT_LIMIT: u32 = 300_000;

/// A configuration whose dead-letter topic accepts so many bytes.
async fn limited(bus: &Bus, name: &str, topic_limit: usize) -> KafkaConfig {
    let topic_prefix = format!("{}{name}.", bus.prefix());
    let config = KafkaConfig { topic_prefix, message_max_bytes: CLIENT_LIMIT, ..bus.config() };
    let settings = vec![("max.message.bytes", topic_limit.to_string())];
    let spec = TopicSpec { name: config.topics().dead_letters, partitions: 1, replication: 1, settings };
    ensure_topics(&config, &[spec], DEADLINE).await.unwrap();
    config
}

fn record(key: Option<Bytes>, payload: Bytes, offset: i64) -> Record {
    let partition = Partition::new("hostile", 0);
    Record { partition, offset, timestamp_ms: None, key, payload: Some(payload), headers: Vec::new() }
}

async fn send(letters: &DeadLetters, record: &Record, reason: &str) {
    let cancel = CancellationToken::new();
    let sent = tokio::time::timeout(DEADLINE, letters.send(record, "test", reason, &cancel)).await;
    assert!(sent.expect("the letter does not block"), "nobody cancelled it");
}

fn counted(name: &str, labels: &[(&str, &str)]) -> u64 {
    Metrics::parse(&metrics::encode()).unwrap().count(name, &[&[("topic", "hostile")], labels].concat())
}

fn random_bytes(size: usize) -> Bytes {
    let mut bytes = vec![0; size];
    seeded_rng("random_bytes").fill(&mut bytes[..]);
    bytes.into()
}

fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}

fn assert_cut(letter: &Record, whole: &[u8], kept: usize) {
    assert_eq!(letter.payload.as_deref(), Some(&whole[..kept]));
    assert_eq!(letter.header(HEADER_ORIGINAL_BYTES), Some(whole.len().to_string().as_str()));
    assert_eq!(letter.header(HEADER_ORIGINAL_SHA256), Some(hex(&Sha256::digest(whole)).as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_kafka_does_not_accept_is_cut_or_given_up_and_counted() {
    let bus = tokio::task::spawn_blocking(|| kafka().bus("letters", 1)).await.unwrap();
    let (small, tiny) = (limited(&bus, "small", 60_000).await, limited(&bus, "tiny", 300).await);

    let letters = DeadLetters::new(&small, "test").unwrap();
    let compressible = Bytes::from(vec![7; 250_000]);
    let too_large_compressed = random_bytes(200_000);
    let too_large_for_the_client = Bytes::from(vec![9; CLIENT_LIMIT as usize]);
    let long_key = Bytes::from(vec![b'k'; CLIENT_LIMIT as usize]);
    let long_reason = "é".repeat(CLIENT_LIMIT as usize);
    send(&letters, &record(None, compressible.clone(), 0), "compressible").await;
    send(&letters, &record(None, too_large_compressed.clone(), 1), "random").await;
    send(&letters, &record(None, too_large_for_the_client.clone(), 2), "large").await;
    send(&letters, &record(Some(long_key.clone()), Bytes::from_static(b"x"), 3), &long_reason).await;

    let read = tokio::task::spawn_blocking(move || bus.read(&small.topics().dead_letters)).await.unwrap();
    assert_eq!(
        read.iter().map(|letter| letter.header(HEADER_SOURCE_OFFSET)).collect::<Vec<_>>(),
        ["0", "1", "2", "3"].map(Some)
    );
    assert_eq!(read[0].payload.as_ref(), Some(&compressible));
    assert_eq!(read[0].header(HEADER_ORIGINAL_BYTES), None);
    assert_cut(&read[1], &too_large_compressed, 16 * 1024);
    assert_cut(&read[2], &too_large_for_the_client, 16 * 1024);
    assert_eq!(read[3].key.as_deref(), Some(&long_key[..1024]));
    let reason = read[3].header(HEADER_REASON).unwrap();
    assert!(reason.len() <= 1024 && long_reason.starts_with(reason), "{} bytes", reason.len());
    assert_eq!(counted("dead_letters_sent_records_total", &[]), 4);
    assert_eq!(counted("dead_letters_cut_records_total", &[("reason", "test")]), 2);

    // Not even the headers fit.
    let letters = DeadLetters::new(&tiny, "test").unwrap();
    let incompressible = hex(&too_large_compressed);
    send(&letters, &record(None, too_large_compressed, 4), &incompressible).await;
    assert_eq!(counted("dead_letters_lost_records_total", &[("cause", "too-large")]), 1);
}
