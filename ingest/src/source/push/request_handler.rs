//! Answers the RTSP requests of one connection. It keeps the connection's state and does no I/O.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use rand::RngCore as _;
use rtsp_types::{HeaderName, Method, Request, headers};
use vru_proto::CameraId;
use vru_runtime::cameras::Login;
use vru_runtime::secret::Secret;

use super::auth::{Challenger, Verdict};
use super::door::Door;
use super::password::Access;
use super::path::{self, PathError};
use super::path_registry::{CameraPath, PathClaim};
use super::refusal::Reason;
use super::response::Response;
use super::sdp::{self, Announcement};
use super::track::{self, StreamUri};

const METHODS: &str = "OPTIONS, ANNOUNCE, SETUP, RECORD, GET_PARAMETER, SET_PARAMETER, TEARDOWN";

/// After this many wrong credentials the connection is closed.
const MAX_DENIALS: u32 = 5;

#[derive(Debug)]
enum State {
    /// Before ANNOUNCE and after TEARDOWN.
    Idle,
    /// After ANNOUNCE: some tracks may be set up. The path is not reserved yet.
    Announced(AnnouncedStream),
    /// After RECORD: the publisher sends packets.
    Recording(AnnouncedStream, PathClaim),
}

/// The stream that a publisher has announced.
#[derive(Debug)]
pub(super) struct AnnouncedStream {
    pub(super) announcement: Announcement,
    path: CameraPath,
    uri: StreamUri,
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
    door: Arc<Door>,
    peer: SocketAddr,
    challenger: Challenger,
    /// It was challenged and has not answered.
    challenged: bool,
    denials: u32,
    state: State,
}

impl RequestHandler {
    pub(super) fn new(door: Arc<Door>, peer: SocketAddr) -> Self {
        let challenger = Challenger::new(door.config.nonce_lifetime);
        Self { door, peer, challenger, challenged: false, denials: 0, state: State::Idle }
    }

    /// The stream that the publisher sends, after a successful RECORD.
    pub(super) fn recording(&self) -> Option<(&AnnouncedStream, &PathClaim)> {
        if let State::Recording(stream, claim) = &self.state { Some((stream, claim)) } else { None }
    }

    /// The camera whose stream was announced.
    pub(super) fn camera(&self) -> Option<&CameraId> {
        match &self.state {
            State::Idle => None,
            State::Announced(stream) | State::Recording(stream, _) => Some(&stream.path.camera),
        }
    }

