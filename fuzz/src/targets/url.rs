//! URLs of pulled cameras.

use vru_ingest::source::redacted;
use vru_proto::{v1, validate};

use super::{SECRET, check_error};
use crate::input::text;

/// A URL with a password is refused, and the password is not logged. `@@` in a case stands for user and password.
pub(crate) fn rtsp(case: &[u8]) {
    let url = text(case).replace("@@", &format!("cam:{SECRET}@"));
    let shown = redacted(&url);
    // In any other place of the URL the text is part of the address, not a password.
    let as_password = url::Url::parse(&url).is_ok_and(|url| url.password().is_some_and(|word| word.contains(SECRET)));
    let opaque = shown.contains(SECRET) && url::Url::parse(&url).is_ok_and(|url| url.cannot_be_a_base());
    let elsewhere = url.matches(SECRET).count() > 1;
    assert!(elsewhere || !(shown.contains(SECRET) && (as_password || opaque)), "{url} is logged as {shown}");
    let source = v1::PullSource { url, ..Default::default() };
    let camera = v1::CameraConfig {
        id: "a".to_owned(),
        source: Some(v1::camera_config::Source::Pull(source)),
        ..Default::default()
    };
    match validate::camera(&camera) {
        Ok(_) => assert!(elsewhere || !as_password, "a URL with a password is accepted: {camera:?}"),
        Err(error) => check_error(&error),
    }
}
