use vru_proto::validate::ReadError;
use vru_runtime::report::chain;

/// Why a record cannot be read, for the dead-letter topic.
#[derive(Debug)]
pub(crate) struct Unreadable {
    /// One of few values, for use as a metric label.
    pub(crate) kind: &'static str,
    pub(crate) reason: String,
}

impl Unreadable {
    /// The record has no payload.
    pub(crate) fn empty() -> Self {
        Self { kind: "empty", reason: "the record is empty".to_owned() }
    }

    /// The message was parsed, but a field has an invalid value.
    pub(crate) fn invalid(reason: String) -> Self {
        Self { kind: "invalid", reason }
    }
}

impl From<ReadError> for Unreadable {
    fn from(error: ReadError) -> Self {
        let reason = chain(&error).to_string();
        match error {
            ReadError::Parse { .. } => Self { kind: "unreadable", reason },
            ReadError::Invalid(_) => Self::invalid(reason),
        }
    }
}
