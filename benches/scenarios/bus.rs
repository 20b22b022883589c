//! Throughput of 60 KB records through our producer and consumer, in megabytes per second. The peer is a bare loop of librdkafka
//! with its defaults, on the same broker. Each turn has a new topic.
//!
//! Does not measure: TLS, several brokers, and the encoding of messages. Ours is idempotent, the bare loop is not.

use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use vru_benches::measure::Turns;
use vru_benches::publish::publish_all;
use vru_benches::row::{BenchRow, Goal};
use vru_runtime::kafka::{ConsumerOptions, Event, GroupConsumer, ProducerOptions};
use vru_runtime::test_util::{Bus, Topic, kafka};

const TURNS: usize = 7;
const RECORDS: usize = 1_500;
const BYTES: usize = 60_000;
const DEADLINE: Duration = Duration::from_mins(1);

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    let payload: Vec<u8> = (0..BYTES as u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut turns = Turns::default();
    // The first turn is the warm-up of the broker.
    for turn in 0..=TURNS {
        let ours = runtime.block_on(ours(&kafka().bus("bench-bus", 1), &payload));
        let bare = bare(&kafka().bus("bench-bus", 1), &payload);
        if turn > 0 {
            turns.add(rate(ours), rate(bare));
        }
    }
    let (_, version) = rdkafka::util::get_rdkafka_version();
    let peer = format!("librdkafka {version} BaseProducer and BaseConsumer");
    BenchRow::of("bus", &turns, 1.0, "MB/s", Goal::AtLeast(0.9), &peer).save();
}

fn rate(took: Duration) -> f64 {
    (RECORDS * BYTES) as f64 / 1e6 / took.as_secs_f64()
}

async fn ours(bus: &Bus, payload: &[u8]) -> Duration {
    let topic = bus.name(Topic::Frames);
    let producer = bus.config().producer(&ProducerOptions::default()).expect("a producer can be made");
    let options = ConsumerOptions::new(&format!("{}ours", bus.prefix()), &[&topic]);
    let mut consumer = GroupConsumer::start(&bus.config(), &options).expect("a consumer can be made");
    // Group and topic are ready when the first record has arrived.
    publish_all(&producer, &topic, [("camera", payload)]).await;
    take(&mut consumer, 1).await;
    let started = Instant::now();
    let records = std::iter::repeat_n(("camera", payload), RECORDS);
    tokio::join!(publish_all(&producer, &topic, records), take(&mut consumer, RECORDS));
    started.elapsed()
}

async fn take(consumer: &mut GroupConsumer, count: usize) {
    let all = async {
        let mut taken = 0;
        while taken < count {
            if let Event::Record(record) = consumer.next().await.expect("the consumer lives") {
                assert_eq!(record.payload.map(|payload| payload.len()), Some(BYTES));
                taken += 1;
            }
        }
    };
    tokio::time::timeout(DEADLINE, all).await.expect("all records in time");
}

fn bare(bus: &Bus, payload: &[u8]) -> Duration {
    let topic = bus.name(Topic::Frames);
    let client = |pairs: &[(&str, &str)]| {
        #[expect(clippy::disallowed_methods, reason = "librdkafka's defaults are the peer")]
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", bus.config().brokers);
        for (key, value) in pairs {
            client.set(*key, *value);
        }
        client
    };
    let producer: BaseProducer = client(&[]).create().expect("a producer can be made");
    let group = format!("{}bare", bus.prefix());
    let consumer: BaseConsumer =
        client(&[("group.id", &group), ("auto.offset.reset", "earliest")]).create().expect("a consumer can be made");
    consumer.subscribe(&[&topic]).expect("a plain topic");
    send(&producer, &topic, payload, 1);
    poll(&consumer, 1);
    let started = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| send(&producer, &topic, payload, RECORDS));
        poll(&consumer, RECORDS);
    });
    started.elapsed()
}

fn send(producer: &BaseProducer, topic: &str, payload: &[u8], count: usize) {
    for _ in 0..count {
        let mut record = BaseRecord::to(topic).key("camera").payload(payload);
        while let Err((error, back)) = producer.send(record) {
            assert_eq!(error, KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull));
            record = back;
            producer.poll(Duration::from_millis(10));
        }
        producer.poll(Duration::ZERO);
    }
    producer.flush(DEADLINE).expect("all records are acknowledged");
}

fn poll(consumer: &BaseConsumer, count: usize) {
    let started = Instant::now();
    let mut taken = 0;
    while taken < count {
        assert!(started.elapsed() < DEADLINE, "{taken} of {count} records came");
        if let Some(message) = consumer.poll(Duration::from_millis(100)) {
            assert_eq!(message.expect("a record").payload_len(), BYTES);
            taken += 1;
        }
    }
}
