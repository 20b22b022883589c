use bytes::{BufMut as _, Bytes, BytesMut};
use prost::Message as _;
use vru_proto::v1;
use vru_proto::v1::subscribe_response::Event;

use super::encoded_alert::EncodedAlert;
use super::filter::Filter;
use super::wire::token_field;

/// Events up to this size are copied behind their header.
const COPIED: usize = 4 * 1024;
/// Of a gRPC message: whether it is compressed, and its length.
#[cfg(test)]
const HEADER: usize = 5;

/// A `SubscribeResponse` in two encoded pieces. Together they are the encoded message, because the fields of a protobuf message may
/// come in any order.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub(crate) event: Bytes,
    pub(crate) token: Bytes,
}

impl Response {
    /// An alert for a subscriber with this filter. The token is encoded already ([`token_field`]).
    pub(crate) fn alert(alert: &EncodedAlert, filter: &Filter, token: Bytes) -> Self {
        Self { event: alert.field(filter.include_snapshot), token }
    }

    /// The first response. It is not a heartbeat, because subscribers may take a heartbeat as a sign that nothing is left to send.
    pub(crate) fn subscribed(token: &str) -> Self {
        Self::encode(Event::Subscribed(v1::Subscribed {}), token)
    }

    pub(crate) fn heartbeat(sent_at_us: i64, token: &str) -> Self {
        Self::encode(Event::Heartbeat(v1::Heartbeat { sent_at_us }), token)
    }

    pub(crate) fn gap(missed_records: u64, token: &str) -> Self {
        Self::encode(Event::Gap(v1::Gap { missed_records, topic_recreated: false }), token)
    }

    /// What the subscriber has not received of the deleted topic is lost.
    pub(crate) fn recreated(token: &str) -> Self {
        Self::encode(Event::Gap(v1::Gap { missed_records: 0, topic_recreated: true }), token)
    }

    /// Appends the gRPC message. A large event, which has a snapshot, is shared by all its subscribers: it is returned, to be sent after
    /// what was appended.
    pub(crate) fn encode_into(&self, message: &mut BytesMut) -> Bytes {
        message.put_u8(0);
        message.put_u32((self.token.len() + self.event.len()) as u32);
        message.put_slice(&self.token);
        if self.event.len() > COPIED {
            return self.event.clone();
        }
        message.put_slice(&self.event);
        Bytes::new()
    }

    fn encode(event: Event, token: &str) -> Self {
        let response = v1::SubscribeResponse { event: Some(event), resume_token: String::new() };
        Self { event: response.encode_to_vec().into(), token: token_field(token) }
    }

    #[cfg(test)]
    pub(crate) fn decode(&self) -> v1::SubscribeResponse {
        let mut message = BytesMut::new();
        let shared = self.encode_into(&mut message);
        message.put_slice(&shared);
        assert_eq!(message[..HEADER], [&[0], &((message.len() - HEADER) as u32).to_be_bytes()[..]].concat());
        v1::SubscribeResponse::decode(&message[HEADER..]).expect("a response")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_are_encoded_as_the_generated_code_does() {
        let alert = v1::Alert {
            id: "a-1".to_owned(),
            camera_id: "cam".to_owned(),
            snapshot: Bytes::from_static(b"jpeg"),
            ..Default::default()
        };
        let large = v1::Alert { snapshot: vec![7; COPIED].into(), ..alert.clone() };
        let large = EncodedAlert::new(0, 7, large).field(true);
        let response = Response { event: large.clone(), token: token_field("token") };
        assert_eq!(response.encode_into(&mut BytesMut::new()).as_ptr(), large.as_ptr(), "a large event is not copied");
        response.decode();
        let encoded = EncodedAlert::new(0, 7, alert.clone());
        for include_snapshot in [false, true] {
            let filter = Filter::new(v1::SubscribeRequest { include_snapshot, ..Default::default() });
            let decoded = Response::alert(&encoded, &filter, token_field("token")).decode();
            let mut wanted = alert.clone();
            if !include_snapshot {
                wanted.snapshot = Bytes::new();
            }
            assert_eq!(
                decoded,
                v1::SubscribeResponse { event: Some(Event::Alert(wanted)), resume_token: "token".into() }
            );
        }
        let events = [
            (Response::gap(3, "t"), Event::Gap(v1::Gap { missed_records: 3, topic_recreated: false })),
            (Response::heartbeat(9, "t"), Event::Heartbeat(v1::Heartbeat { sent_at_us: 9 })),
            (Response::subscribed("t"), Event::Subscribed(v1::Subscribed {})),
        ];
        for (response, event) in events {
            let wanted = v1::SubscribeResponse { event: Some(event), resume_token: "t".to_owned() };
            assert_eq!(response.decode(), wanted);
        }
    }
}
