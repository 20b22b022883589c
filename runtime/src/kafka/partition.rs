use std::fmt;
use std::sync::Arc;

use rdkafka::{Offset, TopicPartitionList};

/// A partition of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Partition {
    pub topic: Arc<str>,
    pub number: i32,
}

impl Partition {
    pub fn new(topic: &str, number: i32) -> Self {
        Self { topic: topic.into(), number }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.topic, self.number)
    }
}

/// Where reading of a partition starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartAt {
    /// At the group's committed offset; where there is none, at the beginning.
    Committed,
    /// At the oldest record that Kafka retains.
    Beginning,
    /// After the newest one.
    End,
    Offset(i64),
}

impl StartAt {
    pub(crate) fn offset(self) -> Offset {
        match self {
            Self::Committed => Offset::Stored,
            Self::Beginning => Offset::Beginning,
            Self::End => Offset::End,
            Self::Offset(offset) => Offset::Offset(offset),
        }
    }
}

pub(crate) fn partitions_of(list: &TopicPartitionList) -> Vec<Partition> {
    list.elements().iter().map(|element| Partition::new(element.topic(), element.partition())).collect()
}

pub(crate) fn list_of<'a>(partitions: impl IntoIterator<Item = &'a Partition>) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition(&partition.topic, partition.number);
    }
    list
}
