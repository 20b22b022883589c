//! Resume tokens, for `fuzz/`.

use vru_runtime::kafka::TopicId;

use super::resume_token::{self, StreamId};

fn stream() -> StreamId {
    StreamId::new("cluster", "vru.alerts", TopicId::NONE)
}

/// The positions in a resume token of the topic `vru.alerts` of the cluster `cluster`.
pub fn decode_token(text: &str) -> Result<Vec<i64>, String> {
    resume_token::decode(stream(), text).map_err(|error| error.to_string())
}

/// The resume token of these positions in the same topic.
pub fn encode_token(positions: &[i64]) -> String {
    resume_token::encode(stream(), positions)
}
