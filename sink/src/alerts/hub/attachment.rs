use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::watch;

use super::Hub;
use super::ring::Entry;
use crate::alerts::encoded_alert::EncodedAlert;
use crate::alerts::filter::Filter;
use crate::alerts::resume_token::Positions;
use crate::metrics::SUBSCRIBERS;

/// A subscriber's place in the ring. It holds no alert: a subscriber that does not read costs nothing but this.
#[derive(Debug)]
pub(crate) struct Attachment {
    hub: Hub,
    filter: Arc<Filter>,
    /// The number of the next entry to look at.
    cursor: u64,
    /// The number of the next entry when the subscriber was attached.
    attached_at: u64,
    /// The number of the ring's next entry.
    end: watch::Receiver<u64>,
    /// The subscriber's token was ahead of this server, because another server had read further. It must not get the tokens of the
    /// entries, which would send it back.
    ahead: bool,
}

/// Where a subscriber is attached.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// The number of the first entry that it has not received.
    pub(super) cursor: u64,
    /// The number of the ring's next entry.
    pub(super) end: u64,
    pub(super) ahead: bool,
}

/// What comes next for a subscriber.
#[derive(Debug)]
pub(crate) enum Step {
    /// An alert that passes the filter. `token`: the token after it as an encoded field, unless the subscriber needs its own.
    Alert { alert: Arc<EncodedAlert>, token: Option<Bytes> },
    /// Kafka deleted records before the feed read them.
    Gap { missed: u64 },
    /// The subscriber has received everything up to the head that its filter did not exclude.
    Drained,
    /// The ring has evicted what comes next.
    Evicted,
}

impl Attachment {
    pub(super) fn new(hub: Hub, filter: Arc<Filter>, place: Place) -> Self {
        SUBSCRIBERS.with_label_values(&["attached"]).inc();
        let end = hub.0.end.subscribe();
        Self { hub, filter, cursor: place.cursor, attached_at: place.end, end, ahead: place.ahead }
    }

    /// Takes the next step, and moves the subscriber's positions past it and past what its filter excludes.
    pub(crate) fn step(&mut self, positions: &mut Positions) -> Step {
        // Before the ring is read: an entry that comes after that is noticed by `changed`.
        self.end.borrow_and_update();
        let state = self.hub.0.state.read();
        let ring = &state.ring;
        if self.cursor < ring.first() {
            return Step::Evicted;
        }
        if positions.len() < ring.head().len() {
            positions.resize(ring.head().len(), 0);
        }
        while let Some(entry) = ring.get(self.cursor) {
            let number = self.cursor;
            self.cursor += 1;
            match entry {
                Entry::Alert { alert, token } => {
                    // The subscriber has received it already: before it was attached, or from another server that was ahead.
                    if alert.offset < positions[alert.partition] {
                        continue;
                    }
                    alert.advance(positions);
                    if self.filter.passes(alert) {
                        let shared = number >= self.attached_at && !self.ahead;
                        return Step::Alert { alert: alert.clone(), token: shared.then(|| token.clone()) };
                    }
                }
                Entry::Gap { partition, next, missed } => {
                    let position = &mut positions[*partition];
                    if *position < *next {
                        *position = *next;
                        return Step::Gap { missed: *missed };
                    }
                }
            }
        }
        for (position, head) in positions.iter_mut().zip(ring.head()) {
            *position = (*position).max(*head);
        }
        Step::Drained
    }

    /// Whether the ring has evicted what comes next.
    pub(crate) fn is_evicted(&self) -> bool {
        self.cursor < self.hub.0.state.read().ring.first()
    }

    /// Waits until there are more entries than at the last step. False when the hub is gone.
    pub(crate) async fn changed(&mut self) -> bool {
        self.end.changed().await.is_ok()
    }

    /// Waits until more than `limit` alerts wait for the subscriber. Those that were there when it was attached do not count.
    pub(crate) async fn overflowed(&mut self, limit: usize) {
        let mut counted_to = self.cursor.max(self.attached_at);
        let mut waiting = 0;
        loop {
            self.end.borrow_and_update();
            {
                let state = self.hub.0.state.read();
                let ring = &state.ring;
                // Evicted ones waited too.
                waiting += ring.first().saturating_sub(counted_to) as usize;
                let counts = |entry: &Entry| match entry {
                    Entry::Alert { alert, .. } => self.filter.passes(alert),
                    Entry::Gap { .. } => true,
                };
                waiting += ring.from(counted_to).filter(|entry| counts(entry)).count();
                counted_to = ring.end();
            }
            if waiting > limit {
                return;
            }
            if !self.changed().await {
                std::future::pending::<()>().await;
            }
        }
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        SUBSCRIBERS.with_label_values(&["attached"]).dec();
    }
}
