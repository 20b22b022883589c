//! Requests of `rtspsrc` on their way to the camera, and the camera's responses on their way back: adds the log-in to each request, answers
//! challenges, and decides when a log-in has failed. It does no I/O.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use vru_runtime::cameras::Login;

use super::LinkError;
use super::answer::Answers;
use super::challenge::{Method, Offer, offer};
use super::wire::Message;

/// Requests that wait for a response. `rtspsrc` sends one after the other.
const MAX_PENDING: usize = 32;
/// Of a session whose camera names no timeout.
const SESSION_TIMEOUT: Duration = Duration::from_mins(1);
const REDIRECTS: [u16; 6] = [301, 302, 303, 305, 307, 308];

/// What to do with a response.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Send this to `rtspsrc`.
    Pass(Vec<u8>),
    /// Send this to the camera: the request again, with another log-in.
    Ask(Vec<u8>),
    /// Connect to this URL and send the request there: [`Exchange::redirected`].
    Redirect(String),
    /// It was the response to our own request.
    Nothing,
}

#[derive(Debug)]
pub(super) struct Exchange {
    /// The URL that `rtspsrc` knows, and the camera's URL, which replaces it.
    local: String,
    target: String,
    login: Option<Login>,
    answers: Option<Answers>,
    /// The camera has accepted the log-in on this connection.
    accepted: bool,
    sequence: u64,
    pending: VecDeque<Pending>,
    session: Option<Session>,
}

/// What keeps a session alive. `rtspsrc` sends no requests while it receives over TCP, and many cameras end a session without them.
#[derive(Debug)]
struct Session {
    id: String,
    timeout: Duration,
    /// Cameras know one or the other.
    method: &'static str,
    /// The URI that was played; `None` while nothing is.
    playing: Option<String>,
}

#[derive(Debug)]
struct Pending {
    /// Our `CSeq`.
    sequence: u64,
    /// The request of `rtspsrc`, with its `CSeq`.
    request: Message,
    /// The log-in that the request was sent with.
    sent_with: Option<SentLogin>,
    /// How often it was sent again with a newer nonce.
    renewed: u32,
    /// It is ours: `rtspsrc` does not get the response.
    own: bool,
}

#[derive(Debug)]
struct SentLogin {
    /// Only digests have one.
    nonce: Option<String>,
}

impl Exchange {
    pub(super) fn new(local: String, target: String, login: Option<Login>) -> Self {
        let pending = VecDeque::new();
        Self { local, target, login, answers: None, accepted: false, sequence: 0, pending, session: None }
    }

    /// Whether the camera has accepted the log-in.
    pub(super) fn accepted(&self) -> bool {
        self.accepted
    }

    pub(super) fn has_login(&self) -> bool {
        self.login.is_some()
    }

    /// A request of `rtspsrc`: returns what to send to the camera.
    pub(super) fn request(&mut self, request: Message) -> Result<Vec<u8>, LinkError> {
        if self.pending.len() >= MAX_PENDING {
            return Err(LinkError::Broken("it answers no requests".to_owned()));
        }
        let pending = Pending { sequence: 0, request, sent_with: None, renewed: 0, own: false };
        Ok(self.send(pending))
    }

    /// How long the camera may go without a request; `None` while nothing plays.
    pub(super) fn longest_silence(&self) -> Option<Duration> {
        self.session.as_ref().filter(|session| session.playing.is_some()).map(|session| session.timeout / 2)
    }

    /// A request that keeps the session alive; `None` while nothing plays, or while the last one is not answered.
    pub(super) fn keep_alive(&mut self) -> Option<Vec<u8>> {
        let session = self.session.as_ref()?;
        let uri = session.playing.as_ref().filter(|_| !self.pending.iter().any(|pending| pending.own))?;
        let mut request = Message { start: format!("{} {uri} RTSP/1.0", session.method), ..Message::default() };
        request.set("Session", session.id.clone());
        let pending = Pending { sequence: 0, request, sent_with: None, renewed: 0, own: true };
        Some(self.send(pending))
    }

    fn send(&mut self, mut pending: Pending) -> Vec<u8> {
        self.sequence += 1;
        pending.sequence = self.sequence;
        let mut sent = pending.request.clone();
        let (method, uri) = pending.request.method_and_uri();
        let (method, uri) = (method.to_owned(), self.camera_uri(uri));
        sent.start = format!("{method} {uri} RTSP/1.0");
        sent.set("CSeq", self.sequence.to_string());
        pending.sent_with = None;
        if let (Some(answers), Some(login)) = (&mut self.answers, &self.login) {
            sent.set("Authorization", answers.authorization(login, &method, &uri, &sent.body));
            pending.sent_with = Some(SentLogin { nonce: answers.nonce().map(str::to_owned) });
        }
        self.pending.push_back(pending);
        sent.encode()
    }

