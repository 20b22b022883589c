//! URLs of cameras that are pulled from.

use vru_ingest::source::redacted;
use vru_proto::{v1, validate};

use super::{SECRET, assert_says};
use crate::input::text;

/// A password in a URL is neither logged nor told. `@@` stands for user and password.
pub(crate) fn rtsp(case: &[u8]) {
    let url = text(case).replace("@@", &format!("cam:{SECRET}@"));
    let shown = redacted(&url);
    // Elsewhere than before the host it is part of the address and no password.
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
        Ok(_) => assert!(elsewhere || !as_password, "a URL with a password is taken: {camera:?}"),
        Err(error) => assert_says(&error),
    }
}
