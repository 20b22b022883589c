//! Parsers of untrusted bytes, for `fuzz/`. Only with the feature `fuzzing`, which no service uses.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use vru_runtime::networks::special;

use crate::auth::{session_tokens, set_cookie};
use crate::http::PageQuery;
use crate::outbound::{Reach, Target};
use crate::routes;
use crate::uploads::tus::{self, Metadata};

/// Reads the headers `cookie` of a request: one a line. Panics if a token of a session is not a value of theirs, or if one that we set is
/// not found.
pub fn session_cookie(case: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in case.split(|byte| *byte == b'\n') {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(header::COOKIE, value);
        }
    }
    let found: Vec<String> = session_tokens(&headers).map(str::to_owned).collect();
    for token in &found {
        assert!(!token.contains([';', '\n']) && token.len() <= case.len());
        let ours = set_cookie(token, Duration::from_mins(1)).expect("what was in a header may stand in one");
        let pair = ours.to_str().expect("text").split(';').next().unwrap_or_default().to_owned();
        headers.append(header::COOKIE, HeaderValue::try_from(pair).expect("the same text"));
        assert_eq!(session_tokens(&headers).last(), Some(token.as_str()));
    }
    assert_eq!(session_tokens(&headers).count(), 2 * found.len());
}

/// Reads which page a query asks for. Panics if the page is larger than allowed, or if its cursor does not lead to the same place.
pub fn page_query(case: &[u8]) {
    let Ok(query) = std::str::from_utf8(case) else { return };
    let Ok(page) = PageQuery::of_query(Some(query)) else { return };
    assert!((2..=201).contains(&page.read()) && !page.after.contains('\0'));
    if !page.after.is_empty() {
        let items = vec![(); page.read() as usize];
        let cursor = page.page(items, |()| page.after.clone()).next_cursor.expect("there is another page");
        let again = PageQuery::of_query(Some(&format!("cursor={cursor}"))).expect("a cursor of ours");
        assert_eq!(again.after, page.after);
    }
    // Their answers are all that there is to them.
    let _ = (page.after_columns::<2>("list").is_ok(), page.after_number().is_ok());
}

/// Reads the address of a webhook. Panics if one is accepted that leads to a forbidden network, or is not encrypted, or means something
/// else when it is read again.
pub fn webhook_target(case: &[u8]) {
    let Ok(text) = std::str::from_utf8(case) else { return };
    let reach = Reach::new(&[], "webhooks.allowed_networks").and_brokers();
    let Ok(target) = Target::parse(text, &reach) else { return };
    assert!(target.secure());
    assert!(target.literal().is_none_or(|address| special(address.to_canonical()).is_none()));
    assert_eq!(Target::parse(&target.text(), &reach).as_ref(), Ok(&target));
    assert!(!target.is_broker() || !target.prefix().is_empty() && !target.prefix().contains(['+', '#', '\0']));
}

/// Reads the body of a preview of rules, and judges some frames with it. Panics if it accepts more than it may, or answers with more.
pub fn rule_preview(case: &[u8]) {
    routes::fuzzing::rule_preview(case);
}

/// Reads the settings of a camera. Panics if those that are stored are not a camera, or mean something else when they are read again.
pub fn camera_settings(case: &[u8]) {
    routes::fuzzing::camera_settings(case);
}

/// Reads what tracks are counted. Panics if more is asked for than allowed.
pub fn track_counts(case: &[u8]) {
    routes::fuzzing::track_counts(case);
}

/// Reads of which tracks pictures are asked for. Panics if they are more than allowed.
pub fn track_snapshots(case: &[u8]) {
    routes::fuzzing::track_snapshots(case);
}

/// Reads what is counted. Panics if more is asked for than allowed.
pub fn count_query(case: &[u8]) {
    routes::fuzzing::counts(case);
}

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
