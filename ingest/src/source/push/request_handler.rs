//! Answers the RTSP requests of one connection. It keeps the connection's state and does no I/O.

use std::sync::Arc;
use std::time::Duration;

use rand::RngCore as _;
use rtsp_types::{HeaderName, Method, Request, headers};

use super::auth::{Challenger, Verdict};
use super::path_registry::{PathClaim, PathRegistry, Refusal};
use super::response::Response;
use super::sdp::{self, Announcement};

const METHODS: &str = "OPTIONS, ANNOUNCE, SETUP, RECORD, GET_PARAMETER, SET_PARAMETER, TEARDOWN";

/// After this many wrong credentials the connection is closed.
const MAX_DENIALS: u32 = 5;

#[derive(Debug)]
enum State {
    /// Before ANNOUNCE and after TEARDOWN.
    Idle,
    /// After ANNOUNCE: the path is reserved, and some tracks may be set up.
    Announced(AnnouncedStream),
    /// After RECORD: the publisher sends packets.
    Recording(AnnouncedStream),
}

/// The stream that a publisher has announced.
#[derive(Debug)]
pub(super) struct AnnouncedStream {
    pub(super) claim: PathClaim,
    pub(super) announcement: Announcement,
    path: String,
    /// The id in the `Session` header. It is not the session of the camera's frames.
    rtsp_session: String,
    /// The interleaved channel of each track's RTP; its RTCP is on the next channel. `None` before SETUP.
    channels: Vec<Option<u8>>,
}

impl AnnouncedStream {
    /// The channel of the video's RTP, once it was set up.
    pub(super) fn video_channel(&self) -> Option<u8> {
        self.channels.get(self.announcement.video_index).copied().flatten()
    }
}

#[derive(Debug)]
pub(super) struct RequestHandler {
    paths: Arc<PathRegistry>,
    challenger: Challenger,
    denials: u32,
    state: State,
}

impl RequestHandler {
    pub(super) fn new(paths: Arc<PathRegistry>, nonce_lifetime: Duration) -> Self {
        Self { paths, challenger: Challenger::new(nonce_lifetime), denials: 0, state: State::Idle }
    }

    /// The stream that the publisher sends, after a successful RECORD.
    pub(super) fn recording(&self) -> Option<&AnnouncedStream> {
        if let State::Recording(stream) = &self.state { Some(stream) } else { None }
    }

    pub(super) fn handle(&mut self, request: &Request<Vec<u8>>) -> Response {
        match request.method() {
            Method::Options => Response::ok().header("Public", METHODS),
            Method::Announce => self.announce(request),
            Method::Setup => self.setup(request),
            Method::Record => self.record(),
            // Clients send these to keep the connection alive.
            Method::GetParameter | Method::SetParameter => self.with_session_header(Response::ok()),
            Method::Teardown => {
                self.state = State::Idle;
                Response::ok().closing()
            }
            Method::Describe | Method::Play | Method::Pause => {
                Response::new(405, "Method Not Allowed", "this server only records").header("Allow", METHODS)
            }
            _ => Response::new(501, "Not Implemented", ""),
        }
    }

    fn announce(&mut self, request: &Request<Vec<u8>>) -> Response {
        if !matches!(self.state, State::Idle) {
            return invalid_state("this connection has already announced a stream");
        }
        let Some(path) = path_of(request) else { return Response::new(400, "Bad Request", "the request has no path") };
        let not_found = || Response::new(404, "Not Found", "no camera publishes to this path");
        let unreadable = || Response::new(503, "Service Unavailable", "the camera's password cannot be read here");
        let login = match self.paths.login(&path) {
            Ok(login) => login,
            Err(Refusal::NoPassword) => return unreadable(),
            Err(_) => return not_found(),
        };
        if let Some(login) = login {
            let authorization = header(request, &headers::AUTHORIZATION).unwrap_or_default();
            match self.challenger.check(authorization, "ANNOUNCE", &path, &login) {
                Verdict::Granted => {}
                verdict => return self.challenge(verdict, !authorization.is_empty()),
            }
        }
        let announcement = match sdp::parse(request.body()) {
            Ok(announcement) => announcement,
            Err(problem) => return Response::new(415, "Unsupported Media Type", problem),
        };
        match self.paths.claim(&path) {
            Ok(claim) => {
                let mut random = [0; 8];
                rand::rng().fill_bytes(&mut random);
                let channels = vec![None; announcement.controls.len()];
                let rtsp_session = hex::encode(random);
                self.state = State::Announced(AnnouncedStream { claim, announcement, path, rtsp_session, channels });
                Response::ok()
            }
            Err(Refusal::NoSuchPath) => not_found(),
            Err(Refusal::NoPassword) => unreadable(),
            Err(Refusal::InUse) => {
                Response::new(409, "Conflict", "another publisher is sending to this path").closing()
            }
        }
    }

