//! Parsers of untrusted bytes, for `fuzz/`. Only with the feature `fuzzing`, which no service uses.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::uploads::tus::{self, Metadata};

/// Reads the headers of tus. Each line of the case is a name, a colon and a value. Panics if something impossible is accepted.
pub fn tus_headers(case: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in case.split(|byte| *byte == b'\n') {
        let at = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let (name, value) = line.split_at(at);
        let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name), HeaderValue::from_bytes(value.get(1..).unwrap_or_default()))
        else {
            continue;
        };
        headers.append(name, value);
    }
    assert!(tus::length(&headers).is_ok_and(|length| length > 0) || tus::length(&headers).is_err());
    assert!(tus::offset(&headers).is_ok_and(|offset| offset >= 0) || tus::offset(&headers).is_err());
    if let Ok(metadata) = Metadata::read(&headers) {
        let name = metadata.get("filename").unwrap_or_default();
        assert!(name.len() <= metadata.text.len() && !name.contains('\0'));
    }
    if let Ok(Some(checksum)) = tus::checksum(&headers) {
        assert!(!checksum.matches() || case.len() > 20);
    }
    // Their answers are all that there is to them.
    let _ = (tus::check_version(&headers).is_ok(), tus::check_media_type(&headers).is_ok(), tus::body_length(&headers));
}
