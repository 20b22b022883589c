//! Publishes many records at once: the producer of the test utilities waits for each record.

use std::collections::VecDeque;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::FutureRecord;
use vru_runtime::kafka::{DeliveryReport, Producer};

/// Publishes all, key and payload, and waits for every acknowledgement.
pub async fn publish_all<'a>(producer: &Producer, topic: &str, records: impl IntoIterator<Item = (&'a str, &'a [u8])>) {
    let mut open: VecDeque<DeliveryReport> = VecDeque::new();
    for (key, payload) in records {
        let mut record = FutureRecord::to(topic).key(key).payload(payload);
        loop {
            match producer.send(record) {
                Ok(delivery) => break open.push_back(delivery),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    record = back;
                    acknowledged(open.pop_front().expect("a full queue holds records")).await;
                }
                Err((error, _)) => panic!("cannot publish to {topic}: {error}"),
            }
        }
    }
    for delivery in open {
        acknowledged(delivery).await;
    }
}

async fn acknowledged(delivery: DeliveryReport) {
    delivery.await.unwrap_or_else(|error| panic!("cannot publish: {error}"));
}