    fn challenge(&mut self, verdict: Verdict, tried: bool) -> Response {
        if tried && verdict == Verdict::Denied {
            self.denials += 1;
        }
        let [sha256, md5] = self.challenger.challenge(verdict == Verdict::Stale);
        let response =
            Response::new(401, "Unauthorized", "").header("WWW-Authenticate", sha256).header("WWW-Authenticate", md5);
        if self.denials >= MAX_DENIALS { response.closing() } else { response }
    }

    fn setup(&mut self, request: &Request<Vec<u8>>) -> Response {
        let State::Announced(stream) = &mut self.state else {
            return invalid_state("SETUP comes between ANNOUNCE and RECORD");
        };
        let Some(track) = track_of(request, stream) else {
            return Response::new(404, "Not Found", "the announcement has no such track");
        };
        let Some(channel) = interleaved_channel(header(request, &headers::TRANSPORT).unwrap_or_default(), track) else {
            return Response::new(461, "Unsupported Transport", "only RTP/AVP/TCP interleaved is supported");
        };
        stream.channels[track] = Some(channel);
        let transport = format!("RTP/AVP/TCP;unicast;interleaved={channel}-{};mode=record", channel + 1);
        self.with_session_header(Response::ok().header("Transport", transport))
    }

    fn record(&mut self) -> Response {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Announced(stream) if stream.video_channel().is_some() => {
                self.state = State::Recording(stream);
                self.with_session_header(Response::ok())
            }
            other => {
                self.state = other;
                invalid_state("RECORD comes after the video's SETUP")
            }
        }
    }

    fn with_session_header(&self, response: Response) -> Response {
        match &self.state {
            State::Idle => response,
            State::Announced(stream) | State::Recording(stream) => {
                response.header("Session", format!("{};timeout=60", stream.rtsp_session))
            }
        }
    }
}

fn invalid_state(body: &'static str) -> Response {
    Response::new(455, "Method Not Valid in This State", body)
}

fn header<'a>(request: &'a Request<Vec<u8>>, name: &HeaderName) -> Option<&'a str> {
    request.header(name).map(rtsp_types::HeaderValue::as_str)
}

fn path_of(request: &Request<Vec<u8>>) -> Option<String> {
    let path = request.request_uri()?.path().trim_matches('/');
    (!path.is_empty()).then(|| path.to_owned())
}

/// The index of the track that a SETUP is for. Clients append the track's `a=control` to the path, or use it as the whole URI.
/// With a single track they may omit it.
fn track_of(request: &Request<Vec<u8>>, stream: &AnnouncedStream) -> Option<usize> {
    let uri = request.request_uri()?;
    let below = uri.path().trim_matches('/').strip_prefix(stream.path.as_str())?.trim_matches('/');
    let controls = &stream.announcement.controls;
    let named = controls.iter().position(|control| {
        !control.is_empty() && (control == below || control == uri.as_str() || control.trim_matches('/') == below)
    });
    named.or_else(|| (controls.len() == 1 && below.is_empty()).then_some(0))
}

/// The RTP channel of the first offered transport that is interleaved in the TCP connection.
fn interleaved_channel(transport: &str, track: usize) -> Option<u8> {
    transport.split(',').find_map(|offer| {
        let mut parts = offer.split(';').map(str::trim);
        if !parts.next()?.eq_ignore_ascii_case("RTP/AVP/TCP") {
            return None;
        }
        let Some(channels) = parts.find_map(|part| part.strip_prefix("interleaved=")) else {
            return u8::try_from(track * 2).ok();
        };
        let first: u8 = channels.split('-').next()?.parse().ok()?;
        (first < u8::MAX).then_some(first)
    })
}

#[cfg(test)]
mod tests;
