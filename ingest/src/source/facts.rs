//! What a connection has shown of its camera, for whoever tests a camera. Recording it costs a few instructions for each packet.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use parking_lot::Mutex;

/// What a camera says of itself is cut after so many bytes.
const LONGEST: usize = 200;
/// Streams of one camera that are remembered.
const MAX_OFFERED: usize = 16;
const UNKNOWN: i64 = i64::MIN;

/// How far a connection has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    #[default]
    Start,
    /// The host is looked up.
    Lookup,
    Connect,
    Tls,
    /// The camera has not answered this request yet.
    Request(String),
    /// It plays, and no packet of video has come.
    Video,
    /// Packets come, and no picture has been decoded.
    Picture,
}

impl Phase {
    /// For programs; empty for the start.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Start => "",
            Self::Lookup => "lookup",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Request(_) => "request",
            Self::Video => "video",
            Self::Picture => "picture",
        }
    }

    /// What did not happen, for people.
    pub fn missing(&self) -> String {
        match self {
            Self::Start => "the connection was not begun".to_owned(),
            Self::Lookup => "its host name was not resolved".to_owned(),
            Self::Connect => "it did not accept the connection: a firewall may drop packets to it".to_owned(),
            Self::Tls => "it did not finish the TLS handshake".to_owned(),
            Self::Request(method) => format!("it accepted the connection, and did not answer the request {method}"),
            Self::Video => "it plays, and no packet of video came: a firewall may drop UDP".to_owned(),
            Self::Picture => {
                "packets of video came, and no picture that can be decoded: it may send no key frames".to_owned()
            }
        }
    }
}

/// A request that the camera did not grant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    pub method: String,
    pub status: u16,
    /// `404 Not Found`.
    pub line: String,
}

/// A stream in the camera's description.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offered {
    /// `video`, `audio`, `application`.
    pub media: String,
    /// The name in RTP; may be empty.
    pub codec: String,
    /// Video that we support.
    pub usable: bool,
}

/// What is known of the stream.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seen {
    pub codec: &'static str,
    pub profile: String,
    /// What the camera calls its server.
    pub server: String,
    /// 0 if too few pictures came.
    pub frames_per_second: f64,
    /// How far the camera's clock is ahead of ours; `None` without sender reports.
    pub clock_ahead_us: Option<i64>,
}

#[derive(Debug)]
pub struct Facts {
    state: Mutex<State>,
    /// By the camera's RTP clock, in nanoseconds.
    last_pts: AtomicU64,
    first_pts: AtomicU64,
    newest_pts: AtomicU64,
    pictures: AtomicU64,
    /// Of the packet that was delayed least.
    clock_ahead_us: AtomicI64,
}

#[derive(Debug, Default)]
struct State {
    phase: Phase,
    server: String,
    refused: Option<Answer>,
    offered: Vec<Offered>,
    codec: &'static str,
    profile: String,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            state: Mutex::default(),
            last_pts: AtomicU64::new(u64::MAX),
            first_pts: AtomicU64::new(u64::MAX),
            newest_pts: AtomicU64::new(0),
            pictures: AtomicU64::new(0),
            clock_ahead_us: AtomicI64::new(UNKNOWN),
        }
    }
}

impl Facts {
    /// The connection has come so far. A redirect leads back to the lookup; nothing leads back from packets.
    pub(super) fn reach(&self, phase: Phase) {
        let mut state = self.state.lock();
        if state.phase != Phase::Picture {
            state.phase = phase;
        }
    }

    /// A response of the camera to the newest request.
    pub(super) fn answered(&self, status: u16, line: &str, server: Option<&str>) {
        let mut state = self.state.lock();
        if let Some(server) = server {
            state.server = cut(server);
        }
        let Phase::Request(method) = &state.phase else { return };
        match status {
            200..300 if method == "PLAY" => state.phase = Phase::Video,
            // 401 asks for a log-in, and a redirect leads elsewhere.
            ..=399 | 401 => {}
            _ => state.refused = Some(Answer { method: method.clone(), status, line: cut(line) }),
        }
    }

    pub(super) fn offered(&self, media: &str, codec: &str, usable: bool) {
        let mut state = self.state.lock();
        let stream = Offered { media: cut(media), codec: cut(codec), usable };
        if state.offered.len() < MAX_OFFERED && !state.offered.contains(&stream) {
            state.offered.push(stream);
        }
    }

    pub(super) fn codec(&self, codec: &'static str) {
        self.state.lock().codec = codec;
    }

    pub(super) fn profile(&self, profile: String) {
        self.state.lock().profile = profile;
    }

