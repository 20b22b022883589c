//! Connects the feed with the subscribers: the [`ring`] of recent alerts, and the bounded [`queues`] of the subscribers.
//!
//! One lock covers both. A subscriber attaches under it: it takes the ring's alerts from its position on as a backlog, and every
//! later alert goes into its queue. So no alert is lost between the two, and none comes twice.

mod queues;
mod ring;

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub(crate) use queues::Update;
use queues::{Queues, Receiver};
use ring::{Advance, Ring};

use super::encoded_alert::EncodedAlert;
use super::filter::Filter;
use super::recent_ids::RecentIds;
use super::resume_token::{Positions, StreamId, encode};
use super::wire::token_field;
use crate::metrics::{DUPLICATE_ALERTS, RING_ALERTS, RING_BYTES};

const NO_LABELS: &[&str] = &[];

/// Cheap to clone; all clones are one hub.
#[derive(Debug, Clone)]
pub(crate) struct Hub(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    stream: StreamId,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    ring: Ring,
    recent: RecentIds,
    queues: Queues,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) ring_alerts: usize,
    pub(crate) ring_bytes: usize,
    /// Updates that may wait for each subscriber.
    pub(crate) queue: usize,
}

impl Hub {
    pub(crate) fn new(stream: StreamId, limits: Limits) -> Self {
        let ring = Ring::new(limits.ring_alerts, limits.ring_bytes);
        let state = State { ring, recent: RecentIds::new(), queues: Queues::new(limits.queue) };
        Self(Arc::new(Inner { stream, state: Mutex::new(state) }))
    }

    pub(crate) fn stream(&self) -> StreamId {
        self.0.stream
    }

    /// The offset of each partition that the feed reads next.
    pub(crate) fn head(&self) -> Positions {
        self.0.state.lock().ring.head().clone()
    }

    /// Adds the partitions that are not known yet, each to be read from its start.
    pub(crate) fn add_partitions(&self, starts: &[i64]) {
        self.0.state.lock().ring.add_partitions(starts);
    }

    /// Takes the next record of a partition, an alert.
    pub(crate) fn publish(&self, alert: EncodedAlert) {
        let mut guard = self.0.state.lock();
        let state = &mut *guard;
        if !state.advance(alert.partition, alert.offset) {
            return;
        }
        if !state.recent.insert(&alert.id) {
            DUPLICATE_ALERTS.with_label_values(&["alerts"]).inc();
            return;
        }
        let alert = Arc::new(alert);
        state.ring.push(alert.clone());
        RING_ALERTS.with_label_values(NO_LABELS).set(state.ring.len() as i64);
        RING_BYTES.with_label_values(NO_LABELS).set(state.ring.bytes() as i64);
        let token = token_field(&encode(self.0.stream, state.ring.head()));
        state.queues.send(&Update::Alert { alert, token });
    }

    /// Takes the next record of a partition that is not an alert.
    pub(crate) fn skip(&self, partition: usize, offset: i64) {
        self.0.state.lock().advance(partition, offset);
    }

    /// Attaches a subscriber at these positions; `None` is replaced by the head. Returns none when the ring does not reach back that
    /// far.
    pub(crate) fn attach(&self, positions: &mut Option<Positions>, filter: &Arc<Filter>) -> Option<Attachment> {
        let mut guard = self.0.state.lock();
        let State { ring, queues, .. } = &mut *guard;
        let positions = positions.get_or_insert_with(|| ring.head().clone());
        if positions.len() < ring.head().len() {
            positions.resize(ring.head().len(), 0);
        }
        if !ring.covers(positions) {
            return None;
        }
        let backlog = ring.since(positions).filter(|alert| filter.passes(alert)).cloned().collect();
        let head = ring.head().iter().chain(std::iter::repeat(&0));
        let ahead = positions.iter().zip(head).any(|(position, head)| position > head);
        let Receiver { id, updates, overflowed } = queues.add(filter.clone());
        Some(Attachment { hub: self.clone(), id, backlog, updates, overflowed, ahead })
    }
}

impl State {
    /// Moves the head past a record, and reports a gap before it. False when the record was read before.
    fn advance(&mut self, partition: usize, offset: i64) -> bool {
        match self.ring.advance(partition, offset) {
            Advance::Next => true,
            Advance::Repeated => false,
            Advance::Gap { missed, positions } => {
                self.queues.send(&Update::Gap { missed, positions: Arc::new(positions) });
                true
            }
        }
    }
}

/// A subscriber's connection to the hub. Dropping it detaches the subscriber.
#[derive(Debug)]
pub(crate) struct Attachment {
    hub: Hub,
    id: u64,
    /// Alerts that the ring held at the time of attaching. They come before the updates.
    pub(crate) backlog: VecDeque<Arc<EncodedAlert>>,
    pub(crate) updates: mpsc::Receiver<Update>,
    /// Cancelled when the queue overflowed: the subscriber gets no more updates.
    pub(crate) overflowed: CancellationToken,
    /// The subscriber's token was ahead of this server, because another server had read further. It must not get the tokens of the
    /// updates, which would send it back.
    pub(crate) ahead: bool,
}

impl Attachment {
    /// The head, if backlog and queue are empty: the subscriber has then received everything up to the head that its filter did not
    /// exclude. None otherwise.
    pub(crate) fn head_if_drained(&self) -> Option<Positions> {
        let state = self.hub.0.state.lock();
        (self.updates.is_empty() && self.backlog.is_empty()).then(|| state.ring.head().clone())
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        self.hub.0.state.lock().queues.remove(self.id);
    }
}

#[cfg(test)]
mod tests;
