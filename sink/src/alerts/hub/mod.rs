//! Connects the feed with the subscribers: the [`ring`] of recent alerts, in which each subscriber has a place ([`attachment`]).
//!
//! A subscriber attaches under the lock that the feed writes under, at the first entry that it has not received. From there on it reads
//! entry by entry, at its own speed. So no alert is lost between what it has received and what comes, and none comes twice.

mod attachment;
mod ring;

use std::sync::Arc;

use parking_lot::RwLock;
use tokio::sync::watch;

pub(crate) use attachment::{Attachment, Step};
use ring::{Advance, Entry, Ring};

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
    state: RwLock<State>,
    /// The number of the ring's next entry. Sent after the ring has changed.
    end: watch::Sender<u64>,
}

#[derive(Debug)]
struct State {
    ring: Ring,
    recent: RecentIds,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) ring_alerts: usize,
    pub(crate) ring_bytes: usize,
}

impl Hub {
    pub(crate) fn new(stream: StreamId, limits: Limits) -> Self {
        let ring = Ring::new(limits.ring_alerts, limits.ring_bytes);
        let state = RwLock::new(State { ring, recent: RecentIds::new() });
        Self(Arc::new(Inner { stream, state, end: watch::Sender::new(0) }))
    }

    pub(crate) fn stream(&self) -> StreamId {
        self.0.stream
    }

    /// The offset of each partition that the feed reads next.
    pub(crate) fn head(&self) -> Positions {
        self.0.state.read().ring.head().clone()
    }

    /// Adds the partitions that are not known yet, each to be read from its start.
    pub(crate) fn add_partitions(&self, starts: &[i64]) {
        self.0.state.write().ring.add_partitions(starts);
    }

    /// Takes the next record of a partition, an alert. Returns whether subscribers get it: it is not a repetition.
    pub(crate) fn publish(&self, alert: EncodedAlert) -> bool {
        let mut is_new = false;
        self.change(|state| {
            if state.ring.advance(alert.partition, alert.offset) == Advance::Repeated {
                return;
            }
            if !state.recent.insert(&alert.identity) {
                DUPLICATE_ALERTS.with_label_values(&["alerts"]).inc();
                return;
            }
            let token = token_field(&encode(self.0.stream, state.ring.head()));
            state.ring.push(Entry::Alert { alert: Arc::new(alert), token });
            is_new = true;
        });
        is_new
    }

    /// Takes the next record of a partition that is not an alert.
    pub(crate) fn skip(&self, partition: usize, offset: i64) {
        self.change(|state| {
            state.ring.advance(partition, offset);
        });
    }

    /// Changes the ring, and wakes the subscribers if it has new entries.
    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.0.state.write();
        change(&mut state);
        RING_ALERTS.with_label_values(NO_LABELS).set(state.ring.len() as i64);
        RING_BYTES.with_label_values(NO_LABELS).set(state.ring.bytes() as i64);
        let end = state.ring.end();
        drop(state);
        self.0.end.send_if_modified(|known| std::mem::replace(known, end) != end);
    }

    /// Attaches a subscriber at these positions; `None` is replaced by the head. Returns none when the ring does not reach back that
    /// far.
    pub(crate) fn attach(&self, positions: &mut Option<Positions>, filter: &Arc<Filter>) -> Option<Attachment> {
        let state = self.0.state.read();
        let ring = &state.ring;
        let positions = positions.get_or_insert_with(|| ring.head().clone());
        if positions.len() < ring.head().len() {
            positions.resize(ring.head().len(), 0);
        }
        if !ring.covers(positions) {
            return None;
        }
        let head = ring.head().iter().chain(std::iter::repeat(&0));
        let ahead = positions.iter().zip(head).any(|(position, head)| position > head);
        let place = attachment::Place { cursor: ring.after(positions), end: ring.end(), ahead };
        Some(Attachment::new(self.clone(), filter.clone(), place))
    }
}

#[cfg(test)]
mod tests;
