//! Where a subscriber stands: the next offset of each partition of one topic of one cluster.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use prost::encoding::{decode_varint, encode_varint};
use sha2::{Digest as _, Sha256};

const VERSION: u8 = 1;
/// More partitions than any topic of alerts has; a foreign token must not make us allocate.
const MAX_PARTITIONS: u64 = 10_000;

/// The next offset by partition number.
pub(crate) type Positions = Vec<i64>;

/// Which topic of which cluster, in eight bytes: offsets mean nothing elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StreamId([u8; 8]);

impl StreamId {
    pub(crate) fn new(cluster_id: &str, topic: &str) -> Self {
        let hash = Sha256::new().chain_update(cluster_id).chain_update([0]).chain_update(topic).finalize();
        Self(*hash.first_chunk().expect("a SHA-256 has 32 bytes"))
    }
}

/// What is wrong with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenError {
    #[error("the resume token is not one of ours")]
    Malformed,
    #[error("the resume token is of another cluster or topic: subscribe without it")]
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

pub(crate) fn decode(stream: StreamId, token: &str) -> Result<Positions, TokenError> {
    let mut bytes = Bytes::from(URL_SAFE_NO_PAD.decode(token).map_err(|_| TokenError::Malformed)?);
    if bytes.len() < 10 || bytes.get_u8() != VERSION {
        return Err(TokenError::Malformed);
    }
    if bytes.split_to(8) != stream.0[..] {
        return Err(TokenError::OtherStream);
    }
    let count = decode_varint(&mut bytes).map_err(|_| TokenError::Malformed)?;
    if count > MAX_PARTITIONS {
        return Err(TokenError::Malformed);
    }
    let mut read = || {
        let next = decode_varint(&mut bytes).map_err(|_| TokenError::Malformed)?;
        i64::try_from(next).map_err(|_| TokenError::Malformed)
    };
    let positions = (0..count).map(|_| read()).collect::<Result<Positions, _>>()?;
    if bytes.is_empty() { Ok(positions) } else { Err(TokenError::Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_gives_its_positions_back() {
        let stream = StreamId::new("cluster", "vru.alerts");
        for positions in [vec![], vec![0], vec![0, 1, 300, i64::MAX]] {
            assert_eq!(decode(stream, &encode(stream, &positions)), Ok(positions));
        }
    }

    #[test]
    fn tokens_of_another_cluster_are_told_apart() {
        let token = encode(StreamId::new("one", "vru.alerts"), &[1]);
        assert_eq!(decode(StreamId::new("two", "vru.alerts"), &token), Err(TokenError::OtherStream));
    }

    #[test]
    fn foreign_text_is_refused() {
        let stream = StreamId::new("c", "t");
        let good = encode(stream, &[5, 6]);
        let mut huge = vec![VERSION];
        huge.extend(stream.0);
        huge.extend([0xff, 0xff, 0xff, 0xff, 0x0f]);
        for text in ["", "!", "AAAA", &good[..good.len() - 2], &format!("{good}AA"), &URL_SAFE_NO_PAD.encode(huge)] {
            assert_eq!(decode(stream, text), Err(TokenError::Malformed), "{text}");
        }
    }
}
