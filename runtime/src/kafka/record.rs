use std::sync::Arc;

use bytes::Bytes;
use rdkafka::Message;
use rdkafka::message::Headers as _;

use super::partition::Partition;

/// A consumed record. Key and payload are copied once, out of librdkafka; parsing shares their memory.
#[derive(Debug, Clone)]
pub struct Record {
    pub partition: Partition,
    pub offset: i64,
    /// Kafka's timestamp, in milliseconds since the Unix epoch.
    pub timestamp_ms: Option<i64>,
    pub key: Option<Bytes>,
    /// `None` is a tombstone.
    pub payload: Option<Bytes>,
    /// Headers whose values are UTF-8; others are left out.
    pub headers: Vec<(String, String)>,
}

impl Record {
    pub(crate) fn read(topic: &Arc<str>, message: &impl Message) -> Self {
        let headers = message.headers().map_or_else(Vec::new, |headers| {
            headers
                .iter()
                .filter_map(|header| Some((header.key.to_owned(), String::from_utf8(header.value?.to_vec()).ok()?)))
                .collect()
        });
        Self {
            partition: Partition { topic: topic.clone(), number: message.partition() },
            offset: message.offset(),
            timestamp_ms: message.timestamp().to_millis(),
            key: message.key().map(Bytes::copy_from_slice),
            payload: message.payload().map(Bytes::copy_from_slice),
            headers,
        }
    }

    /// The value of the first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The W3C trace context in the headers.
    pub fn traceparent(&self) -> Option<&str> {
        self.header(vru_proto::names::HEADER_TRACEPARENT)
    }
}
