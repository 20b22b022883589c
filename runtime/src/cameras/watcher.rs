use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::current::CurrentCameras;
use super::event::CameraEvent;
use super::refresh::Refreshes;
use crate::admin::ReadyFlag;

/// What both sources (file and topic) work with: the cameras sent so far, the channel to the receiver, the requests to look again, and the
/// service's readiness.
pub(super) struct Watcher {
    pub(super) current: CurrentCameras,
    pub(super) refreshes: Refreshes,
    pub(super) stop: CancellationToken,
    pub(super) ready: ReadyFlag,
    events: mpsc::Sender<CameraEvent>,
}

/// Ends the watch: no more events can be delivered.
#[derive(Debug)]
pub(super) struct ReceiverDropped;

impl Watcher {
    pub(super) fn new(
        events: mpsc::Sender<CameraEvent>,
        refreshes: Refreshes,
        stop: CancellationToken,
        ready: ReadyFlag,
    ) -> Self {
        Self { current: CurrentCameras::default(), refreshes, stop, ready, events }
    }

    /// Waits while the channel is full. Also reports a dropped receiver when there is no event.
    pub(super) async fn send(&self, events: impl IntoIterator<Item = CameraEvent>) -> Result<(), ReceiverDropped> {
        for event in events {
            self.events.send(event).await.map_err(|_| ReceiverDropped)?;
        }
        if self.events.is_closed() { Err(ReceiverDropped) } else { Ok(()) }
    }

    /// Everything that the source holds was sent.
    pub(super) async fn settled(&mut self) -> Result<(), ReceiverDropped> {
        self.send([CameraEvent::CaughtUp]).await?;
        self.refreshes.caught_up();
        self.ready.ready();
        Ok(())
    }
}
