use bytes::{Bytes, BytesMut};

use super::response::Response;

/// A batch takes no more responses when it has so many bytes. Each subscriber that does not read holds one batch.
const FULL: usize = 8 * 1024;

/// Responses that are sent together: each piece is a frame of HTTP/2, which costs more than a small alert.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    copied: BytesMut,
    /// A large event, which all subscribers share. It is the end of the batch.
    shared: Bytes,
    /// Of each response: where it ends, and its token as an encoded field.
    ends: Vec<(usize, Bytes)>,
}

impl Batch {
    pub(crate) fn push(&mut self, response: &Response) {
        debug_assert!(!self.is_full());
        self.shared = response.encode_into(&mut self.copied);
        self.ends.push((self.copied.len() + self.shared.len(), response.token.clone()));
    }

    pub(crate) fn is_full(&self) -> bool {
        self.copied.len() >= FULL || !self.shared.is_empty()
    }

    /// What to send, one piece after the other.
    pub(crate) fn pieces(&mut self) -> [Bytes; 2] {
        [self.copied.split().freeze(), std::mem::take(&mut self.shared)]
    }

    /// The token of the last response that is whole in the first `sent` bytes.
    pub(crate) fn token_within(&self, sent: usize) -> Option<&Bytes> {
        let whole = self.ends.partition_point(|(end, _)| *end <= sent);
        self.ends[..whole].last().map(|(_, token)| token)
    }
}

#[cfg(test)]
mod tests {
    use vru_proto::v1;

    use super::*;
    use crate::alerts::encoded_alert::EncodedAlert;
    use crate::alerts::filter::Filter;
    use crate::alerts::wire::token_field;

    fn alert(snapshot: usize, token: &str) -> Response {
        let alert = v1::Alert { snapshot: vec![7; snapshot].into(), ..Default::default() };
        let filter = Filter::new(v1::SubscribeRequest { include_snapshot: true, ..Default::default() });
        Response::alert(&EncodedAlert::new(0, 7, alert), &filter, token_field(token))
    }

    #[test]
    fn a_batch_is_its_responses_one_after_the_other() {
        for sizes in [vec![10], vec![10, 2_000, 10], vec![10, 100_000]] {
            let mut batch = Batch::default();
            let mut single = Vec::new();
            for (number, size) in sizes.iter().enumerate() {
                let response = alert(*size, &number.to_string());
                let mut message = BytesMut::new();
                let shared = response.encode_into(&mut message);
                single.extend_from_slice(&message);
                single.extend_from_slice(&shared);
                batch.push(&response);
            }
            assert_eq!(batch.pieces().concat(), single, "{sizes:?}");
        }
    }

    #[test]
    fn a_batch_is_bounded() {
        let mut small = Batch::default();
        let mut count = 0;
        while !small.is_full() {
            small.push(&alert(1_000, "t"));
            count += 1;
        }
        assert!((2..=9).contains(&count), "{count}");
        let mut large = Batch::default();
        large.push(&alert(100_000, "t"));
        assert!(large.is_full());
    }

    #[test]
    fn only_whole_responses_count_as_sent() {
        let mut batch = Batch::default();
        batch.push(&alert(10, "a"));
        let first = batch.ends[0].0;
        batch.push(&alert(100_000, "b"));
        let both: usize = batch.pieces().iter().map(Bytes::len).sum();
        let token = |sent| batch.token_within(sent).cloned();
        assert_eq!(token(first - 1), None);
        assert_eq!(token(first), Some(token_field("a")));
        assert_eq!(token(both - 1), Some(token_field("a")));
        assert_eq!(token(both), Some(token_field("b")));
    }
}
