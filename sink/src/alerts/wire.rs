//! Encodes single fields of `SubscribeResponse`. An alert is encoded once for all subscribers, and only the token differs between
//! them: a response is the token's field and the alert's.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use prost::Message as _;
use prost::encoding::{WireType, decode_key, decode_varint, encode_key, encode_varint};
use vru_proto::v1;

/// Field numbers of `SubscribeResponse`. A test in `response.rs` compares them with the generated code.
const FIELD_ALERT: u32 = 1;
const FIELD_RESUME_TOKEN: u32 = 3;

pub(crate) fn alert_field(alert: &v1::Alert) -> Bytes {
    field(FIELD_ALERT, &alert.encode_to_vec())
}

pub(crate) fn token_field(token: &str) -> Bytes {
    field(FIELD_RESUME_TOKEN, token.as_bytes())
}

/// The token in its encoded field.
pub(crate) fn token_text(field: &Bytes) -> String {
    let mut text = field.clone();
    let header = decode_key(&mut text).and_then(|_| decode_varint(&mut text));
    debug_assert_eq!(header, Ok(text.remaining() as u64), "a field that `token_field` made");
    String::from_utf8_lossy(&text).into_owned()
}

fn field(number: u32, content: &[u8]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(content.len() + 8);
    encode_key(number, WireType::LengthDelimited, &mut bytes);
    encode_varint(content.len() as u64, &mut bytes);
    bytes.put_slice(content);
    bytes.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_of_a_field_is_the_one_that_was_encoded() {
        for token in [String::new(), "AQ".to_owned(), "x".repeat(5_000)] {
            assert_eq!(token_text(&token_field(&token)), token);
        }
    }
}
