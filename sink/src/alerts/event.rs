//! An alert as it goes out: encoded once for everybody.

use std::sync::Arc;

use bytes::{BufMut as _, Bytes, BytesMut};
use prost::Message as _;
use prost::encoding::{WireType, encode_key, encode_varint};
use vru_proto::v1;

use super::token::Positions;

/// Field numbers of `SubscribeResponse`; `tests` hold them to the generated code.
const FIELD_ALERT: u32 = 1;
const FIELD_RESUME_TOKEN: u32 = 3;

/// One record of the topic.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) partition: usize,
    pub(crate) offset: i64,
    pub(crate) id: Arc<str>,
    camera_id: String,
    zone_id: String,
    rule_id: String,
    severity: i32,
    /// Field `alert` of a response, without the picture.
    plain: Bytes,
    /// The same with the picture; none where there is no picture.
    full: Option<Bytes>,
}

impl Event {
    pub(crate) fn new(partition: usize, offset: i64, mut alert: v1::Alert) -> Self {
        let full = (!alert.snapshot.is_empty()).then(|| field(FIELD_ALERT, &alert.encode_to_vec()));
        alert.snapshot = Bytes::new();
        let plain = field(FIELD_ALERT, &alert.encode_to_vec());
        let v1::Alert { id, camera_id, zone_id, rule_id, severity, .. } = alert;
        Self { partition, offset, id: id.into(), camera_id, zone_id, rule_id, severity, plain, full }
    }

    /// Memory that it takes, roughly.
    pub(crate) fn bytes(&self) -> usize {
        self.plain.len() + self.full.as_ref().map_or(0, Bytes::len) + 256
    }

    /// Moves the positions past it.
    pub(crate) fn advance(&self, positions: &mut Positions) {
        if positions.len() <= self.partition {
            positions.resize(self.partition + 1, 0);
        }
        positions[self.partition] = self.offset + 1;
    }
}

/// What a subscriber asked for.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    camera_ids: Vec<String>,
    zone_ids: Vec<String>,
    rule_ids: Vec<String>,
    severities: Vec<i32>,
    include_snapshot: bool,
}

impl Filter {
    pub(crate) fn new(request: v1::SubscribeRequest) -> Self {
        let v1::SubscribeRequest { camera_ids, zone_ids, rule_ids, severities, include_snapshot, .. } = request;
        Self { camera_ids, zone_ids, rule_ids, severities, include_snapshot }
    }

    pub(crate) fn passes(&self, event: &Event) -> bool {
        let any = |wanted: &[String], found: &String| wanted.is_empty() || wanted.contains(found);
        any(&self.camera_ids, &event.camera_id)
            && any(&self.zone_ids, &event.zone_id)
            && any(&self.rule_ids, &event.rule_id)
            && (self.severities.is_empty() || self.severities.contains(&event.severity))
    }
}

/// A response in two pieces, both already encoded: protobuf's fields may stand in any order.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub(crate) event: Bytes,
    pub(crate) token: Bytes,
}

impl Response {
    /// The alert, with its picture where that is wanted; `token` from [`token_field`].
    pub(crate) fn alert(event: &Event, filter: &Filter, token: Bytes) -> Self {
        let picture = event.full.as_ref().filter(|_| filter.include_snapshot);
        Self { event: picture.unwrap_or(&event.plain).clone(), token }
    }

    pub(crate) fn heartbeat(now_us: i64, token: &str) -> Self {
        Self::other(v1::subscribe_response::Event::Heartbeat(v1::Heartbeat { sent_at_us: now_us }), token)
    }

    pub(crate) fn gap(missed_records: u64, token: &str) -> Self {
        Self::other(v1::subscribe_response::Event::Gap(v1::Gap { missed_records }), token)
    }

    fn other(event: v1::subscribe_response::Event, token: &str) -> Self {
        let response = v1::SubscribeResponse { event: Some(event), resume_token: String::new() };
        Self { event: response.encode_to_vec().into(), token: token_field(token) }
    }
}

/// Field `resume_token` of a response.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn alert() -> v1::Alert {
        v1::Alert {
            id: "a-1".to_owned(),
            camera_id: "cam".to_owned(),
            zone_id: "zone".to_owned(),
            rule_id: "rule".to_owned(),
            severity: v1::Severity::Warning.into(),
            snapshot: Bytes::from_static(b"jpeg"),
            ..Default::default()
        }
    }

    fn decode(response: &Response) -> v1::SubscribeResponse {
        v1::SubscribeResponse::decode([&response.event[..], &response.token[..]].concat().as_slice()).unwrap()
    }

    #[test]
    fn the_pieces_make_the_message() {
        let event = Event::new(0, 7, alert());
        for include_snapshot in [false, true] {
            let filter = Filter::new(v1::SubscribeRequest { include_snapshot, ..Default::default() });
            let decoded = decode(&Response::alert(&event, &filter, token_field("token")));
            let mut wanted = alert();
            if !include_snapshot {
                wanted.snapshot = Bytes::new();
            }
            assert_eq!(decoded.event, Some(v1::subscribe_response::Event::Alert(wanted)));
            assert_eq!(decoded.resume_token, "token");
        }
        let gap = decode(&Response::gap(3, "t"));
        assert_eq!(gap.event, Some(v1::subscribe_response::Event::Gap(v1::Gap { missed_records: 3 })));
        assert_eq!(decode(&Response::heartbeat(9, "t")).resume_token, "t");
    }

    #[test]
    fn fields_are_joined_by_and_values_by_or() {
        let event = Event::new(0, 7, alert());
        let passes = |request| Filter::new(request).passes(&event);
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        assert!(passes(v1::SubscribeRequest::default()));
        assert!(passes(v1::SubscribeRequest { camera_ids: owned(&["x", "cam"]), ..Default::default() }));
        assert!(!passes(v1::SubscribeRequest { camera_ids: owned(&["x"]), ..Default::default() }));
        assert!(!passes(v1::SubscribeRequest {
            camera_ids: owned(&["cam"]),
            rule_ids: owned(&["other"]),
            ..Default::default()
        }));
        assert!(!passes(v1::SubscribeRequest { severities: vec![v1::Severity::Info.into()], ..Default::default() }));
    }

    #[test]
    fn positions_grow_with_the_topic() {
        let mut positions = vec![3];
        Event::new(2, 7, alert()).advance(&mut positions);
        assert_eq!(positions, [3, 0, 8]);
    }
}
