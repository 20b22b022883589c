//! Resume tokens: the position of a subscriber, which is the next offset of each partition of one topic of one Kafka cluster.
//!
//! Layout, base64url without padding: version (1 byte), [`StreamId`] (8 bytes), number of partitions and their next offsets (varints).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use prost::encoding::{decode_varint, encode_varint};
use sha2::{Digest as _, Sha256};

const VERSION: u8 = 1;
/// More partitions than any topic of alerts has. Bounds what a forged token can make the server allocate.
const MAX_PARTITIONS: u64 = 10_000;

/// The next offset of each partition, by partition number.
pub(crate) type Positions = Vec<i64>;

/// Identifies a topic of a cluster by eight bytes of a hash. The offsets in a token have no meaning in any other topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StreamId([u8; 8]);

impl StreamId {
    pub(crate) fn new(cluster_id: &str, topic: &str) -> Self {
        let hash = Sha256::new().chain_update(cluster_id).chain_update([0]).chain_update(topic).finalize();
        Self(*hash.first_chunk().expect("a SHA-256 has 32 bytes"))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ResumeTokenError {
    #[error("the resume token is malformed")]
    Malformed,
    #[error("the resume token belongs to another Kafka cluster or topic: subscribe without a token")]
    OtherStream,
}

pub(crate) fn encode(stream: StreamId, positions: &[i64]) -> String {
    let mut bytes = BytesMut::with_capacity(16 + positions.len() * 4);
    bytes.put_u8(VERSION);
    bytes.put_slice(&stream.0);
    encode_varint(positions.len() as u64, &mut bytes);
    for &next in positions {
        encode_varint(next.max(0) as u64, &mut bytes);
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn decode(stream: StreamId, token: &str) -> Result<Positions, ResumeTokenError> {
    let mut bytes = Bytes::from(URL_SAFE_NO_PAD.decode(token).map_err(|_| ResumeTokenError::Malformed)?);
    if bytes.len() < 10 || bytes.get_u8() != VERSION {
        return Err(ResumeTokenError::Malformed);
    }
    if bytes.split_to(8) != stream.0[..] {
        return Err(ResumeTokenError::OtherStream);
    }
    let count = decode_varint(&mut bytes).map_err(|_| ResumeTokenError::Malformed)?;
    if count > MAX_PARTITIONS {
        return Err(ResumeTokenError::Malformed);
    }
    let mut read = || {
        let next = decode_varint(&mut bytes).map_err(|_| ResumeTokenError::Malformed)?;
        i64::try_from(next).map_err(|_| ResumeTokenError::Malformed)
    };
    let positions = (0..count).map(|_| read()).collect::<Result<Positions, _>>()?;
    if bytes.is_empty() { Ok(positions) } else { Err(ResumeTokenError::Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_decodes_to_its_positions() {
        let stream = StreamId::new("cluster", "vru.alerts");
        for positions in [vec![], vec![0], vec![0, 1, 300, i64::MAX]] {
            assert_eq!(decode(stream, &encode(stream, &positions)), Ok(positions));
        }
    }

    #[test]
    fn a_token_of_another_cluster_is_rejected() {
        let token = encode(StreamId::new("one", "vru.alerts"), &[1]);
        assert_eq!(decode(StreamId::new("two", "vru.alerts"), &token), Err(ResumeTokenError::OtherStream));
    }

    #[test]
    fn malformed_tokens_are_rejected() {
        let stream = StreamId::new("c", "t");
        let good = encode(stream, &[5, 6]);
        let mut huge = vec![VERSION];
        huge.extend(stream.0);
        huge.extend([0xff, 0xff, 0xff, 0xff, 0x0f]);
        for text in ["", "!", "AAAA", &good[..good.len() - 2], &format!("{good}AA"), &URL_SAFE_NO_PAD.encode(huge)] {
            assert_eq!(decode(stream, text), Err(ResumeTokenError::Malformed), "{text}");
        }
    }
}
