//! Asking the watcher to look at its source now.

use tokio::sync::{mpsc, oneshot};

/// Asks a watch of the cameras to make sure that it has sent everything that its source holds.
#[derive(Debug, Clone)]
pub struct Refresher {
    requests: mpsc::Sender<oneshot::Sender<u64>>,
}

impl Refresher {
    /// Waits until every camera and every change that the source holds at the time of the call is in the channel of events. Returns how
    /// many [`CameraEvent::CaughtUp`](super::CameraEvent::CaughtUp) have been put into it by then. None: the watch has ended.
    pub async fn refresh(&self) -> Option<u64> {
        let (answer, answered) = oneshot::channel();
        self.requests.send(answer).await.ok()?;
        answered.await.ok()
    }
}

/// The watcher's end.
#[derive(Debug)]
pub(super) struct Refreshes {
    requests: mpsc::Receiver<oneshot::Sender<u64>>,
    open: bool,
    waiting: Vec<oneshot::Sender<u64>>,
    /// How many `CaughtUp` were sent.
    caught_up: u64,
}

/// Requests that may wait; further callers wait for room.
const MAX_WAITING: usize = 64;

impl Refreshes {
    pub(super) fn new() -> (Refresher, Self) {
        let (requests_tx, requests) = mpsc::channel(MAX_WAITING);
        (Refresher { requests: requests_tx }, Self { requests, open: true, waiting: Vec::new(), caught_up: 0 })
    }

    /// The next request; waits for ever when nobody can send one. Cancel-safe.
    pub(super) async fn next(&mut self) -> Option<oneshot::Sender<u64>> {
        if !self.open {
            return std::future::pending().await;
        }
        self.requests.recv().await
    }

    /// Keeps the request until the next answer. False if there is none: all callers are gone.
    pub(super) fn answer_later(&mut self, request: Option<oneshot::Sender<u64>>) -> bool {
        self.open = request.is_some();
        self.waiting.extend(request);
        self.open
    }

    /// `CaughtUp` was sent: what waited for it is answered.
    pub(super) fn caught_up(&mut self) {
        self.caught_up += 1;
        self.answer();
    }

    pub(super) fn answer(&mut self) {
        for waiting in self.waiting.drain(..) {
            // The caller may have given up.
            waiting.send(self.caught_up).ok();
        }
    }
}
