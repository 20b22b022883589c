//! Encodes single fields of `SubscribeResponse`. An alert is encoded once for all subscribers, and only the token differs between
//! them: a response is the alert's field followed by the token's.

use bytes::{BufMut as _, Bytes, BytesMut};
use prost::Message as _;
use prost::encoding::{WireType, encode_key, encode_varint};
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

fn field(number: u32, content: &[u8]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(content.len() + 8);
    encode_key(number, WireType::LengthDelimited, &mut bytes);
    encode_varint(content.len() as u64, &mut bytes);
    bytes.put_slice(content);
    bytes.freeze()
}
