//! What a client says: which cameras it watches. Each message replaces what was said before.

use std::collections::HashSet;

use serde::Deserialize;
use serde::de::IgnoredAny;
use vru_proto::CameraId;

use crate::rendition::Rendition;

/// How long a message may be.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// A camera that a client wants to watch.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    pub camera_id: CameraId,
    pub rendition: Rendition,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClientMessage {
    watch: Vec<Wish>,
}

/// The message cannot be followed; nothing changes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}`: {detail}")]
pub struct InvalidWishes {
    /// Where it is wrong: `watch[0].rendition`; empty if it is no JSON, or of another form.
    pub field: String,
    pub detail: String,
}

/// Reads a message that names at most so many cameras, each once.
pub fn read(text: &str, most: usize) -> Result<Vec<Wish>, InvalidWishes> {
    let invalid = |field: String, detail: String| Err(InvalidWishes { field, detail });
    if text.len() > MAX_MESSAGE_BYTES {
        return invalid(String::new(), format!("the message is longer than {MAX_MESSAGE_BYTES} bytes"));
    }
    let reader = &mut serde_json::Deserializer::from_str(text);
    let message: ClientMessage = match serde_path_to_error::deserialize(&mut *reader) {
        Ok(message) => message,
        Err(error) => {
            let path = error.path().to_string();
            let inner = error.into_inner();
            let is_json = inner.is_data() || serde_json::from_str::<IgnoredAny>(text).is_ok();
            let detail = inner.to_string();
            let detail = detail.split(" at line ").next().unwrap_or_default();
            return match is_json {
                true if path != "." => invalid(path, detail.to_owned()),
                true => invalid(String::new(), detail.to_owned()),
                false => invalid(String::new(), format!("is no JSON: {detail}")),
            };
        }
    };
    if let Err(error) = reader.end() {
        return invalid(String::new(), format!("is no JSON: {error}"));
    }
    if message.watch.len() > most {
        return invalid("watch".to_owned(), format!("has more than {most} cameras"));
    }
    let mut known = HashSet::new();
    if let Some(at) = message.watch.iter().position(|wish| !known.insert(&wish.camera_id)) {
        return invalid(format!("watch[{at}].camera_id"), "is in the list twice".to_owned());
    }
    Ok(message.watch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_read() {
        let text = r#"{"watch":[{"camera_id":"gate","rendition":"tile"},{"camera_id":"b","rendition":"h264"}]}"#;
        let wishes = read(text, 2).unwrap();
        assert_eq!(wishes[0], Wish { camera_id: "gate".parse().unwrap(), rendition: Rendition::Tile });
        assert_eq!(wishes[1].rendition, Rendition::H264);
        assert_eq!(read(r#"{"watch":[]}"#, 2), Ok(Vec::new()));
    }

    #[test]
    fn a_message_that_cannot_be_followed_names_the_field() {
        let long = format!(r#"{{"watch":[]{}}}"#, " ".repeat(MAX_MESSAGE_BYTES));
        for (text, field) in [
            ("", ""),
            ("hello", ""),
            ("[]", ""),
            ("{}", ""),
            (r#"{"watch":[]} {}"#, ""),
            (r#"{"watch":[],"pause":true}"#, "pause"),
            (r#"{"watch":7}"#, "watch"),
            (r#"{"watch":[{"camera_id":"gate"}]}"#, "watch[0]"),
            (r#"{"watch":[{"camera_id":"gate","rendition":"huge"}]}"#, "watch[0].rendition"),
            (r#"{"watch":[{"camera_id":"gate","rendition":"none","fps":5}]}"#, "watch[0].fps"),
            (r#"{"watch":[{"camera_id":"a/b","rendition":"none"}]}"#, "watch[0].camera_id"),
            (
                r#"{"watch":[{"camera_id":"a","rendition":"none"},{"camera_id":"a","rendition":"full"}]}"#,
                "watch[1].camera_id",
            ),
            (
                r#"{"watch":[{"camera_id":"a","rendition":"none"},{"camera_id":"b","rendition":"none"},{"camera_id":"c","rendition":"none"}]}"#,
                "watch",
            ),
            (&long, ""),
        ] {
            let error = read(text, 2).unwrap_err();
            assert_eq!(error.field, field, "{text}: {error}");
            assert!(!error.detail.is_empty());
        }
    }
}
