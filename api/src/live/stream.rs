//! One stream of a site's events (`text/event-stream`).

use std::convert::Infallible;
use std::time::{Duration, Instant};

use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{Stream, StreamExt};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use tokio_stream::wrappers::ReceiverStream;
use vru_auth::policy::Action;

use super::bookmark::Bookmark;
use super::events::{Listener, SiteEvent};
use super::metrics::{Counted, Ended};
use super::missed::{Missed, Step};
use super::permission::Credentials;
use crate::auth::Caller;
use crate::http::Place;
use crate::state::ApiState;

const HEARTBEAT: Duration = Duration::from_secs(15);
/// Events that wait for the connection, besides those that wait for this stream.
const MAX_WAITING: usize = 16;
/// How long a stream may tell what it missed. Whoever takes longer comes back with the id of the last event, and waits for another turn.
const MISSED_WITHIN: Duration = Duration::from_mins(2);
/// How long the connection may take for one.
const SEND_DEADLINE: Duration = Duration::from_secs(20);

/// A stream that was let in.
#[derive(Debug)]
pub(crate) struct EventStream {
    pub(crate) state: ApiState,
    pub(crate) site: String,
    pub(crate) credentials: Credentials,
    /// The client has everything before it. `None`: it wants what comes from now on.
    pub(crate) from: Option<Bookmark>,
}

impl EventStream {
    /// Begins to listen, and answers with what comes. The place is taken until it ends.
    pub(crate) fn answer(self, place: Place) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<>> {
        let (client, receiver) = mpsc::channel(MAX_WAITING);
        let listener = self.state.feeds.listen(&self.site);
        let task = self.state.feeds.task();
        tokio::spawn(async move {
            let counted = Counted::begin("events");
            let Self { state, site, credentials, from } = self;
            let checked = Instant::now();
            let running = Running { state, site, credentials, client, checked, has: from, caught_up: None };
            let how = running.run(listener).await.unwrap_or_else(|how| how);
            counted.end(how);
            drop((place, task));
        });
        let events = ReceiverStream::new(receiver).map(Ok);
        Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT))
    }
}

struct Running {
    state: ApiState,
    site: String,
    credentials: Credentials,
    client: mpsc::Sender<Event>,
    /// When it was asked last whether the client may have the stream.
    checked: Instant,
    /// What the client has: everything before it.
    has: Option<Bookmark>,
    /// Where the reading of what was missed has ended: events before it were told.
    caught_up: Option<Bookmark>,
}

