//! The headers of tus 1.0.0 (<https://tus.io/protocols/resumable-upload>), and its errors.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::checksum::{Algorithm, Checksum};
use crate::http::{Code, Problem};

pub(crate) const VERSION: &str = "1.0.0";
pub(crate) const EXTENSIONS: &str = "creation,creation-with-upload,termination,checksum,expiration";
pub(crate) const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
pub(crate) const VERSIONS: HeaderName = HeaderName::from_static("tus-version");
pub(crate) const EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
pub(crate) const MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
pub(crate) const ALGORITHMS: HeaderName = HeaderName::from_static("tus-checksum-algorithm");
pub(crate) const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
pub(crate) const LENGTH: HeaderName = HeaderName::from_static("upload-length");
pub(crate) const METADATA: HeaderName = HeaderName::from_static("upload-metadata");
pub(crate) const EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
const DEFER_LENGTH: HeaderName = HeaderName::from_static("upload-defer-length");
const CONCAT: HeaderName = HeaderName::from_static("upload-concat");
const CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");
const MEDIA_TYPE: &str = "application/offset+octet-stream";
/// Of the header `Upload-Metadata`.
const LONGEST_METADATA: usize = 64 * 1024;

/// The one value of a header; `None` if it is absent.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Problem> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().ok().filter(|_| values.next().is_none());
    text.map(Some).ok_or_else(|| Problem::parameter(name.as_str(), "is not one text of visible ASCII characters"))
}

/// Refuses another version of the protocol.
pub(crate) fn check_version(headers: &HeaderMap) -> Result<(), Problem> {
    if one(headers, &RESUMABLE).ok().flatten() == Some(VERSION) {
        return Ok(());
    }
    let detail = format!("this service speaks tus {VERSION}: send the header tus-resumable: {VERSION}");
    Err(Problem::new(StatusCode::PRECONDITION_FAILED, Code::WrongTusVersion, detail).at(RESUMABLE.as_str()))
}

/// A number of bytes.
fn number(headers: &HeaderMap, name: &HeaderName) -> Result<Option<i64>, Problem> {
    let Some(text) = one(headers, name)? else { return Ok(None) };
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = if digits { text.parse().ok() } else { None };
    number.map(Some).ok_or_else(|| Problem::parameter(name.as_str(), "is not a number of bytes"))
}

/// Of the whole file that an upload is created for.
pub(crate) fn length(headers: &HeaderMap) -> Result<i64, Problem> {
    for (name, what) in [(&DEFER_LENGTH, "a length that is told later"), (&CONCAT, "joining uploads")] {
        if headers.contains_key(name) {
            return Err(Problem::parameter(name.as_str(), format!("is not supported: {what}")));
        }
    }
    match number(headers, &LENGTH)? {
        None => Err(Problem::parameter(LENGTH.as_str(), "is missing: send the size of the file in bytes")),
        Some(0) => Err(Problem::parameter(LENGTH.as_str(), "is 0: an empty file is no video")),
        Some(length) => Ok(length),
    }
}

/// Where the bytes of a `PATCH` belong.
pub(crate) fn offset(headers: &HeaderMap) -> Result<i64, Problem> {
    number(headers, &OFFSET)?
        .ok_or_else(|| Problem::parameter(OFFSET.as_str(), "is missing: send the offset that HEAD tells"))
}

/// Refuses a body that is no part of a file.
pub(crate) fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    if one(headers, &header::CONTENT_TYPE).ok().flatten() == Some(MEDIA_TYPE) {
        return Ok(());
    }
    let detail = format!("the body must be a part of the file: send content-type: {MEDIA_TYPE}");
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::NotAPart, detail).at(header::CONTENT_TYPE.as_str()))
}

/// Whether the body is bytes of a file.
pub(crate) fn carries_bytes(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|value| value == MEDIA_TYPE)
}

/// The bytes of the body, if it says how many.
pub(crate) fn body_length(headers: &HeaderMap) -> Option<i64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// `None` if the client sends none.
pub(crate) fn checksum(headers: &HeaderMap) -> Result<Option<Checksum>, Problem> {
    let Some(text) = one(headers, &CHECKSUM)? else { return Ok(None) };
    let wrong = |detail: &str| Problem::parameter(CHECKSUM.as_str(), detail);
    let (name, digest) = text.split_once(' ').ok_or_else(|| wrong("is not an algorithm, a space and a Base64 text"))?;
    let algorithm = Algorithm::from_name(name).ok_or_else(|| wrong("has an algorithm other than sha1 and sha256"))?;
    let digest = STANDARD.decode(digest).ok().filter(|digest| digest.len() == algorithm.bytes());
    digest
        .map(|digest| Some(Checksum::new(algorithm, digest)))
        .ok_or_else(|| wrong("has a digest that is not Base64, or not as long as the algorithm's"))
}

