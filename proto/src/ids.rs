//! Validated ids of cameras and frames.

use std::fmt;
use std::str::FromStr;

use crate::error::InvalidMessage;
use crate::v1;

/// A camera's id: 1 to 128 characters of `[A-Za-z0-9._-]`, not starting with a dot. Safe as a Kafka key, a metric label, a
/// path segment and an object key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CameraId(std::sync::Arc<str>);

impl CameraId {
    /// Maximum number of characters.
    pub const MAX_LEN: usize = 128;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CameraId {
    type Err = InvalidMessage;

    fn from_str(text: &str) -> Result<Self, InvalidMessage> {
        const ALLOWED: &str =
            "allowed are 1 to 128 of A-Z, a-z, 0-9, dot, underscore and hyphen, with no dot at the start";
        let wrong = |problem: &str| Err(InvalidMessage::new("CameraId", "id", format!("{problem}: {ALLOWED}")));
        if text.is_empty() {
            return wrong("is empty");
        }
        if text.len() > Self::MAX_LEN {
            return wrong("is longer than 128 characters");
        }
        if text.starts_with('.') {
            return wrong("starts with a dot");
        }
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')) {
            return wrong("has a character that is not allowed");
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for CameraId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl serde::Serialize for CameraId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for CameraId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// (camera, session, sequence): identifies a frame for ever.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FrameKey {
    pub camera: CameraId,
    /// Which of its connections; fits in 63 bits.
    pub session: u64,
    /// Position in the session, from 0; fits in 63 bits.
    pub sequence: u64,
}

impl fmt::Display for FrameKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.camera, self.session, self.sequence)
    }
}

impl From<&FrameKey> for v1::FrameId {
    fn from(key: &FrameKey) -> Self {
        Self { camera_id: key.camera.to_string(), session: key.session, sequence: key.sequence }
    }
}

impl TryFrom<&v1::FrameId> for FrameKey {
    type Error = InvalidMessage;

    fn try_from(id: &v1::FrameId) -> Result<Self, InvalidMessage> {
        // Postgres' bigint is signed.
        let limit = i64::MAX as u64;
        if id.session > limit || id.sequence > limit {
            return Err(InvalidMessage::new("FrameId", "session", "or `sequence` does not fit in 63 bits"));
        }
        Ok(Self { camera: id.camera_id.parse()?, session: id.session, sequence: id.sequence })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_camera_ids_are_valid() {
        for id in ["cam-1", "A.b_c", "0"] {
            assert_eq!(id.parse::<CameraId>().expect("valid").as_str(), id);
        }
    }

    #[test]
    fn ids_that_are_unsafe_as_paths_or_keys_are_invalid() {
        for id in ["", "..", ".hidden", "a/b", "ä", "a b", &"x".repeat(129)] {
            assert!(id.parse::<CameraId>().is_err(), "{id:?} was accepted");
        }
    }

    #[test]
    fn sessions_larger_than_postgres_bigint_are_invalid() {
        let id = v1::FrameId { camera_id: "c".to_owned(), session: u64::MAX, sequence: 0 };
        assert!(FrameKey::try_from(&id).is_err());
    }
}
