//! The positions of a group: committed offsets, each with the id of the topic that it is valid for.
//!
//! Kafka deletes the committed offsets of a topic with the topic. But a member that has not noticed the deletion yet may commit once
//! more, and Kafka takes that for an offset of the new topic of the same name. So each commit names the topic's id, in its metadata.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use rdkafka::error::KafkaResult;
use rdkafka::{Offset, TopicPartitionList};

use crate::kafka::partition::Partition;
use crate::kafka::topic_id::TopicId;

/// Prefix of a commit's metadata; the id follows.
const TOPIC_PREFIX: &str = "topic=";

/// Where a group stands in a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    pub partition: Partition,
    /// The topic as it is now.
    pub topic: TopicId,
    /// The next record to read in it. None: the group has committed nothing in this topic.
    pub next: Option<i64>,
    /// The note that was committed with the offset.
    pub note: String,
    /// The committed offset belongs to a deleted topic of the same name.
    pub recreated: bool,
}

impl Position {
    /// `next` and `metadata` as committed.
    pub(super) fn new(partition: Partition, topic: TopicId, next: Option<i64>, metadata: &str) -> Self {
        let (committed_in, note) = read_metadata(metadata);
        // Who resets a group's offsets by hand commits no id, and means the topic as it is.
        let recreated = next.is_some() && committed_in.is_some_and(|id| id != topic);
        let (next, note) = if recreated { (None, String::new()) } else { (next, note.to_owned()) };
        Self { partition, topic, next, note, recreated }
    }
}

/// The metadata of a commit in this topic.
fn metadata(topic: TopicId, note: &str) -> String {
    let separator = if note.is_empty() { "" } else { ";" };
    format!("{TOPIC_PREFIX}{topic}{separator}{note}")
}

/// The id, if there is one, and the note.
fn read_metadata(metadata: &str) -> (Option<TopicId>, &str) {
    let (first, rest) = metadata.split_once(';').unwrap_or((metadata, ""));
    match first.strip_prefix(TOPIC_PREFIX).and_then(|id| id.parse().ok()) {
        Some(id) => (Some(id), rest),
        None => (None, metadata),
    }
}

/// The topic id in a commit's metadata.
pub(in crate::kafka) fn committed_topic(metadata: &str) -> Option<TopicId> {
    read_metadata(metadata).0
}

/// By partition: the id that its topic had when the member took the partition over. Shared by the receiver, which takes over; the
/// committer; and the poll thread, which checks the ids.
#[derive(Debug, Clone, Default)]
pub(super) struct TakenOver(Arc<Mutex<HashMap<Partition, TopicId>>>);

impl TakenOver {
    pub(super) fn insert(&self, partitions: impl IntoIterator<Item = (Partition, TopicId)>) {
        self.0.lock().extend(partitions);
    }

    pub(super) fn remove(&self, partitions: &[Partition]) {
        self.0.lock().retain(|partition, _| !partitions.contains(partition));
    }

    fn topic_of(&self, partition: &Partition) -> Option<TopicId> {
        self.0.lock().get(partition).copied()
    }

    /// Adds the partition's next offset to a list to commit, with the id of its topic and a note.
    pub(super) fn add(
        &self,
        list: &mut TopicPartitionList,
        partition: &Partition,
        next_offset: i64,
        note: &str,
    ) -> KafkaResult<()> {
        let mut element = list.add_partition(&partition.topic, partition.number);
        element.set_offset(Offset::Offset(next_offset))?;
        if let Some(topic) = self.topic_of(partition) {
            element.set_metadata(metadata(topic, note));
        }
        Ok(())
    }

    pub(super) fn topics(&self) -> Vec<(Arc<str>, TopicId)> {
        let mut topics: Vec<_> = self.0.lock().iter().map(|(partition, id)| (partition.topic.clone(), *id)).collect();
        topics.sort();
        topics.dedup();
        topics
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(topic: TopicId, metadata: &str) -> Position {
        Position::new(Partition::new("t", 0), topic, Some(7), metadata)
    }

    #[test]
    fn an_offset_of_a_deleted_topic_is_no_position() {
        let (old, new) = (TopicId::from_bytes([1; 16]), TopicId::from_bytes([2; 16]));
        for note in ["", "cut=9", "a;b"] {
            let written = metadata(old, note);
            let found = position(old, &written);
            assert_eq!((found.next, found.note.as_str(), found.recreated), (Some(7), note, false));
            let found = position(new, &written);
            assert_eq!((found.next, found.note.as_str(), found.recreated), (None, "", true));
        }
    }

    #[test]
    fn an_offset_without_an_id_is_one_of_the_present_topic() {
        for text in ["", "cut=9", "topic=rubbish"] {
            let found = position(TopicId::from_bytes([1; 16]), text);
            assert_eq!((found.next, found.note.as_str(), found.recreated), (Some(7), text, false));
        }
        assert_eq!(committed_topic("topic=rubbish"), None);
    }
}
