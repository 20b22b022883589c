//! Commits offsets, and reads committed ones.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rdkafka::consumer::Consumer as _;
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};

use super::client::Client;
use super::commit_queue::CommitQueue;
use super::commits;
use super::event::Assignment;
use super::state::MemberState;
use crate::kafka::error::KafkaFailure;
use crate::kafka::partition::{Partition, list_of};

/// Commits offsets for a [`GroupConsumer`](super::GroupConsumer), on any thread, also while partitions are being revoked.
#[derive(Clone)]
pub struct Committer {
    pub(super) client: Client,
    pub(super) commits: Arc<CommitQueue>,
    pub(super) state: Arc<Mutex<MemberState>>,
}

impl std::fmt::Debug for Committer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Committer")
    }
}

impl Committer {
    /// Commits, for each partition, the offset of the next record to read. With `wait` it blocks for the broker's answer; without, the
    /// commit is made soon, a failure is logged and counted (`kafka_failed_commits_total`), and it is tried again until the partition
    /// is revoked.
    pub fn commit(&self, next_offsets: &[(Partition, i64)], wait: bool) -> Result<(), KafkaFailure> {
        if next_offsets.is_empty() {
            return Ok(());
        }
        let fail = |source| KafkaFailure::new("commit offsets", &next_offsets[0].0.topic, source);
        if wait {
            self.commits.supersede(next_offsets);
            commits::commit(&self.client, next_offsets).map_err(fail)
        } else if self.commits.post(next_offsets) {
            Ok(())
        } else {
            Err(fail(KafkaError::Canceled))
        }
    }

    /// Commits the partition's next offset together with metadata that [`Committer::committed`] returns, and waits for the broker's answer.
    /// It fails if the member has lost the partition. Blocks.
    pub fn commit_with_metadata(
        &self,
        partition: &Partition,
        next_offset: i64,
        metadata: &str,
    ) -> Result<(), KafkaFailure> {
        let fail = |source| KafkaFailure::new("commit an offset", &partition.topic, source);
        let mut list = TopicPartitionList::new();
        let mut element = list.add_partition(&partition.topic, partition.number);
        element.set_offset(Offset::Offset(next_offset)).map_err(fail)?;
        if !metadata.is_empty() {
            element.set_metadata(metadata);
        }
        self.commits.supersede(&[(partition.clone(), next_offset)]);
        commits::commit_list(&self.client, &list).map_err(fail)
    }

    /// The partitions of the assignment that this member still has, as far as it knows. A receiver that was late may find that others
    /// have been revoked meanwhile.
    pub fn owned(&self, assignment: &Assignment) -> Vec<Partition> {
        let state = self.state.lock();
        let owned = |partition: &&Partition| state.partitions.is_of(partition, assignment.epoch);
        assignment.partitions.iter().filter(owned).cloned().collect()
    }

    /// For each partition, the group's committed offset, if there is one, and the metadata committed with it. Blocks up to the deadline.
    pub fn committed(
        &self,
        partitions: &[Partition],
        deadline: Duration,
    ) -> Result<Vec<(Partition, Option<i64>, String)>, KafkaFailure> {
        let topic = partitions.first().map_or("-", |partition| &*partition.topic).to_owned();
        let fail = |source| KafkaFailure::new("read committed offsets", &topic, source);
        let list = self.client.current().committed_offsets(list_of(partitions), deadline).map_err(fail)?;
        let elements = list.elements();
        let read = elements.iter().map(|element| {
            element.error().map_err(fail)?;
            let offset = match element.offset() {
                Offset::Offset(offset) => Some(offset),
                _ => None,
            };
            Ok((Partition::new(element.topic(), element.partition()), offset, element.metadata().to_owned()))
        });
        read.collect()
    }
}
