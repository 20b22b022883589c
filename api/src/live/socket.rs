//! One live feed: what the client watches goes out as it comes, what the client says is followed.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use tokio::time::{MissedTickBehavior, interval, timeout};
use vru_auth::policy::Action;
use vru_live::wishes::{self, Wish};
use vru_live::{CameraState, Viewer};
use vru_proto::CameraId;

use super::bucket::Bucket;
use super::messages::{ServerMessage, Status, Watching};
use super::metrics::{Counted, Ended};
use super::permission::{Credentials, watchable};
use crate::auth::Caller;
use crate::http::Place;
use crate::state::ApiState;

const TICK: Duration = Duration::from_secs(1);
const PING_EVERY: Duration = Duration::from_secs(10);
/// A client from which nothing came for so long, no answer to a ping either, is gone.
const GONE_AFTER: Duration = Duration::from_secs(30);
/// A client that does not take a message in this time is gone.
const SEND_DEADLINE: Duration = Duration::from_secs(20);
/// How long a client may take to answer the end of its feed.
const FAREWELL: Duration = Duration::from_secs(2);
const RATES_EVERY: Duration = Duration::from_secs(2);

/// A feed that was let in.
#[derive(Debug)]
pub(crate) struct Feed {
    pub(crate) state: ApiState,
    pub(crate) caller: Caller,
    pub(crate) credentials: Credentials,
    pub(crate) place: Place,
}

/// Serves until the client leaves, or must.
pub(crate) async fn serve(mut socket: WebSocket, feed: Feed) {
    let counted = Counted::begin("socket");
    let Feed { state, caller, credentials, place } = feed;
    let viewer = state.feeds.viewer();
    let mut open = Open {
        state,
        caller,
        credentials,
        viewer,
        wishes: Vec::new(),
        allowed: HashMap::new(),
        told: HashMap::new(),
        bucket: Bucket::new(),
        heard: Instant::now(),
        pinged: Instant::now(),
        checked: Instant::now(),
        reported: Instant::now(),
    };
    let how = match open.run(&mut socket).await {
        Ok(how) | Err(how) => how,
    };
    counted.end(how);
    if let Some((code, reason)) = close_code(how) {
        let frame = CloseFrame { code, reason: reason.into() };
        // The client may be gone already.
        drop(timeout(TICK, socket.send(Message::Close(Some(frame)))).await);
        // One that still sends would see its connection reset instead of the code.
        drop(timeout(FAREWELL, async { while let Some(Ok(_)) = socket.recv().await {} }).await);
    }
    drop(place);
}

/// `None`: there is nobody to tell.
fn close_code(how: Ended) -> Option<(u16, &'static str)> {
    match how {
        Ended::Client | Ended::Slow => None,
        Ended::Stop => Some((1001, "the service stops")),
        Ended::Protocol => Some((1009, "the message is too long, or is none")),
        Ended::Unverified => Some((1013, "it cannot be checked whether this feed is allowed; try again")),
        Ended::Revoked => Some((4401, "this feed is not allowed any more")),
        Ended::Silent => Some((4408, "no answer to pings")),
        Ended::Flood => Some((4429, "too many messages")),
    }
}

struct Open {
    state: ApiState,
    caller: Caller,
    credentials: Credentials,
    viewer: Viewer,
    wishes: Vec<Wish>,
    /// With whether its pictures are blurred.
    allowed: HashMap<CameraId, Option<bool>>,
    /// The state that the client knows of each camera.
    told: HashMap<CameraId, bool>,
    bucket: Bucket,
    heard: Instant,
    pinged: Instant,
    checked: Instant,
    reported: Instant,
}

