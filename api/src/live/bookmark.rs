//! Where a stream of events is in the topic of alerts, as the ids of its events tell it: the next record of each partition. So an id holds on
//! every replica and after a restart.

use anyhow::Context as _;
use vru_runtime::kafka::resume_token::{Positions, StreamId, encode, parse};
use vru_runtime::kafka::{KafkaConfig, admin, describe_topic, watermarks};

use super::METADATA_DEADLINE;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bookmark {
    pub(super) stream: StreamId,
    pub(super) positions: Positions,
}

impl Bookmark {
    /// `None` if it is no id of an event.
    pub(crate) fn from_id(id: &str) -> Option<Self> {
        parse(id).ok().map(|(stream, positions)| Self { stream, positions })
    }

    pub(super) fn id(&self) -> String {
        encode(self.stream, &self.positions)
    }

    /// Nowhere before the other, if it is of the same topic.
    pub(super) fn not_before(mut self, other: Option<&Self>) -> Self {
        if let Some(other) = other.filter(|other| other.stream == self.stream) {
            for (position, least) in self.positions.iter_mut().zip(&other.positions) {
                *position = (*position).max(*least);
            }
        }
        self
    }

    /// Passes this record over.
    pub(super) fn pass(&mut self, partition: i32, offset: i64) {
        if let Some(position) = usize::try_from(partition).ok().and_then(|number| self.positions.get_mut(number)) {
            *position = offset + 1;
        }
    }
}

/// The oldest record that Kafka has, and the next one that will come.
pub(super) async fn bounds(kafka: &KafkaConfig) -> anyhow::Result<(Bookmark, Bookmark)> {
    let kafka = kafka.clone();
    let ask = move || {
        let topic = kafka.topics().alerts;
        let cluster = admin::cluster_id(&kafka, METADATA_DEADLINE)?.context("no broker of Kafka answers")?;
        let described = describe_topic(&kafka, &topic, METADATA_DEADLINE)?;
        let stream = StreamId::new(&cluster, &topic, described.id);
        let marks = watermarks(&kafka, &topic, METADATA_DEADLINE)?;
        let oldest = marks.iter().map(|&(_, low, _)| low).collect();
        let next = marks.iter().map(|&(_, _, high)| high).collect();
        anyhow::Ok((Bookmark { stream, positions: oldest }, Bookmark { stream, positions: next }))
    };
    tokio::task::spawn_blocking(ask).await?
}
