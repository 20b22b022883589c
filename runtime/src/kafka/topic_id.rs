use std::fmt;
use std::str::FromStr;

/// The id that Kafka gives a topic when it is created (KIP-516). A topic that is deleted and created again under the same name has
/// another id, and its offsets start anew: a position is valid only together with the id.
///
/// Brokers without topic ids give every topic the id [`TopicId::NONE`]. A topic that is created again is then not recognised by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct TopicId(u128);

impl TopicId {
    pub const NONE: Self = Self(0);

    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }

    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    pub(super) fn from_halves(most_significant: i64, least_significant: i64) -> Self {
        Self((u128::from(most_significant.cast_unsigned()) << 64) | u128::from(least_significant.cast_unsigned()))
    }
}

/// 32 hexadecimal digits.
impl fmt::Display for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The text is not 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a topic id has 32 hexadecimal digits")]
pub struct InvalidTopicId;

impl FromStr for TopicId {
    type Err = InvalidTopicId;

    fn from_str(text: &str) -> Result<Self, InvalidTopicId> {
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(InvalidTopicId);
        }
        u128::from_str_radix(text, 16).map(Self).map_err(|_| InvalidTopicId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_written() {
        for id in [TopicId::NONE, TopicId::from_halves(-1, 2), TopicId::from_bytes([7; 16])] {
            assert_eq!(id.to_string().parse(), Ok(id));
            assert_eq!(TopicId::from_bytes(id.to_bytes()), id);
        }
        assert_eq!(TopicId::from_halves(-1, 2).to_string(), format!("{}{:016x}", "f".repeat(16), 2));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "0", &"0".repeat(33), &"+".repeat(32), &"g".repeat(32)] {
            assert_eq!(text.parse::<TopicId>(), Err(InvalidTopicId), "{text}");
        }
    }
}
