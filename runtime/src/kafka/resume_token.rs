//! Resume tokens: the position of whoever reads a topic without a group, as a text that the reader keeps. It is the next offset of each partition of one topic of one Kafka cluster.
//!
//! Layout, base64url without padding: version (1 byte), [`StreamId`] (8 and 16 bytes), number of partitions and their next offsets
//! (varints).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use prost::encoding::{decode_varint, encode_varint};
use sha2::{Digest as _, Sha256};

use super::topic_id::TopicId;

const VERSION: u8 = 2;
/// More partitions than any topic of alerts has. Bounds what a forged token can make the server allocate.
const MAX_PARTITIONS: u64 = 10_000;

/// The next offset of each partition, by partition number.
pub type Positions = Vec<i64>;

/// Identifies a topic of a cluster. The offsets in a token have no meaning in any other topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamId {
    /// Eight bytes of a hash of the cluster and of the topic's name.
    name: [u8; 8],
    /// A topic that is deleted and created again has the same name and another id.
    pub topic: TopicId,
}

impl StreamId {
    pub fn new(cluster_id: &str, name: &str, topic: TopicId) -> Self {
        let hash = Sha256::new().chain_update(cluster_id).chain_update([0]).chain_update(name).finalize();
        Self { name: *hash.first_chunk().expect("a SHA-256 has 32 bytes"), topic }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResumeTokenError {
    #[error("the resume token is malformed")]
    Malformed,
    #[error("the resume token belongs to another Kafka cluster or topic: subscribe without a token")]
    OtherStream,
    /// The topic has the same name and this id.
    #[error("the resume token belongs to a topic of the same name that was deleted")]
    OtherTopic(TopicId),
}

pub fn encode(stream: StreamId, positions: &[i64]) -> String {
    let mut bytes = BytesMut::with_capacity(32 + positions.len() * 4);
    bytes.put_u8(VERSION);
    bytes.put_slice(&stream.name);
    bytes.put_slice(&stream.topic.to_bytes());
    encode_varint(positions.len() as u64, &mut bytes);
    for &next in positions {
        encode_varint(next.max(0) as u64, &mut bytes);
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The positions, if they are of this stream.
pub fn decode(stream: StreamId, token: &str) -> Result<Positions, ResumeTokenError> {
    let (of, positions) = parse(token)?;
    if of.name != stream.name {
        return Err(ResumeTokenError::OtherStream);
    }
    if of.topic == stream.topic { Ok(positions) } else { Err(ResumeTokenError::OtherTopic(of.topic)) }
}

/// What a token says, whichever stream it belongs to.
pub fn parse(token: &str) -> Result<(StreamId, Positions), ResumeTokenError> {
    let mut bytes = Bytes::from(URL_SAFE_NO_PAD.decode(token).map_err(|_| ResumeTokenError::Malformed)?);
    if bytes.len() < 26 || bytes.get_u8() != VERSION {
        return Err(ResumeTokenError::Malformed);
    }
    let name = bytes.get_u64().to_be_bytes();
    let topic = TopicId::from_bytes(bytes.get_u128().to_be_bytes());
    let count = decode_varint(&mut bytes).map_err(|_| ResumeTokenError::Malformed)?;
    if count > MAX_PARTITIONS {
        return Err(ResumeTokenError::Malformed);
    }
    let mut read = || {
        let next = decode_varint(&mut bytes).map_err(|_| ResumeTokenError::Malformed)?;
        i64::try_from(next).map_err(|_| ResumeTokenError::Malformed)
    };
    let positions = (0..count).map(|_| read()).collect::<Result<Positions, _>>()?;
    if bytes.is_empty() { Ok((StreamId { name, topic }, positions)) } else { Err(ResumeTokenError::Malformed) }
}

impl StreamId {
    /// Whether the other is of the same name in the same cluster.
    pub fn has_name_of(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(cluster: &str, name: &str, topic: u8) -> StreamId {
        StreamId::new(cluster, name, TopicId::from_bytes([topic; 16]))
    }

    #[test]
    fn a_token_decodes_to_its_positions() {
        let stream = stream("cluster", "vru.alerts", 1);
        for positions in [vec![], vec![0], vec![0, 1, 300, i64::MAX]] {
            assert_eq!(decode(stream, &encode(stream, &positions)), Ok(positions));
        }
    }

    #[test]
    fn a_token_of_another_cluster_or_topic_is_recognised() {
        let token = encode(stream("one", "alerts", 1), &[1]);
        for other in [stream("two", "alerts", 1), stream("one", "others", 1), stream("two", "alerts", 2)] {
            assert_eq!(decode(other, &token), Err(ResumeTokenError::OtherStream));
        }
        let created_again = ResumeTokenError::OtherTopic(TopicId::from_bytes([1; 16]));
        assert_eq!(decode(stream("one", "alerts", 2), &token), Err(created_again));
    }

    #[test]
    fn malformed_tokens_are_rejected() {
        let stream = stream("c", "t", 1);
        let good = encode(stream, &[5, 6]);
        let mut huge = vec![VERSION];
        huge.extend(stream.name);
        huge.extend(stream.topic.to_bytes());
        huge.extend([0xff, 0xff, 0xff, 0xff, 0x0f]);
        for text in ["", "!", "AAAA", &good[..good.len() - 2], &format!("{good}AA"), &URL_SAFE_NO_PAD.encode(huge)] {
            assert_eq!(decode(stream, text), Err(ResumeTokenError::Malformed), "{text}");
        }
    }
}
