//! Requests to answers: the state of one connection, without any I/O.

use std::sync::Arc;
use std::time::Duration;

use rand::RngCore as _;
use rtsp_types::{HeaderName, Method, Request, headers};

use super::auth::{Challenger, Verdict};
use super::hub::{Claim, Hub, Refusal};
use super::response::Response;
use super::sdp::{self, Announcement};

const METHODS: &str = "OPTIONS, ANNOUNCE, SETUP, RECORD, GET_PARAMETER, SET_PARAMETER, TEARDOWN";

/// A peer that guesses passwords is sent away after so many.
const MAX_DENIALS: u32 = 5;

/// Where a connection stands.
#[derive(Debug)]
enum State {
    /// Nothing was announced.
    Idle,
    /// A path is taken, and some of its tracks may be set up.
    Announced(Publishing),
    /// Packets flow.
    Recording(Publishing),
}

/// What is published.
#[derive(Debug)]
pub(super) struct Publishing {
    pub(super) claim: Claim,
    pub(super) announcement: Announcement,
    path: String,
    session: String,
    /// For each track: the channel of its RTP; its RTCP is on the next.
    channels: Vec<Option<u8>>,
}

impl Publishing {
    /// Channel of the video's RTP, when it was set up.
    pub(super) fn video_channel(&self) -> Option<u8> {
        self.channels.get(self.announcement.video_index).copied().flatten()
    }
}

/// One connection's requests and their answers.
#[derive(Debug)]
pub(super) struct Exchange {
    hub: Arc<Hub>,
    challenger: Challenger,
    denials: u32,
    state: State,
}

impl Exchange {
    pub(super) fn new(hub: Arc<Hub>, nonce_lifetime: Duration) -> Self {
        Self { hub, challenger: Challenger::new(nonce_lifetime), denials: 0, state: State::Idle }
    }

    /// What flows, after a RECORD was answered with success.
    pub(super) fn recording(&self) -> Option<&Publishing> {
        if let State::Recording(publishing) = &self.state { Some(publishing) } else { None }
    }

    /// Answers a request.
    pub(super) fn handle(&mut self, request: &Request<Vec<u8>>) -> Response {
        match request.method() {
            Method::Options => Response::ok().header("Public", METHODS),
            Method::Announce => self.announce(request),
            Method::Setup => self.setup(request),
            Method::Record => self.record(),
            // Keep-alives.
            Method::GetParameter | Method::SetParameter => self.with_session(Response::ok()),
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
            return invalid_state("this connection has announced already");
        }
        let Some(path) = path_of(request) else { return Response::new(400, "Bad Request", "the request has no path") };
        let not_found = || Response::new(404, "Not Found", "no camera publishes to this path");
        let unreadable = || Response::new(503, "Service Unavailable", "the camera's password cannot be read here");
        let login = match self.hub.login(&path) {
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
        match self.hub.claim(&path) {
            Ok(claim) => {
                let mut random = [0; 8];
                rand::rng().fill_bytes(&mut random);
                let channels = vec![None; announcement.controls.len()];
                let session = hex::encode(random);
                self.state = State::Announced(Publishing { claim, announcement, path, session, channels });
                Response::ok()
            }
            Err(Refusal::NoSuchPath) => not_found(),
            Err(Refusal::NoPassword) => unreadable(),
            Err(Refusal::AlreadyLive) => {
                Response::new(409, "Conflict", "another publisher is live on this path").closing()
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
        let State::Announced(publishing) = &mut self.state else {
            return invalid_state("SETUP comes between ANNOUNCE and RECORD");
        };
        let Some(track) = track_of(request, publishing) else {
            return Response::new(404, "Not Found", "no such track was announced");
        };
        let Some(channel) = interleaved(header(request, &headers::TRANSPORT).unwrap_or_default(), track) else {
            return Response::new(461, "Unsupported Transport", "only RTP/AVP/TCP interleaved is supported");
        };
        publishing.channels[track] = Some(channel);
        let transport = format!("RTP/AVP/TCP;unicast;interleaved={channel}-{};mode=record", channel + 1);
        self.with_session(Response::ok().header("Transport", transport))
    }

    fn record(&mut self) -> Response {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Announced(publishing) if publishing.video_channel().is_some() => {
                self.state = State::Recording(publishing);
                self.with_session(Response::ok())
            }
            other => {
                self.state = other;
                invalid_state("RECORD comes after the video's SETUP")
            }
        }
    }

    fn with_session(&self, response: Response) -> Response {
        match &self.state {
            State::Idle => response,
            State::Announced(publishing) | State::Recording(publishing) => {
                response.header("Session", format!("{};timeout=60", publishing.session))
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

/// Clients name a track by its `a=control`, behind the path or whole; a single track may go without.
fn track_of(request: &Request<Vec<u8>>, publishing: &Publishing) -> Option<usize> {
    let uri = request.request_uri()?;
    let below = uri.path().trim_matches('/').strip_prefix(publishing.path.as_str())?.trim_matches('/');
    let controls = &publishing.announcement.controls;
    let named = controls.iter().position(|control| {
        !control.is_empty() && (control == below || control == uri.as_str() || control.trim_matches('/') == below)
    });
    named.or_else(|| (controls.len() == 1 && below.is_empty()).then_some(0))
}

/// RTP channel of the first transport offered that runs inside the connection.
fn interleaved(transport: &str, track: usize) -> Option<u8> {
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