    fn camera_uri(&self, uri: &str) -> String {
        match uri.strip_prefix(&self.local) {
            Some(rest) => format!("{}{rest}", self.target),
            None => uri.to_owned(),
        }
    }

    /// A response of the camera, which is at `camera`.
    pub(super) fn response(&mut self, mut response: Message, camera: IpAddr) -> Result<Next, LinkError> {
        let sequence = response.header("CSeq").and_then(|text| text.parse::<u64>().ok());
        // Some cameras forget the number, or count on their own. They answer in order.
        let at = self.pending.iter().position(|pending| Some(pending.sequence) == sequence).unwrap_or(0);
        let Some(pending) = self.pending.remove(at) else { return Ok(Next::Pass(response.encode())) };
        let method = pending.request.method_and_uri().0.to_owned();
        match response.status() {
            401 => return self.challenged(pending, &response),
            403 if pending.sent_with.is_some() && !self.accepted => {
                return Err(LinkError::Refused("403 Forbidden"));
            }
            status if REDIRECTS.contains(&status) && matches!(method.as_str(), "OPTIONS" | "DESCRIBE") => {
                let location = response.header("Location").unwrap_or_default().to_owned();
                self.pending.push_front(pending);
                return Ok(Next::Redirect(location));
            }
            200..300 => {
                self.accepted |= pending.sent_with.is_some();
                self.follow_session(&pending.request, &response);
                self.complete(&mut response, &method, camera);
            }
            _ if pending.own => {
                // Some cameras know only the other method.
                if let Some(session) = &mut self.session {
                    session.method = if method == "OPTIONS" { "GET_PARAMETER" } else { "OPTIONS" };
                }
            }
            _ => {}
        }
        if pending.own {
            return Ok(Next::Nothing);
        }
        if let Some(theirs) = pending.request.header("CSeq") {
            response.set("CSeq", theirs);
        }
        Ok(Next::Pass(response.encode()))
    }

    fn follow_session(&mut self, request: &Message, response: &Message) {
        let (method, uri) = request.method_and_uri();
        if let Some(header) = response.header("Session").filter(|_| method == "SETUP") {
            let (id, parameters) = header.split_once(';').unwrap_or((header, ""));
            let seconds =
                parameters.trim().strip_prefix("timeout=").and_then(|seconds| seconds.trim().parse::<u32>().ok());
            let timeout = seconds.filter(|seconds| *seconds > 0).map(|seconds| Duration::from_secs(seconds.into()));
            self.session = Some(Session {
                id: id.trim().to_owned(),
                timeout: timeout.unwrap_or(SESSION_TIMEOUT),
                method: "GET_PARAMETER",
                playing: None,
            });
        }
        if let Some(session) = &mut self.session {
            match method {
                "PLAY" => session.playing = Some(uri.to_owned()),
                "PAUSE" | "TEARDOWN" => session.playing = None,
                _ => {}
            }
        }
    }

    /// Adds what `rtspsrc` would otherwise take from its own connection, which ends here.
    fn complete(&self, response: &mut Message, method: &str, camera: IpAddr) {
        if method == "DESCRIBE"
            && response.header("Content-Base").is_none()
            && response.header("Content-Location").is_none()
        {
            response.set("Content-Base", self.target.clone());
        }
        if method == "SETUP"
            && let Some(transport) = response.header("Transport").map(str::to_owned)
            && !transport.contains("source=")
            && !transport.contains("interleaved")
        {
            response.set("Transport", format!("{transport};source={camera}"));
        }
    }

    /// The camera wants a log-in, or another one. A log-in that was wrong is not tried again: cameras lock out whoever tries a few.
    fn challenged(&mut self, mut pending: Pending, response: &Message) -> Result<Next, LinkError> {
        let Offer { method, names } = offer(response.all("WWW-Authenticate"));
        if self.login.is_none() {
            return Err(LinkError::Missing);
        }
        let Some(method) = method else { return Err(LinkError::Unsupported(names)) };
        if let Some(sent) = &pending.sent_with {
            let (new, stale) = match &method {
                Method::Digest(digest) => (sent.nonce.as_ref() != Some(&digest.nonce), digest.stale),
                Method::Basic => (false, false),
            };
            // Some cameras do not say `stale` when they replace the nonce of a connection whose log-in was right.
            if !new || !(stale || self.accepted) || pending.renewed > 0 {
                return Err(LinkError::Refused("401 Unauthorized"));
            }
            pending.renewed += 1;
        }
        self.answers = Some(Answers::new(method));
        Ok(Next::Ask(self.send(pending)))
    }

