//! Decides how and when a request keeps the camera's session alive. To many cameras only RTSP requests are signs of life, whatever RTCP
//! they receive.

use std::time::Duration;

use super::wire::Message;

/// Of a session whose camera names no timeout.
const SESSION_TIMEOUT: Duration = Duration::from_mins(1);
/// Firewalls on the way forget a silent connection earlier than a camera that names a long timeout.
const LONGEST_SILENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(super) struct KeepAlive {
    method: KeepAliveMethod,
    /// The camera has refused a method, so what it says that it knows is not always so.
    has_refused: bool,
    session: Option<Session>,
}

/// Cameras know one or both, and may count only one of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum KeepAliveMethod {
    #[default]
    GetParameter,
    Options,
}

#[derive(Debug)]
struct Session {
    id: String,
    timeout: Duration,
    /// The URI that was played; `None` while nothing is.
    playing: Option<String>,
}

impl KeepAlive {
    /// Learns from a request that succeeded.
    pub(super) fn follow(&mut self, request: &Message, response: &Message) {
        let (method, uri) = request.method_and_uri();
        if !self.has_refused {
            self.read_public(response);
        }
        if let Some(header) = response.header("Session").filter(|_| matches!(method, "SETUP" | "PLAY")) {
            let (id, timeout) = parse_session(header);
            let known = self.session.take().filter(|session| session.id == id);
            let (before, playing) = known.map_or((SESSION_TIMEOUT, None), |known| (known.timeout, known.playing));
            self.session = Some(Session { id, timeout: timeout.unwrap_or(before), playing });
        }
        if let Some(session) = &mut self.session {
            match method {
                "PLAY" => session.playing = Some(uri.to_owned()),
                "PAUSE" | "TEARDOWN" => session.playing = None,
                _ => {}
            }
        }
    }

    /// Which methods the camera says that it knows.
    fn read_public(&mut self, response: &Message) {
        let mut public = response.all("Public").flat_map(|list| list.split([',', ' '])).map(str::trim).peekable();
        if public.peek().is_some() {
            let knows = public.any(|method| method.eq_ignore_ascii_case("GET_PARAMETER"));
            self.method = if knows { KeepAliveMethod::GetParameter } else { KeepAliveMethod::Options };
        }
    }

    /// The camera has refused the last request: it may know the other method.
    pub(super) fn refused(&mut self) {
        self.has_refused = true;
        self.method = match self.method {
            KeepAliveMethod::GetParameter => KeepAliveMethod::Options,
            KeepAliveMethod::Options => KeepAliveMethod::GetParameter,
        };
    }

    /// How long the camera may go without a request; `None` while nothing plays.
    pub(super) fn longest_silence(&self) -> Option<Duration> {
        let session = self.session.as_ref().filter(|session| session.playing.is_some())?;
        Some((session.timeout / 2).min(LONGEST_SILENCE))
    }

    /// The next request; `None` while nothing plays.
    pub(super) fn request(&self) -> Option<Message> {
        let session = self.session.as_ref()?;
        let uri = session.playing.as_ref()?;
        let method = match self.method {
            KeepAliveMethod::GetParameter => "GET_PARAMETER",
            KeepAliveMethod::Options => "OPTIONS",
        };
        let mut request = Message { start: format!("{method} {uri} RTSP/1.0"), ..Message::default() };
        request.set("Session", session.id.clone());
        Some(request)
    }
}

/// Identity and timeout in a `Session` header: `ab;timeout=60`, `ab; Timeout = "60"`, `ab`.
fn parse_session(header: &str) -> (String, Option<Duration>) {
    let mut parts = header.split(';');
    let id = parts.next().unwrap_or_default().trim().to_owned();
    let timeout =
        parts.filter_map(|part| part.split_once('=')).find(|(name, _)| name.trim().eq_ignore_ascii_case("timeout"));
    let digits = |text: &str| -> Option<u32> {
        let text = text.trim().trim_matches('"');
        text[..text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len())].parse().ok()
    };
    let seconds = timeout.and_then(|(_, value)| digits(value)).filter(|seconds| *seconds > 0);
    (id, seconds.map(|seconds| Duration::from_secs(seconds.into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(start: &str, headers: &[(&str, &str)]) -> Message {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Message { start: start.to_owned(), headers, ..Message::default() }
    }

    #[test]
    fn timeouts_are_read_in_every_form() {
        for (header, id, seconds) in [
            ("ab;timeout=60", "ab", Some(60)),
            ("ab ; timeout = 65 ", "ab", Some(65)),
            ("ab;Timeout=\"30\"", "ab", Some(30)),
            ("ab;x=1;timeout=10;y", "ab", Some(10)),
            ("ab;timeout=20s", "ab", Some(20)),
            ("ab;timeout=0", "ab", None),
            ("ab;timeout=", "ab", None),
            ("ab;timeout", "ab", None),
            ("ab", "ab", None),
            ("", "", None),
        ] {
            assert_eq!(parse_session(header), (id.to_owned(), seconds.map(Duration::from_secs)), "{header}");
        }
    }

    #[test]
    fn the_method_is_one_that_the_camera_names_and_the_other_after_a_refusal() {
        for (public, method) in [
            (None, "GET_PARAMETER"),
            (Some("OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"), "OPTIONS"),
            (Some("OPTIONS,DESCRIBE,GET_PARAMETER,SET_PARAMETER"), "GET_PARAMETER"),
            (Some("options, get_parameter"), "GET_PARAMETER"),
        ] {
            let mut keep_alive = KeepAlive::default();
            let headers: Vec<_> = public.map(|public| ("public", public)).into_iter().collect();
            keep_alive.follow(&message("OPTIONS rtsp://h/ RTSP/1.0", &[]), &message("RTSP/1.0 200 OK", &headers));
            let set_up = message("RTSP/1.0 200 OK", &[("Session", "ab")]);
            keep_alive.follow(&message("SETUP rtsp://h/1 RTSP/1.0", &[]), &set_up);
            assert!(keep_alive.request().is_none() && keep_alive.longest_silence().is_none(), "nothing plays");
            let play = message("RTSP/1.0 200 OK", &[("Session", "ab;timeout=8")]);
            keep_alive.follow(&message("PLAY rtsp://h/ RTSP/1.0", &[]), &play);
            assert_eq!(keep_alive.longest_silence(), Some(Duration::from_secs(4)));
            assert_eq!(keep_alive.request().unwrap().method_and_uri(), (method, "rtsp://h/"), "{public:?}");
            keep_alive.refused();
            // The other one is used from then on, also when the camera goes on naming the one that it refuses.
            keep_alive.follow(&message("OPTIONS rtsp://h/ RTSP/1.0", &[]), &message("RTSP/1.0 200 OK", &headers));
            assert_ne!(keep_alive.request().unwrap().method_and_uri().0, method);
        }
    }

    #[test]
    fn a_connection_is_never_silent_for_longer_than_firewalls_allow() {
        let mut keep_alive = KeepAlive::default();
        for method in ["SETUP", "PLAY"] {
            let response = message("RTSP/1.0 200 OK", &[("Session", "ab;timeout=86400")]);
            keep_alive.follow(&message(&format!("{method} rtsp://h/ RTSP/1.0"), &[]), &response);
        }
        assert_eq!(keep_alive.longest_silence(), Some(LONGEST_SILENCE));
    }
}
