//! The path of a request, decoded as RFC 3986 says.

/// Why a path names no camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PathError {
    TooLong,
    Escape,
    /// An encoded slash is part of a name and separates nothing. No camera's path has such a name.
    EncodedSlash,
    Control,
    NotUtf8,
}

impl PathError {
    /// The explanation for the peer.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::TooLong => "the path is longer than 2048 bytes",
            Self::Escape => "the path has a % that is not followed by two hexadecimal digits",
            Self::EncodedSlash => "the path has an encoded slash (%2F)",
            Self::Control => "the path has a control character",
            Self::NotUtf8 => "the path is not UTF-8",
        }
    }
}

/// Longest path before decoding. A camera's path has at most 512 bytes, each of which may be encoded with three.
const MAX_BYTES: usize = 2_048;

/// Decodes the path of a URL (without its query) and removes the slashes at its ends. Nothing is decoded twice.
pub(super) fn decode(path: &str) -> Result<String, PathError> {
    if path.len() > MAX_BYTES {
        return Err(PathError::TooLong);
    }
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path.trim_matches('/').bytes();
    while let Some(byte) = rest.next() {
        let byte = if byte == b'%' {
            let (Some(high), Some(low)) = (rest.next().and_then(hex_digit), rest.next().and_then(hex_digit)) else {
                return Err(PathError::Escape);
            };
            match high << 4 | low {
                b'/' => return Err(PathError::EncodedSlash),
                byte => byte,
            }
        } else {
            byte
        };
        decoded.push(byte);
    }
    let decoded = String::from_utf8(decoded).map_err(|_| PathError::NotUtf8)?;
    if decoded.chars().any(char::is_control) { Err(PathError::Control) } else { Ok(decoded) }
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_once() {
        for (path, expected) in [
            ("/door", "door"),
            ("/door/", "door"),
            ("//door//", "door"),
            ("/yard/door%201", "yard/door 1"),
            ("/d%6F%6fr", "door"),
            ("/%C3%A9t%C3%A9", "été"),
            ("/%2541", "%41"),
            ("/a+b", "a+b"),
            ("/", ""),
        ] {
            assert_eq!(decode(path).as_deref(), Ok(expected), "{path}");
        }
    }

    #[test]
    fn a_path_that_could_be_read_in_two_ways_is_refused() {
        for (path, expected) in [
            ("/yard%2Fdoor", PathError::EncodedSlash),
            ("/yard%2fdoor", PathError::EncodedSlash),
            ("/door%2F", PathError::EncodedSlash),
            ("/door%00", PathError::Control),
            ("/door%0D%0ASession:%201", PathError::Control),
            ("/door%C2%85", PathError::Control),
            ("/door%", PathError::Escape),
            ("/door%4", PathError::Escape),
            ("/door%4/", PathError::Escape),
            ("/door%zz", PathError::Escape),
            ("/door%+1", PathError::Escape),
            ("/door%ff", PathError::NotUtf8),
            ("/%C0%AFdoor", PathError::NotUtf8),
        ] {
            assert_eq!(decode(path), Err(expected), "{path}");
        }
        assert_eq!(decode(&"a".repeat(MAX_BYTES + 1)), Err(PathError::TooLong));
    }
}
