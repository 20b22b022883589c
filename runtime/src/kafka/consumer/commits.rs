//! Offset commits that nobody waits for: a thread of their own makes them, so that each failure is seen, counted and tried again.
//! (Librdkafka's own asynchronous commits report nothing through rdkafka.)

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use prometheus::IntCounterVec;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{CommitMode, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::client::Client;
use super::commit_queue::CommitQueue;
use super::positions::TakenOver;
use crate::kafka::partition::Partition;
use crate::metrics;
use crate::retry::{Backoff, BackoffConfig};

static FAILED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    metrics::counter_vec(
        "kafka_failed_commits_total",
        "Offset commits that Kafka did not accept, by topic and error. They are made again while the partition is assigned.",
        &["topic", "error"],
    )
});

const RETRY: BackoffConfig = BackoffConfig { initial: Duration::from_millis(100), max: Duration::from_secs(5) };
/// Starts the thread.
pub(super) fn start(name: &str, queue: Arc<CommitQueue>, client: Client, taken_over: TakenOver) -> std::io::Result<()> {
    let thread = std::thread::Builder::new().name(format!("commit-{name}"));
    thread.spawn(move || run(&queue, &client, &taken_over)).map(drop)
}

/// The thread's work, until the queue is closed.
fn run(queue: &CommitQueue, client: &Client, taken_over: &TakenOver) {
    let mut backoff = Backoff::new(RETRY);
    while let Some(offsets) = queue.next() {
        match commit(client, taken_over, &offsets) {
            Ok(()) => {
                backoff.reset();
                queue.done();
            }
            Err(error) => {
                tracing::warn!(%error, attempt = backoff.attempts(), "an offset commit failed");
                queue.failed(!lost_membership(&error));
                queue.pause(backoff.next_delay());
            }
        }
    }
}

/// Commits and waits for the broker's answer. A failure is counted.
pub(super) fn commit(
    client: &Client,
    taken_over: &TakenOver,
    next_offsets: &[(Partition, i64)],
) -> Result<(), KafkaError> {
    let mut list = TopicPartitionList::new();
    for (partition, offset) in next_offsets {
        taken_over.add(&mut list, partition, *offset, "")?;
    }
    commit_list(client, &list)
}

/// Like [`commit`].
pub(super) fn commit_list(client: &Client, list: &TopicPartitionList) -> Result<(), KafkaError> {
    let committed = client.current().commit(list, CommitMode::Sync);
    if let Err(error) = &committed {
        let code = error.rdkafka_error_code().map_or_else(|| "other".to_owned(), |code| format!("{code:?}"));
        let elements = list.elements();
        let topic = elements.first().map_or("-", |element| element.topic());
        FAILED.with_label_values(&[topic, &code]).inc();
    }
    committed
}

/// Whether the member has lost all its partitions. A wrong generation is no such loss: the group may have begun a new one in which the
/// member keeps its partitions, and the member learns of it a moment later. When partitions are lost, what was posted for them is forgotten.
fn lost_membership(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(RDKafkaErrorCode::UnknownMemberId | RDKafkaErrorCode::FencedInstanceId | RDKafkaErrorCode::NoOffset)
    )
}
