use thiserror::Error;

/// A message that parsed but whose content breaks the contract. Trying again cannot help: the record is for the dead-letter
/// topic.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}: field `{field}` {problem}")]
pub struct InvalidMessage {
    /// Which message, for example `Frame`.
    pub message: &'static str,
    /// Which field of it.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

impl InvalidMessage {
    pub(crate) fn new(message: &'static str, field: &'static str, problem: impl Into<String>) -> Self {
        Self { message, field, problem: problem.into() }
    }
}
