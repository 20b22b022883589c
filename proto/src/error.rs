use thiserror::Error;

/// A message that parsed but violates the rules of [`crate::validate`]. Permanent: the record belongs in the dead-letter topic.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}: field `{field}` {problem}")]
pub struct InvalidMessage {
    /// Name of the message, for example `Frame`.
    pub message: &'static str,
    /// Path of the field, for example `objects.box`.
    pub field: &'static str,
    /// Continues the field's name: `is empty`.
    pub problem: String,
}

impl InvalidMessage {
    pub(crate) fn new(message: &'static str, field: &'static str, problem: impl Into<String>) -> Self {
        Self { message, field, problem: problem.into() }
    }
}