    /// Whether the peer has ignored the challenge to log in.
    pub(super) fn ignored_challenge(&self) -> bool {
        self.challenged
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
                self.refuse(Reason::UnsupportedMethod, None);
                Response::new(405, "Method Not Allowed", "this server only records").header("Allow", METHODS)
            }
            _ => {
                self.refuse(Reason::UnsupportedMethod, None);
                Response::new(501, "Not Implemented", "")
            }
        }
    }

    fn announce(&mut self, request: &Request<Vec<u8>>) -> Response {
        if !matches!(self.state, State::Idle) {
            return self.invalid_state("this connection has already announced a stream");
        }
        let uri = match stream_uri(request) {
            Ok(uri) => uri,
            Err(body) => {
                self.refuse(Reason::BadPath, None);
                return Response::new(400, "Bad Request", body);
            }
        };
        // Who has not logged in sees the same whether the path is a camera's, in use, or nothing.
        let path = self.door.paths.find(&uri.path);
        let path = match path {
            Some(path) if matches!(path.access, Access::Anonymous) => path,
            path => match self.log_in(request, &uri.path, path.as_ref()) {
                Ok(()) => path.expect("there is a login only for a path of a camera"),
                Err(response) => return response,
            },
        };
        let announcement = match sdp::parse(request.body()) {
            Ok(announcement) => announcement,
            Err(problem) => {
                self.refuse(Reason::UnsupportedMedia, Some(&path.camera));
                return Response::new(415, "Unsupported Media Type", problem);
            }
        };
        if path.is_in_use() {
            return self.in_use(&path.camera);
        }
        let mut random = [0; 8];
        rand::rng().fill_bytes(&mut random);
        let channels = vec![None; announcement.controls.len()];
        let rtsp_session = hex::encode(random);
        self.state = State::Announced(AnnouncedStream { announcement, path, uri, rtsp_session, channels });
        Response::ok()
    }

    /// Checks the login of a request for this path. The time and the answer are the same where no camera has the path.
    fn log_in(&mut self, request: &Request<Vec<u8>>, name: &str, path: Option<&CameraPath>) -> Result<(), Response> {
        let camera = path.map(|path| &path.camera);
        let authorization = header(request, &headers::AUTHORIZATION).unwrap_or_default();
        if authorization.is_empty() {
            self.challenged = true;
            return Err(self.challenge(false));
        }
        self.challenged = false;
        let (address, now) = (self.peer.ip(), Instant::now());
        if let Err(wait) = self.door.paths.throttle.admit(address, name, now) {
            self.refuse(Reason::Throttled, camera);
            return Err(retry_later(wait));
        }
        let login = match path.map(|path| &path.access) {
            Some(Access::Login(login)) => login.read().clone(),
            Some(Access::Anonymous) | None => None,
        };
        let verdict = self.challenger.check(authorization, "ANNOUNCE", name, login.as_ref().unwrap_or(&NOBODY));
        match verdict {
            Verdict::Granted if login.is_some() => {
                self.door.paths.throttle.record_success(address, name, now);
                return Ok(());
            }
            Verdict::Stale => return Err(self.challenge(true)),
            Verdict::Granted | Verdict::Denied => {}
        }
        self.door.paths.throttle.record_failure(address, name, now);
        self.denials += 1;
        let reason = match (path, &login) {
            (None, _) => Reason::UnknownPath,
            (Some(_), None) => Reason::PasswordUnreadable,
            (Some(_), Some(_)) => Reason::WrongCredentials,
        };
        self.refuse(reason, camera);
        let response = self.challenge(false);
        Err(if self.denials >= MAX_DENIALS { response.closing() } else { response })
    }

    fn challenge(&mut self, stale: bool) -> Response {
        let [sha256, md5] = self.challenger.challenge(stale);
        Response::new(401, "Unauthorized", "").header("WWW-Authenticate", sha256).header("WWW-Authenticate", md5)
    }

    fn setup(&mut self, request: &Request<Vec<u8>>) -> Response {
        let State::Announced(stream) = &mut self.state else {
            return self.invalid_state("SETUP comes between ANNOUNCE and RECORD");
        };
        let Some(track) = track::index(request, &stream.uri, &stream.announcement) else {
            self.refuse(Reason::UnknownTrack, self.camera());
            return Response::new(404, "Not Found", "the announcement has no such track");
        };
        let Some(channel) = interleaved_channel(header(request, &headers::TRANSPORT).unwrap_or_default(), track) else {
            self.refuse(Reason::UnsupportedTransport, self.camera());
            return Response::new(461, "Unsupported Transport", "only RTP/AVP/TCP interleaved is supported");
        };
        stream.channels[track] = Some(channel);
        let transport = format!("RTP/AVP/TCP;unicast;interleaved={channel}-{};mode=record", channel + 1);
        self.with_session_header(Response::ok().header("Transport", transport))
    }

    /// Reserves the path. Until now a peer that goes no further has kept no other publisher away.
    fn record(&mut self) -> Response {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Announced(stream) if stream.video_channel().is_some() => {
                let Some(claim) = stream.path.claim() else { return self.in_use(&stream.path.camera) };
                self.state = State::Recording(stream, claim);
                self.with_session_header(Response::ok())
            }
            other => {
                self.state = other;
                self.invalid_state("RECORD comes after the video's SETUP")
            }
        }
    }

    fn with_session_header(&self, response: Response) -> Response {
        match &self.state {
            State::Idle => response,
            State::Announced(stream) | State::Recording(stream, _) => {
                let timeout = self.door.config.read_timeout.as_secs();
                response.header("Session", format!("{};timeout={timeout}", stream.rtsp_session))
            }
        }
    }

    fn in_use(&self, camera: &CameraId) -> Response {
        self.refuse(Reason::InUse, Some(camera));
        Response::new(409, "Conflict", "another publisher is sending to this path").closing()
    }

    fn invalid_state(&self, body: &'static str) -> Response {
        self.refuse(Reason::InvalidState, self.camera());
        Response::new(455, "Method Not Valid in This State", body)
    }

    pub(super) fn refuse(&self, reason: Reason, camera: Option<&CameraId>) {
        self.door.refusals.count(reason, self.peer, camera);
    }
}

/// The login that is checked where there is none, so that the check takes the same time. It never grants anything.
static NOBODY: LazyLock<Login> = LazyLock::new(|| {
    let mut random = [0; 16];
    rand::rng().fill_bytes(&mut random);
    Login { username: String::from("nobody"), password: Secret::new(hex::encode(random)) }
});

fn retry_later(wait: Duration) -> Response {
    let seconds = wait.as_secs() + 1;
    Response::new(503, "Service Unavailable", "too many failed log-ins, try again later")
        .header("Retry-After", seconds.to_string())
        .closing()
}

fn header<'a>(request: &'a Request<Vec<u8>>, name: &HeaderName) -> Option<&'a str> {
    request.header(name).map(rtsp_types::HeaderValue::as_str)
}

/// The URI that a publisher announces; the error is the body of the response.
fn stream_uri(request: &Request<Vec<u8>>) -> Result<StreamUri, &'static str> {
    let uri = request.request_uri().ok_or("the request has no path")?;
    let path = path::decode(uri.path()).map_err(PathError::as_str)?;
    if path.is_empty() {
        return Err("the request has no path");
    }
    Ok(StreamUri { path, query: uri.query().map(str::to_owned) })
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