/// What the client says about the file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Metadata {
    pairs: BTreeMap<String, String>,
    /// As it was sent.
    pub(crate) text: String,
}

impl Metadata {
    pub(crate) fn read(headers: &HeaderMap) -> Result<Self, Problem> {
        let Some(text) = one(headers, &METADATA)? else { return Ok(Self::default()) };
        let wrong = |detail: String| Problem::parameter(METADATA.as_str(), detail);
        if text.len() > LONGEST_METADATA {
            return Err(wrong(format!("has more than {LONGEST_METADATA} characters")));
        }
        let mut pairs = BTreeMap::new();
        for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
            let value = STANDARD.decode(value).ok().and_then(|value| String::from_utf8(value).ok());
            // PostgreSQL refuses texts with a zero byte.
            let value = value.filter(|value| !value.contains('\0'));
            let value = value.ok_or_else(|| wrong(format!("has a value of `{key}` that is no Base64 of a text")))?;
            if pairs.insert(key.to_owned(), value).is_some() {
                return Err(wrong(format!("has `{key}` twice")));
            }
        }
        Ok(Self { pairs, text: text.to_owned() })
    }

    /// `None` if it is absent or empty.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.pairs.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Whether one of them has this beginning.
    #[cfg(test)]
    fn keys(&self) -> Vec<&str> {
        self.pairs.keys().map(String::as_str).collect()
    }
}

/// A field of the metadata is wrong.
pub(crate) fn metadata_field(key: &str, detail: impl Into<String>) -> Problem {
    Problem::field(format!("upload-metadata.{key}"), detail)
}

/// A number as a header has it.
pub(crate) fn value(number: i64) -> HeaderValue {
    HeaderValue::from(number)
}

/// The file is larger than it may be.
pub(crate) fn too_large(code: Code, detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, code, detail)
}

/// The bytes that came are not those that the client read.
pub(crate) fn checksum_mismatch() -> Problem {
    let status = StatusCode::from_u16(460).unwrap_or(StatusCode::CONFLICT);
    let detail = "the bytes of the body have another checksum; none of them is kept";
    Problem::new(status, Code::ChecksumMismatch, detail).at(CHECKSUM.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_number_of_bytes_is_digits() {
        for (text, found) in [("0", Some(0)), ("12", Some(12)), ("+12", None), ("-1", None), ("1e3", None), ("", None)]
        {
            assert_eq!(offset(&headers(&[("upload-offset", text)])).ok(), found, "{text}");
        }
        assert!(offset(&headers(&[("upload-offset", "99999999999999999999")])).is_err());
        assert!(offset(&HeaderMap::new()).is_err());
        assert!(length(&headers(&[("upload-length", "0")])).is_err());
        assert!(length(&headers(&[("upload-length", "5"), ("upload-concat", "partial")])).is_err());
        assert_eq!(length(&headers(&[("upload-length", "5")])).ok(), Some(5));
    }

    #[test]
    fn metadata_is_read_by_key_and_a_wrong_value_is_named() {
        let read = |text: &str| Metadata::read(&headers(&[("upload-metadata", text)]));
        let metadata = read("filename ZG9nLm1wNA==, empty,settings e30=").unwrap();
        assert_eq!(metadata.keys(), ["empty", "filename", "settings"]);
        assert_eq!((metadata.get("filename"), metadata.get("empty")), (Some("dog.mp4"), None));
        for text in ["a !!", "a YQ==,a YQ==", "a AA==", "a /w=="] {
            assert!(read(text).is_err(), "{text}");
        }
        assert_eq!(read("").unwrap().keys(), [""; 0]);
    }

    #[test]
    fn a_checksum_has_the_length_of_its_algorithm() {
        let read = |text: &str| checksum(&headers(&[("upload-checksum", text)]));
        let sha1 = STANDARD.encode([1; 20]);
        let sha256 = STANDARD.encode([1; 32]);
        assert!(
            read(&format!("sha1 {sha1}")).unwrap().is_some() && read(&format!("sha256 {sha256}")).unwrap().is_some()
        );
        for text in [format!("sha1 {sha256}"), format!("md5 {sha1}"), sha1, "sha1 !".to_owned(), String::new()] {
            assert!(read(&text).is_err(), "{text}");
        }
        assert!(checksum(&HeaderMap::new()).unwrap().is_none());
    }
}
