//! Requests of `rtspsrc` on their way to the camera, and the camera's responses on their way back: adds the log-in to each request, answers
//! challenges, and decides when a log-in has failed. It does no I/O.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use vru_runtime::cameras::Login;

use super::LinkError;
use super::answer::Answers;
use super::challenge::{Method, Offer, offer};
use super::description::with_absolute_controls;
use super::keep_alive::KeepAlive;
use super::wire::Message;

/// Requests that wait for a response. `rtspsrc` sends one after the other.
const MAX_PENDING: usize = 32;
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
    keep_alive: KeepAlive,
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
        Self {
            local,
            target,
            login,
            answers: None,
            accepted: false,
            sequence: 0,
            pending,
            keep_alive: KeepAlive::default(),
        }
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
        self.keep_alive.longest_silence()
    }

    /// A request that keeps the session alive; `None` while nothing plays, or while the last one is not answered.
    pub(super) fn keep_alive(&mut self) -> Option<Vec<u8>> {
        if self.pending.iter().any(|pending| pending.own) {
            return None;
        }
        let request = self.keep_alive.request()?;
        Some(self.send(Pending { sequence: 0, request, sent_with: None, renewed: 0, own: true }))
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
                self.keep_alive.follow(&pending.request, &response);
                self.complete(&mut response, &pending.request, camera);
            }
            _ if pending.own => self.keep_alive.refused(),
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

    /// Adds what `rtspsrc` would otherwise take from its own connection, which ends here, and removes what cameras get wrong.
    fn complete(&self, response: &mut Message, request: &Message, camera: IpAddr) {
        match request.method_and_uri().0 {
            "DESCRIBE" => {
                let base = self.base(response.header("Content-Base").or(response.header("Content-Location")));
                response.body = with_absolute_controls(&response.body, &base).into();
                response.set("Content-Length", response.body.len().to_string());
                response.set("Content-Base", base);
            }
            "SETUP" => {
                if let Some(transport) = response.header("Transport").map(str::to_owned)
                    && !transport.contains("interleaved")
                {
                    let asked = request.header("Transport").unwrap_or_default();
                    let channels = asked.split([';', ',']).find(|part| part.trim().starts_with("interleaved="));
                    // Some cameras use the channels that they were asked for, and do not say so.
                    if let Some(channels) = channels.filter(|_| transport.contains("/TCP")) {
                        response.set("Transport", format!("{transport};{}", channels.trim()));
                    } else if !transport.contains("source=") {
                        response.set("Transport", format!("{transport};source={camera}"));
                    }
                }
            }
            // It would tell the sequence number and time of the first packet. Cameras give wrong ones, and packets would be discarded.
            "PLAY" => response.remove("RTP-Info"),
            _ => {}
        }
    }

    /// The base URL of the tracks. Some cameras write the host without a scheme, a path alone, or nothing.
    fn base(&self, given: Option<&str>) -> String {
        match given {
            Some(base) if base.starts_with("rtsp://") || base.starts_with("rtsps://") => base.to_owned(),
            Some(base) if !base.is_empty() && !base.starts_with('/') => format!("rtsp://{base}"),
            _ => self.target.clone(),
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
        self.keep_alive = KeepAlive::default();
        let pending = std::mem::take(&mut self.pending);
        pending.into_iter().flat_map(|pending| self.send(pending)).collect()
    }
}

#[cfg(test)]
mod tests;