    /// A packet came, with its time by the camera's RTP clock. Called by one thread.
    pub(super) fn packet(&self, pts_ns: u64, arrived_us: i64, camera_us: Option<i64>) {
        // The packets of a picture have the same time.
        if self.last_pts.swap(pts_ns, Ordering::Relaxed) != pts_ns {
            if self.pictures.fetch_add(1, Ordering::Relaxed) == 0 {
                self.reach(Phase::Picture);
            }
            self.first_pts.fetch_min(pts_ns, Ordering::Relaxed);
            self.newest_pts.fetch_max(pts_ns, Ordering::Relaxed);
        }
        if let Some(camera_us) = camera_us {
            self.clock_ahead_us.fetch_max(camera_us.saturating_sub(arrived_us), Ordering::Relaxed);
        }
    }

    pub fn phase(&self) -> Phase {
        self.state.lock().phase.clone()
    }

    /// The last request that the camera did not grant.
    pub fn refused(&self) -> Option<Answer> {
        self.state.lock().refused.clone()
    }

    /// The streams that the camera offers, if none of them can be used.
    pub fn unusable_streams(&self) -> Option<Vec<Offered>> {
        let offered = self.state.lock().offered.clone();
        (!offered.is_empty() && offered.iter().all(|stream| !stream.usable)).then_some(offered)
    }

    pub fn has_clock(&self) -> bool {
        self.clock_ahead_us.load(Ordering::Relaxed) != UNKNOWN
    }

    pub fn seen(&self) -> Seen {
        let State { codec, profile, server, .. } = &*self.state.lock();
        let (pictures, first) = (self.pictures.load(Ordering::Relaxed), self.first_pts.load(Ordering::Relaxed));
        let span = self.newest_pts.load(Ordering::Relaxed).saturating_sub(first);
        let frames_per_second = if pictures < 3 || span == 0 { 0.0 } else { (pictures - 1) as f64 * 1e9 / span as f64 };
        let ahead_us = self.clock_ahead_us.load(Ordering::Relaxed);
        Seen {
            codec,
            profile: profile.clone(),
            server: server.clone(),
            frames_per_second,
            clock_ahead_us: (ahead_us != UNKNOWN).then_some(ahead_us),
        }
    }
}

/// Without what would break a line.
fn cut(text: &str) -> String {
    let mut text: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    text.truncate(text.floor_char_boundary(LONGEST));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_pictures_in_any_order_and_not_of_packets() {
        let facts = Facts::default();
        let frame = 40_000_000;
        facts.packet(0, 0, None);
        assert!((facts.seen().frames_per_second).abs() < f64::EPSILON);
        // Of four pictures, the last is sent before two that are shown earlier.
        for group in 0..10 {
            for picture in [0, 3, 1, 2] {
                for _packet in 0..3 {
                    facts.packet((group * 4 + picture) * frame, 0, None);
                }
            }
        }
        let rate = facts.seen().frames_per_second;
        assert!((rate - 25.0).abs() < 0.7, "{rate}");
    }

    #[test]
    fn the_clock_is_that_of_the_packet_that_was_delayed_least() {
        let facts = Facts::default();
        assert_eq!((facts.seen().clock_ahead_us, facts.has_clock()), (None, false));
        for (arrived, camera) in [(1_000, Some(-500)), (2_000, Some(1_900)), (3_000, Some(2_500)), (4_000, None)] {
            facts.packet(0, arrived, camera);
        }
        assert_eq!((facts.seen().clock_ahead_us, facts.has_clock()), (Some(-100), true));
    }

    #[test]
    fn what_a_camera_says_is_cut_and_the_phase_follows_the_requests() {
        let facts = Facts::default();
        facts.reach(Phase::Request("DESCRIBE".to_owned()));
        facts.answered(404, &format!("404 Not\nFound {}", "ä".repeat(200)), Some("a\r\nserver"));
        let refused = facts.refused().unwrap();
        assert_eq!(
            (refused.method.as_str(), refused.status, facts.seen().server.as_str()),
            ("DESCRIBE", 404, "a  server")
        );
        assert!(refused.line.starts_with("404 Not Found") && refused.line.len() <= LONGEST);
        facts.answered(401, "401 Unauthorized", None);
        assert_eq!(facts.refused(), Some(refused));
        facts.reach(Phase::Request("PLAY".to_owned()));
        facts.answered(200, "200 OK", None);
        assert_eq!(facts.phase(), Phase::Video);
        facts.packet(0, 0, None);
        facts.reach(Phase::Request("TEARDOWN".to_owned()));
        assert_eq!(facts.phase(), Phase::Picture);
    }
}
