pub(crate) mod config;
pub(crate) mod model;
pub(crate) mod pictures;
pub(crate) mod push;
pub(crate) mod records;
pub(crate) mod tokens;
pub(crate) mod trace;
pub(crate) mod url;

/// Stands in every place that holds a secret. No error may say it.
const SECRET: &str = "g3h31m_Zx9";

/// An error must say something, and never the secret.
fn assert_says(error: &(dyn std::error::Error + 'static)) {
    let text = vru_runtime::report::chain(error).to_string();
    assert!(text.len() > 8, "an error says nothing: {text:?}");
    assert!(!text.contains(SECRET), "an error tells a secret: {text}");
    assert!(!format!("{error:?}").contains(SECRET), "an error's Debug tells a secret: {error:?}");
}
