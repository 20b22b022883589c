//! Finds the track that a SETUP is for.

use rtsp_types::Request;

use super::path;
use super::sdp::Announcement;

/// The URI that a publisher announced: its decoded path, and its query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StreamUri {
    pub(super) path: String,
    pub(super) query: Option<String>,
}

/// The index of the track. Clients append the track's `a=control` to the path (`/door/trackID=0?token=1`), or to the whole URI
/// (`/door?token=1/trackID=0`), or use it as the whole URI. With a single track they may omit it.
pub(super) fn index(request: &Request<Vec<u8>>, stream: &StreamUri, announcement: &Announcement) -> Option<usize> {
    let uri = request.request_uri()?;
    let path = path::decode(uri.path()).ok()?;
    let controls = &announcement.controls;
    let whole = controls.iter().position(|control| !control.is_empty() && control == uri.as_str());
    let below = match path.strip_prefix(stream.path.as_str())? {
        "" => below_query(uri.query(), stream.query.as_deref())?,
        below => below.strip_prefix('/')?.trim_matches('/'),
    };
    let named = || {
        let is_below = |control: &String| {
            let control = control.trim_matches('/');
            !control.is_empty() && (control == below || path::decode(control).as_deref() == Ok(below))
        };
        controls.iter().position(is_below)
    };
    whole.or_else(named).or_else(|| (controls.len() == 1 && below.is_empty()).then_some(0))
}

/// What the query has beyond the one of the announcement.
fn below_query<'a>(query: Option<&'a str>, announced: Option<&str>) -> Option<&'a str> {
    let rest = query.unwrap_or_default().strip_prefix(announced.unwrap_or_default())?;
    if rest.is_empty() { Some(rest) } else { Some(rest.strip_prefix('/')?.trim_matches('/')) }
}

#[cfg(test)]
mod tests {
    use rtsp_types::{Method, Version};

    use super::super::sdp;
    use super::*;

    fn setup(uri: &str, announced: (&str, Option<&str>), controls: &[&str]) -> Option<usize> {
        let tracks: Vec<_> = controls
            .iter()
            .map(|control| format!("m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:{control}\r\n"))
            .collect();
        let body = format!("v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\n{}", tracks.concat());
        let announcement = sdp::parse(body.as_bytes()).unwrap();
        let request = Request::builder(Method::Setup, Version::V1_0).request_uri(url::Url::parse(uri).unwrap());
        let stream = StreamUri { path: announced.0.to_owned(), query: announced.1.map(str::to_owned) };
        index(&request.build(Vec::new()), &stream, &announcement)
    }

    #[test]
    fn the_forms_that_clients_use_name_the_track() {
        let two = ["streamid=0", "trackID=1"];
        for (uri, query, expected) in [
            ("rtsp://h/yard/door%201/streamid=0", None, Some(0)),
            ("rtsp://h/yard/door%201/trackID=1", None, Some(1)),
            ("rtsp://h/yard/door%201/trackID%3D1", None, Some(1)),
            ("rtsp://h/yard/door%201//trackID=1/", None, Some(1)),
            ("rtsp://h/yard/door%201?token=1/trackID=1", Some("token=1"), Some(1)),
            ("rtsp://h/yard/door%201/trackID=1?token=1", Some("token=1"), Some(1)),
            ("rtsp://h/yard/door%201?trackID=1", Some("token=1"), None),
            ("rtsp://h/yard/door%201", None, None),
            ("rtsp://h/yard/door%201/trackID=2", None, None),
            ("rtsp://h/yard/door%2010/trackID=1", None, None),
            ("rtsp://h/yard/trackID=1", None, None),
            ("rtsp://h/yard%2Fdoor%201/trackID=1", None, None),
        ] {
            assert_eq!(setup(uri, ("yard/door 1", query), &two), expected, "{uri}");
        }
        let whole = ["rtsp://h/door/a", "rtsp://h/door/b"];
        assert_eq!(setup("rtsp://h/door/b", ("door", None), &whole), Some(1));
        assert_eq!(setup("rtsp://h/door", ("door", None), &["streamid=0"]), Some(0));
        assert_eq!(setup("rtsp://h/door?a=1", ("door", Some("a=1")), &["streamid=0"]), Some(0));
    }
}