    /// The camera is now at another URL: returns the requests to send there.
    pub(super) fn redirected(&mut self, target: String) -> Vec<u8> {
        self.target = target;
        self.answers = None;
        self.accepted = false;
        self.session = None;
        let pending = std::mem::take(&mut self.pending);
        pending.into_iter().flat_map(|pending| self.send(pending)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::wire::{Framer, Piece};
    use super::*;
    use vru_runtime::secret::Secret;

    fn message(text: &str) -> Message {
        let mut framer = Framer::default();
        framer.buffer().extend_from_slice(text.as_bytes());
        match framer.next() {
            Ok(Some(Piece::Message(message))) => message,
            other => panic!("{text}: {other:?}"),
        }
    }

    fn exchange(login: bool) -> Exchange {
        let login = login.then(|| Login { username: "viewer".to_owned(), password: Secret::new("geheim") });
        Exchange::new("rtsp://127.0.0.1:1/t".to_owned(), "rtsp://cam/live?x=1".to_owned(), login)
    }

    fn ask(exchange: &mut Exchange, method: &str, client: u32) -> Message {
        let request = message(&format!("{method} rtsp://127.0.0.1:1/t/track1 RTSP/1.0\r\nCSeq: {client}\r\n\r\n"));
        message(&String::from_utf8(exchange.request(request).unwrap()).unwrap())
    }

    fn answer(exchange: &mut Exchange, to: &Message, status: &str, more: &str) -> Result<Next, LinkError> {
        let cseq = to.header("CSeq").unwrap();
        exchange
            .response(message(&format!("RTSP/1.0 {status}\r\nCSeq: {cseq}\r\n{more}\r\n")), IpAddr::from([10, 0, 0, 5]))
    }

    fn asked(next: Result<Next, LinkError>) -> Message {
        match next.unwrap() {
            Next::Ask(bytes) => message(&String::from_utf8(bytes).unwrap()),
            other => panic!("{other:?}"),
        }
    }

    fn passed(next: Result<Next, LinkError>) -> Message {
        match next.unwrap() {
            Next::Pass(bytes) => message(&String::from_utf8(bytes).unwrap()),
            other => panic!("{other:?}"),
        }
    }

    fn challenge(nonce: &str, more: &str) -> String {
        format!("WWW-Authenticate: Digest realm=\"cam\", nonce=\"{nonce}\"{more}\r\n")
    }

    #[test]
    fn urls_and_numbers_are_translated_and_the_log_in_is_added_once_it_is_asked_for() {
        let mut exchange = exchange(true);
        let first = ask(&mut exchange, "DESCRIBE", 7);
        assert_eq!(first.start, "DESCRIBE rtsp://cam/live?x=1/track1 RTSP/1.0");
        assert_eq!((first.header("CSeq"), first.header("Authorization")), (Some("1"), None));
        let second = asked(answer(&mut exchange, &first, "401 Unauthorized", &challenge("a", "")));
        assert_eq!(second.header("CSeq"), Some("2"));
        assert!(second.header("Authorization").unwrap().contains("nonce=\"a\""));
        let described = passed(answer(&mut exchange, &second, "200 OK", ""));
        assert_eq!(
            (described.header("CSeq"), described.header("Content-Base")),
            (Some("7"), Some("rtsp://cam/live?x=1"))
        );
        let set_up = ask(&mut exchange, "SETUP", 8);
        assert!(set_up.header("Authorization").is_some());
        let done = passed(answer(&mut exchange, &set_up, "200 OK", "Transport: RTP/AVP;unicast;client_port=2-3\r\n"));
        assert_eq!(done.header("Transport"), Some("RTP/AVP;unicast;client_port=2-3;source=10.0.0.5"));
    }

    #[test]
    fn a_wrong_log_in_is_tried_once_whatever_nonces_come() {
        for (name, more) in [("a", ""), ("b", ""), ("a", ", stale=true")] {
            let mut exchange = exchange(true);
            let first = ask(&mut exchange, "OPTIONS", 1);
            let second = asked(answer(&mut exchange, &first, "401 Unauthorized", &challenge("a", "")));
            let refused = answer(&mut exchange, &second, "401 Unauthorized", &challenge(name, more));
            assert!(matches!(refused, Err(LinkError::Refused(_))), "{name} {more}: {refused:?}");
        }
        let mut exchange = exchange(true);
        let first = ask(&mut exchange, "OPTIONS", 1);
        let second =
            asked(answer(&mut exchange, &first, "401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n"));
        assert!(matches!(answer(&mut exchange, &second, "403 Forbidden", ""), Err(LinkError::Refused(_))));
    }

    #[test]
    fn a_new_nonce_during_a_session_is_not_a_failed_log_in() {
        for more in [", stale=true", ", stale=\"FALSE\"", ""] {
            let mut exchange = exchange(true);
            let first = ask(&mut exchange, "OPTIONS", 1);
            let second = asked(answer(&mut exchange, &first, "401 Unauthorized", &challenge("a", "")));
            passed(answer(&mut exchange, &second, "200 OK", ""));
            for nonce in ["b", "c"] {
                let keep_alive = ask(&mut exchange, "GET_PARAMETER", 2);
                let again = asked(answer(&mut exchange, &keep_alive, "401 Unauthorized", &challenge(nonce, more)));
                assert!(again.header("Authorization").unwrap().contains(&format!("nonce=\"{nonce}\"")));
                passed(answer(&mut exchange, &again, "200 OK", ""));
            }
            // The password was changed: it is tried with the new nonce, and then no more.
            let keep_alive = ask(&mut exchange, "GET_PARAMETER", 3);
            let again = asked(answer(&mut exchange, &keep_alive, "401 Unauthorized", &challenge("d", more)));
            let refused = answer(&mut exchange, &again, "401 Unauthorized", &challenge("e", ", stale=true"));
            assert!(matches!(refused, Err(LinkError::Refused(_))), "{refused:?}");
        }
    }

    #[test]
    fn a_session_that_plays_is_kept_alive_by_the_method_that_the_camera_knows() {
        let mut exchange = exchange(false);
        for (method, more) in [("SETUP", "Session: ab;timeout=30\r\n"), ("PLAY", "Session: ab\r\n")] {
            assert!(exchange.keep_alive().is_none() && exchange.longest_silence().is_none(), "before {method}");
            let asked = ask(&mut exchange, method, 1);
            passed(answer(&mut exchange, &asked, "200 OK", more));
        }
        assert_eq!(exchange.longest_silence(), Some(Duration::from_secs(15)));
        for (wanted, status) in [("GET_PARAMETER", "501 Not Implemented"), ("OPTIONS", "200 OK"), ("OPTIONS", "200 OK")]
        {
            let kept = message(&String::from_utf8(exchange.keep_alive().unwrap()).unwrap());
            assert_eq!(kept.method_and_uri(), (wanted, "rtsp://cam/live?x=1/track1"));
            assert_eq!(kept.header("Session"), Some("ab"));
            assert!(exchange.keep_alive().is_none(), "two wait for a response");
            assert_eq!(answer(&mut exchange, &kept, status, "").unwrap(), Next::Nothing);
        }
        let asked = ask(&mut exchange, "TEARDOWN", 2);
        passed(answer(&mut exchange, &asked, "200 OK", ""));
        assert!(exchange.keep_alive().is_none());
    }

    #[test]
    fn unknown_methods_and_missing_credentials_are_named() {
        let mut exchange = exchange(true);
        let first = ask(&mut exchange, "DESCRIBE", 1);
        let error =
            answer(&mut exchange, &first, "401 Unauthorized", &challenge("a", ", algorithm=SHA-1")).unwrap_err();
        assert!(matches!(&error, LinkError::Unsupported(names) if names == "Digest SHA-1"), "{error:?}");
        let mut exchange = self::exchange(false);
        let first = ask(&mut exchange, "DESCRIBE", 1);
        let error = answer(&mut exchange, &first, "401 Unauthorized", &challenge("a", "")).unwrap_err();
        assert!(matches!(error, LinkError::Missing), "{error:?}");
    }

    #[test]
    fn a_redirect_starts_again_without_a_log_in() {
        let mut exchange = exchange(true);
        let first = ask(&mut exchange, "DESCRIBE", 1);
        let second = asked(answer(&mut exchange, &first, "401 Unauthorized", &challenge("a", "")));
        let next = answer(&mut exchange, &second, "302 Moved", "Location: rtsp://cam:9/new\r\n").unwrap();
        assert_eq!(next, Next::Redirect("rtsp://cam:9/new".to_owned()));
        let again = message(&String::from_utf8(exchange.redirected("rtsp://cam:9/new".to_owned())).unwrap());
        assert_eq!(again.start, "DESCRIBE rtsp://cam:9/new/track1 RTSP/1.0");
        assert!(again.header("Authorization").is_none());
    }
}
