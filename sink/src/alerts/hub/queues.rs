use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::alerts::encoded_alert::EncodedAlert;
use crate::alerts::filter::Filter;
use crate::alerts::resume_token::Place;
use crate::metrics::{ENDED_STREAMS, SUBSCRIBERS};

/// What the hub puts into a subscriber's queue.
#[derive(Debug, Clone)]
pub(crate) enum Update {
    /// An alert, and the token after it as an encoded field.
    Alert { alert: Arc<EncodedAlert>, token: Bytes },
    /// Kafka deleted records before the feed read them; or the whole topic, which was created again and is read from this place on.
    Gap { missed: u64, place: Arc<Place>, recreated: bool },
}

/// The queues of all attached subscribers. Each is bounded: a subscriber whose queue is full when an update comes is too slow and
/// is detached, so that it neither blocks the others nor costs more memory.
#[derive(Debug)]
pub(super) struct Queues {
    capacity: usize,
    by_id: HashMap<u64, Queue>,
    next_id: u64,
}

#[derive(Debug)]
struct Queue {
    filter: Arc<Filter>,
    updates: mpsc::Sender<Update>,
    overflowed: CancellationToken,
}

/// The subscriber's end of its queue.
#[derive(Debug)]
pub(super) struct Receiver {
    pub(super) id: u64,
    pub(super) updates: mpsc::Receiver<Update>,
    pub(super) overflowed: CancellationToken,
}

impl Queues {
    /// `capacity`: updates that may wait for each subscriber.
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, by_id: HashMap::new(), next_id: 0 }
    }

    pub(super) fn add(&mut self, filter: Arc<Filter>) -> Receiver {
        let (sender, updates) = mpsc::channel(self.capacity);
        let (id, overflowed) = (self.next_id, CancellationToken::new());
        self.next_id += 1;
        self.by_id.insert(id, Queue { filter, updates: sender, overflowed: overflowed.clone() });
        self.report_size();
        Receiver { id, updates, overflowed }
    }

    pub(super) fn remove(&mut self, id: u64) {
        self.by_id.remove(&id);
        self.report_size();
    }

    /// Sends an alert to the subscribers whose filters it passes, and a gap to all.
    pub(super) fn send(&mut self, update: &Update) {
        self.by_id.retain(|_, queue| {
            if let Update::Alert { alert, .. } = update
                && !queue.filter.passes(alert)
            {
                return true;
            }
            match queue.updates.try_send(update.clone()) {
                Ok(()) => true,
                Err(mpsc::error::TrySendError::Full(_)) => {
                    ENDED_STREAMS.with_label_values(&["slow"]).inc();
                    queue.overflowed.cancel();
                    false
                }
                Err(mpsc::error::TrySendError::Closed(_)) => false,
            }
        });
    }

    fn report_size(&self) {
        SUBSCRIBERS.with_label_values(&["attached"]).set(self.by_id.len() as i64);
    }
}