impl Open {
    async fn run(&mut self, socket: &mut WebSocket) -> Result<Ended, Ended> {
        let stop = self.state.feeds.stop.clone();
        // It is made once: each new one takes a place in a list that all feeds share.
        let mut stopped = std::pin::pin!(stop.cancelled());
        let mut tick = interval(TICK.min(self.state.config.live.check_every));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = &mut stopped => return Ok(Ended::Stop),
                received = socket.recv() => match received {
                    None => return Ok(Ended::Client),
                    Some(Ok(message)) => self.received(message, socket).await?,
                    Some(Err(error)) => return Ok(how_it_failed(error)),
                },
                _ = tick.tick() => self.tick(socket).await?,
                message = self.viewer.next() => send(socket, Message::Binary(message)).await?,
            }
        }
    }

    async fn received(&mut self, message: Message, socket: &mut WebSocket) -> Result<(), Ended> {
        self.heard = Instant::now();
        let text = match message {
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
            Message::Close(_) => return Err(Ended::Client),
            Message::Text(text) => Some(text),
            Message::Binary(_) => None,
        };
        if !self.bucket.take() {
            return Err(Ended::Flood);
        }
        let read = match &text {
            Some(text) => wishes::read(text, self.state.config.live.max_cameras),
            None => Err(wishes::InvalidWishes { field: String::new(), detail: "is not a text message".to_owned() }),
        };
        match read {
            Ok(wishes) => {
                self.wishes = wishes;
                self.told.retain(|camera, _| self.wishes.iter().any(|wish| wish.camera_id == *camera));
                match watchable(&self.state, &self.caller, &self.wishes).await {
                    Ok(allowed) => self.allow(allowed, true, socket).await,
                    Err(problem) => {
                        self.wishes.clear();
                        self.viewer.watch(HashMap::new());
                        let (code, detail) = (problem.code(), problem.detail());
                        say(socket, &ServerMessage::Error { code, field: None, detail }).await
                    }
                }
            }
            Err(wrong) => say(socket, &ServerMessage::invalid(&wrong)).await,
        }
    }

    /// Watches what is wished and allowed, and says so.
    async fn allow(
        &mut self,
        allowed: HashMap<CameraId, Option<bool>>,
        answer: bool,
        socket: &mut WebSocket,
    ) -> Result<(), Ended> {
        if allowed == self.allowed && !answer {
            return Ok(());
        }
        self.allowed = allowed;
        let watched = self.wishes.iter().filter(|wish| self.allowed.contains_key(&wish.camera_id));
        let watched = watched.map(|wish| (wish.camera_id.clone(), wish.rendition)).collect();
        // Before too: what others have watched already comes at once.
        self.blur();
        self.viewer.watch(watched);
        self.blur();
        let cameras = self.wishes.iter().map(|wish| Watching {
            camera_id: wish.camera_id.as_str(),
            rendition: wish.rendition,
            status: if self.allowed.contains_key(&wish.camera_id) { Status::Watching } else { Status::NotFound },
        });
        say(socket, &ServerMessage::Watching { cameras: cameras.collect() }).await
    }

    fn blur(&self) {
        self.viewer.blur(self.allowed.iter().filter_map(|(camera, blurred)| Some((camera, (*blurred)?))));
    }

    async fn tick(&mut self, socket: &mut WebSocket) -> Result<(), Ended> {
        if self.heard.elapsed() > GONE_AFTER {
            return Err(Ended::Silent);
        }
        if self.pinged.elapsed() >= PING_EVERY {
            self.pinged = Instant::now();
            send(socket, Message::Ping(Bytes::new())).await?;
        }
        if self.checked.elapsed() >= self.state.config.live.check_every {
            self.checked = Instant::now();
            self.check(socket).await?;
        }
        self.tell_states(socket).await?;
        let since = self.reported.elapsed();
        if since >= RATES_EVERY {
            self.reported = Instant::now();
            for rate in self.viewer.rates().iter().filter(|rate| rate.skipped > 0) {
                say(socket, &ServerMessage::rate(rate, since.as_secs_f64())).await?;
            }
        }
        Ok(())
    }

    async fn check(&mut self, socket: &mut WebSocket) -> Result<(), Ended> {
        let checked = self.credentials.check(&self.state, |caller: &Caller| caller.may(Action::OpenFeed)).await;
        match checked {
            Ok(Some(caller)) => self.caller = caller,
            Ok(None) => return Ok(()),
            Err((how, problem)) => {
                let (code, detail) = (problem.code(), problem.detail());
                say(socket, &ServerMessage::Error { code, field: None, detail }).await?;
                return Err(how);
            }
        }
        // If the database fails in between, the next check asks again.
        if let Ok(allowed) = watchable(&self.state, &self.caller, &self.wishes).await {
            self.allow(allowed, false, socket).await?;
        }
        Ok(())
    }

    async fn tell_states(&mut self, socket: &mut WebSocket) -> Result<(), Ended> {
        for (camera, state) in self.viewer.states() {
            let silent = state != CameraState::Live;
            if self.told.get(&camera) != Some(&silent) {
                say(socket, &ServerMessage::state(camera.as_str(), state)).await?;
                self.told.insert(camera, silent);
            }
        }
        Ok(())
    }
}

async fn say(socket: &mut WebSocket, message: &ServerMessage<'_>) -> Result<(), Ended> {
    send(socket, Message::Text(message.text())).await
}

async fn send(socket: &mut WebSocket, message: Message) -> Result<(), Ended> {
    match timeout(SEND_DEADLINE, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Ended::Client),
        Err(_) => Err(Ended::Slow),
    }
}

/// A connection that was lost, or a client that does not keep to the protocol.
fn how_it_failed(error: axum::Error) -> Ended {
    let inner = error.into_inner();
    if inner.downcast_ref::<std::io::Error>().is_some() || inner.to_string().starts_with("IO error") {
        return Ended::Client;
    }
    tracing::debug!(error = inner.to_string(), "a live feed broke the protocol");
    Ended::Protocol
}