impl Running {
    async fn run(mut self, mut listener: Listener) -> Result<Ended, Ended> {
        let stop = self.state.feeds.stop.clone();
        let mut tick = interval(self.state.config.live.check_every);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut reading = false;
        let mut idle_until = Instant::now() + HEARTBEAT;
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(Ended::Stop),
                () = self.client.closed() => return Ok(Ended::Client),
                _ = tick.tick() => {
                    self.check_if_due().await?;
                    // Before the queue is looked at: whatever is before it was put there.
                    let told = listener.told();
                    if reading && Instant::now() >= idle_until && listener.events.is_empty() {
                        idle_until = Instant::now() + HEARTBEAT;
                        self.tell_id(told).await?;
                    }
                }
                event = listener.events.recv() => match event {
                    Ok(event) if is_told(&event, self.caught_up.as_ref()) => {}
                    Ok(event) => self.tell(event).await?,
                    Err(RecvError::Lagged(_)) => return Ok(Ended::Slow),
                    Err(RecvError::Closed) => return Ok(Ended::Stop),
                },
                changed = async { listener.reading.wait_for(|now| *now != reading).await.map(|now| *now) } => {
                    let Ok(now) = changed else { return Ok(Ended::Stop) };
                    reading = now;
                    if !reading {
                        self.send(Event::default().event("interrupted").data("{}")).await?;
                        continue;
                    }
                    // From here on, events wait in the queue, and what is before them is read.
                    if let Some(from) = self.has.clone() {
                        let caught_up = self.tell_missed(&listener, &from).await?;
                        self.has = Some(caught_up.clone());
                        self.caught_up = Some(caught_up);
                    } else {
                        self.has = listener.told();
                    }
                    let id = self.has.as_ref().map(Bookmark::id).unwrap_or_default();
                    self.send(Event::default().event("ready").id(id).data("{}")).await?;
                }
            }
        }
    }

    /// Tells all that came behind this place. Where it ends.
    async fn tell_missed(&mut self, listener: &Listener, from: &Bookmark) -> Result<Bookmark, Ended> {
        let stop = self.state.feeds.stop.clone();
        let (state, site, client) = (self.state.clone(), self.site.clone(), self.client.clone());
        let telling = async {
            let failed = |error: anyhow::Error| {
                tracing::warn!(error = format!("{error:#}"), "a stream cannot read what it missed, and ends");
                Ended::Stop
            };
            let kafka = &state.config.kafka;
            let mut missed = Missed::start(kafka, &state.database, &site, from).await.map_err(failed)?;
            while let Some(step) = missed.next().await.map_err(failed)? {
                self.check_if_due().await?;
                match step {
                    Step::Event(event) => self.tell(event).await?,
                    Step::Gap(at) => {
                        let detail = "some alerts before this moment are not kept as events any more: ask for the list of alerts";
                        let data = serde_json::json!({ "detail": detail }).to_string();
                        self.send(Event::default().event("gap").id(at.id()).data(data)).await?;
                    }
                }
            }
            Ok(missed.end())
        };
        tokio::select! {
            () = stop.cancelled() => Err(Ended::Stop),
            () = client.closed() => Err(Ended::Client),
            told = listener.in_turn(MISSED_WITHIN, telling) => told.unwrap_or(Err(Ended::Slow)),
        }
    }

    async fn tell(&mut self, event: SiteEvent) -> Result<(), Ended> {
        let mut message = Event::default().event(event.name).data(&*event.data);
        if let Some(place) = &event.place {
            let has = place.after.clone().not_before(self.caught_up.as_ref());
            message = message.id(has.id());
            self.has = Some(has);
        }
        self.send(message).await
    }

    /// Nothing happened, and the client need not look at it again.
    async fn tell_id(&mut self, told: Option<Bookmark>) -> Result<(), Ended> {
        let Some(has) = told.map(|told| told.not_before(self.caught_up.as_ref())) else { return Ok(()) };
        if self.has.as_ref() != Some(&has) {
            self.send(Event::default().id(has.id())).await?;
            self.has = Some(has);
        }
        Ok(())
    }

    async fn check_if_due(&mut self) -> Result<(), Ended> {
        if self.checked.elapsed() < self.state.config.live.check_every {
            return Ok(());
        }
        self.checked = Instant::now();
        let site = &self.site;
        let may = |caller: &Caller| caller.may_at(Action::SeeAlerts, site);
        self.credentials.check(&self.state, may).await.map(drop).map_err(|(how, _)| how)
    }

    async fn send(&self, event: Event) -> Result<(), Ended> {
        match self.client.send_timeout(event, SEND_DEADLINE).await {
            Ok(()) => Ok(()),
            Err(mpsc::error::SendTimeoutError::Timeout(_)) => Err(Ended::Slow),
            Err(mpsc::error::SendTimeoutError::Closed(_)) => Err(Ended::Client),
        }
    }
}

/// Whether the event was among those that were missed.
fn is_told(event: &SiteEvent, caught_up: Option<&Bookmark>) -> bool {
    let (Some(place), Some(caught_up)) = (&event.place, caught_up) else { return false };
    let position = usize::try_from(place.partition).ok().and_then(|number| caught_up.positions.get(number));
    place.after.stream == caught_up.stream && position.is_some_and(|&position| place.offset < position)
}
