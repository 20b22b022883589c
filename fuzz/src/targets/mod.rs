//! The targets, by subject.

pub(crate) mod config;
pub(crate) mod live;
pub(crate) mod model;
pub(crate) mod pictures;
pub(crate) mod pull;
pub(crate) mod push;
pub(crate) mod records;
pub(crate) mod requests;
pub(crate) mod rules;
pub(crate) mod tokens;
pub(crate) mod trace;
pub(crate) mod tracker;
pub(crate) mod uploads;
pub(crate) mod url;

/// The value of every secret. No error may contain it.
const SECRET: &str = "g3h31m_Zx9";

/// An error must have a message, and must not contain the secret.
fn check_error(error: &(dyn std::error::Error + 'static)) {
    let text = vru_runtime::report::chain(error).to_string();
    assert!(text.len() > 8, "an error has no message: {text:?}");
    assert!(!text.contains(SECRET), "an error contains a secret: {text}");
    assert!(!format!("{error:?}").contains(SECRET), "Debug of an error contains a secret: {error:?}");
}
