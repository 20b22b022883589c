//! URLs of pulled cameras.

use vru_proto::camera_url::{CameraUrl, shown};
use vru_proto::{v1, validate};

use super::{SECRET, check_error};
use crate::input::text;

/// A URL with a password before its host is refused, and what looks like a password is not logged. `@@` in a case stands for user and
/// password before the host, `$$` for a parameter with the password. A URL that is accepted has a host, and takes a log-in in its
/// placeholders without becoming another URL.
pub(crate) fn rtsp(case: &[u8]) {
    let url = text(case).replace("@@", &format!("cam:{SECRET}@")).replace("$$", &format!("password={SECRET}"));
    let logged = shown(&url);
    // Elsewhere the text is part of the address, not a password.
    let as_parameter = url.matches(SECRET).count() == 1 && url.contains(&format!("/password={SECRET}"));
    assert!(!as_parameter || !logged.contains(SECRET), "{url} is logged as {logged}");
    if let Ok(parsed) = CameraUrl::parse(&url) {
        let userinfo = parsed.host.contains('@') || parsed.host.is_empty();
        assert!(!userinfo, "{url} has the host {}", parsed.host);
        let filled = parsed.with_login("{password}", "/@?#%\r\n");
        let again = CameraUrl::parse(&filled);
        assert!(again.is_ok_and(|again| (again.host, again.port, again.tls) == (parsed.host, parsed.port, parsed.tls)));
    }
    let credentials = v1::Credentials { username: "cam".to_owned(), password: SECRET.to_owned() };
    let source = v1::PullSource { url, credentials: Some(credentials), ..Default::default() };
    assert!(
        !as_parameter || !format!("{source:?}").contains(SECRET),
        "Debug of a camera contains its secret: {source:?}"
    );
    let camera = v1::CameraConfig {
        id: "a".to_owned(),
        source: Some(v1::camera_config::Source::Pull(source)),
        ..Default::default()
    };
    if let Err(error) = validate::camera(&camera) {
        check_error(&error);
    }
}
