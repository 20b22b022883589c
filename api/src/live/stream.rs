//! One stream of a site's events (`text/event-stream`).

use std::convert::Infallible;
use std::time::{Duration, Instant};

use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use vru_auth::policy::Action;

use super::events::Listener;
use super::metrics::{Counted, Ended};
use super::permission::Credentials;
use super::places::Place;
use crate::auth::Caller;
use crate::state::ApiState;

const HEARTBEAT: Duration = Duration::from_secs(15);
/// Events that wait for the connection, besides those that wait for this stream.
const MAX_WAITING: usize = 16;
/// How long the connection may take for one.
const SEND_DEADLINE: Duration = Duration::from_secs(20);

/// A stream that was let in.
#[derive(Debug)]
pub(crate) struct EventStream {
    pub(crate) state: ApiState,
    pub(crate) site: String,
    pub(crate) credentials: Credentials,
}

impl EventStream {
    /// Begins to listen, and answers with what comes. The place is taken until it ends.
    pub(crate) fn answer(self, place: Place) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<>> {
        let (sender, receiver) = mpsc::channel(MAX_WAITING);
        let listener = self.state.feeds.listen(&self.site);
        let task = self.state.feeds.task();
        tokio::spawn(async move {
            let counted = Counted::begin("events");
            let how = self.run(listener, &sender).await.unwrap_or_else(|how| how);
            counted.end(how);
            drop((place, task));
        });
        let events = futures::stream::unfold(receiver, |mut receiver: mpsc::Receiver<Event>| async move {
            receiver.recv().await.map(|event| (Ok(event), receiver))
        });
        Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT))
    }

    async fn run(mut self, mut listener: Listener, client: &mpsc::Sender<Event>) -> Result<Ended, Ended> {
        let stop = self.state.feeds.stop.clone();
        let check_every = self.state.config.live.check_every;
        let mut tick = interval(check_every);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut checked = Instant::now();
        let mut reading = false;
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(Ended::Stop),
                () = client.closed() => return Ok(Ended::Client),
                _ = tick.tick() => if checked.elapsed() >= check_every {
                    checked = Instant::now();
                    self.check().await?;
                },
                event = listener.events.recv() => match event {
                    Ok(event) => send(client, Event::default().event(event.name).data(&*event.data)).await?,
                    Err(RecvError::Lagged(_)) => return Ok(Ended::Slow),
                    Err(RecvError::Closed) => return Ok(Ended::Stop),
                },
                changed = async { listener.reading.wait_for(|now| *now != reading).await.map(|now| *now) } => {
                    let Ok(now) = changed else { return Ok(Ended::Stop) };
                    reading = now;
                    let name = if now { "ready" } else { "interrupted" };
                    send(client, Event::default().event(name).data("{}")).await?;
                }
            }
        }
    }

    async fn check(&mut self) -> Result<(), Ended> {
        let site = &self.site;
        let may = |caller: &Caller| caller.may_at(Action::SeeAlerts, site);
        self.credentials.check(&self.state, may).await.map(drop).map_err(|(how, _)| how)
    }
}

async fn send(client: &mpsc::Sender<Event>, event: Event) -> Result<(), Ended> {
    match client.send_timeout(event, SEND_DEADLINE).await {
        Ok(()) => Ok(()),
        Err(mpsc::error::SendTimeoutError::Timeout(_)) => Err(Ended::Slow),
        Err(mpsc::error::SendTimeoutError::Closed(_)) => Err(Ended::Client),
    }
}
