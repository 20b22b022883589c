//! The ring of recent alerts and the queues of the subscribers. One lock orders everything: whoever attaches sees the ring up
//! to a moment, and in its queue all that comes after it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::event::{Event, Filter, token_field};
use super::recent::Recent;
use super::token::{Positions, StreamId, encode};
use crate::metrics::{DUPLICATE_ALERTS, ENDED_STREAMS, RING_ALERTS, RING_BYTES, SUBSCRIBERS};

const NO_LABELS: &[&str] = &[];

/// What a subscriber's queue holds.
#[derive(Debug, Clone)]
pub(crate) enum Live {
    /// An alert, and the token behind it, encoded.
    Alert { event: Arc<Event>, token: Bytes },
    /// Kafka deleted records before the feed had read them.
    Gap { missed: u64, positions: Arc<Positions> },
}

/// A subscriber's place in the hub. Dropping it leaves.
#[derive(Debug)]
pub(crate) struct Attached {
    hub: Hub,
    id: u64,
    /// What the ring held for it.
    pub(crate) backlog: VecDeque<Arc<Event>>,
    pub(crate) queue: mpsc::Receiver<Live>,
    /// Cancelled when the queue overflowed.
    pub(crate) slow: CancellationToken,
    /// Everybody's token is not its: it has seen more than this server had.
    pub(crate) ahead: bool,
}

impl Drop for Attached {
    fn drop(&mut self) {
        self.hub.leave(self.id);
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Hub(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    stream: StreamId,
    limits: Limits,
    state: Mutex<State>,
}

/// What the hub may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) ring_alerts: usize,
    pub(crate) ring_bytes: usize,
    /// Of each subscriber.
    pub(crate) queue: usize,
}

#[derive(Debug)]
struct State {
    ring: VecDeque<Arc<Event>>,
    ring_bytes: usize,
    recent: Recent,
    /// By partition: the ring holds every alert from this offset to the head.
    floor: Positions,
    /// By partition: what the feed reads next.
    head: Positions,
    subscribers: HashMap<u64, Subscriber>,
    next_id: u64,
}

#[derive(Debug)]
struct Subscriber {
    filter: Arc<Filter>,
    queue: mpsc::Sender<Live>,
    slow: CancellationToken,
}

impl Hub {
    pub(crate) fn new(stream: StreamId, limits: Limits) -> Self {
        let state = State {
            ring: VecDeque::new(),
            ring_bytes: 0,
            recent: Recent::new(),
            floor: Positions::new(),
            head: Positions::new(),
            subscribers: HashMap::new(),
            next_id: 0,
        };
        Self(Arc::new(Inner { stream, limits, state: Mutex::new(state) }))
    }

    pub(crate) fn stream(&self) -> StreamId {
        self.0.stream
    }

    /// What the feed reads next.
    pub(crate) fn head(&self) -> Positions {
        self.0.state.lock().head.clone()
    }

    /// New partitions: nothing of them was read yet.
    pub(crate) fn extend(&self, starts: &[i64]) {
        let mut state = self.0.state.lock();
        for &start in starts.iter().skip(state.head.len()) {
            state.floor.push(start);
            state.head.push(start);
        }
    }

    /// The next record of its partition, an alert.
    pub(crate) fn publish(&self, event: Event) {
        let mut guard = self.0.state.lock();
        let state = &mut *guard;
        let partition = event.partition;
        if !move_on(state, partition, event.offset) {
            return;
        }
        if !state.recent.note(&event.id) {
            DUPLICATE_ALERTS.with_label_values(&["alerts"]).inc();
            return;
        }
        let event = Arc::new(event);
        state.ring_bytes += event.bytes();
        state.ring.push_back(event.clone());
        while state.ring.len() > self.0.limits.ring_alerts || state.ring_bytes > self.0.limits.ring_bytes {
            let Some(oldest) = state.ring.pop_front() else { break };
            state.ring_bytes -= oldest.bytes();
            state.floor[oldest.partition] = oldest.offset + 1;
        }
        RING_ALERTS.with_label_values(NO_LABELS).set(state.ring.len() as i64);
        RING_BYTES.with_label_values(NO_LABELS).set(state.ring_bytes as i64);
        let token = token_field(&encode(self.0.stream, &state.head));
        offer(&mut state.subscribers, |filter| filter.passes(&event), &Live::Alert { event: event.clone(), token });
    }

    /// The next record of its partition, not an alert.
    pub(crate) fn skip(&self, partition: usize, offset: i64) {
        let mut guard = self.0.state.lock();
        let state = &mut *guard;
        move_on(state, partition, offset);
    }

    /// Attaches a subscriber at its positions (none: from now on), or says that the ring does not reach back so far.
    pub(crate) fn attach(&self, positions: &mut Option<Positions>, filter: &Arc<Filter>) -> Option<Attached> {
        let mut guard = self.0.state.lock();
        let state = &mut *guard;
        let positions = positions.get_or_insert_with(|| state.head.clone());
        if positions.len() < state.head.len() {
            positions.resize(state.head.len(), 0);
        }
        if state.floor.iter().zip(&*positions).any(|(floor, position)| position < floor) {
            return None;
        }
        let open = state.ring.iter().filter(|event| event.offset >= positions[event.partition]);
        let backlog = open.filter(|event| filter.passes(event)).cloned().collect();
        let head = state.head.iter().chain(std::iter::repeat(&0));
        let ahead = positions.iter().zip(head).any(|(position, head)| position > head);
        let (queue_tx, queue) = mpsc::channel(self.0.limits.queue);
        let (id, slow) = (state.next_id, CancellationToken::new());
        state.next_id += 1;
        state.subscribers.insert(id, Subscriber { filter: filter.clone(), queue: queue_tx, slow: slow.clone() });
        SUBSCRIBERS.with_label_values(&["attached"]).set(state.subscribers.len() as i64);
        Some(Attached { hub: self.clone(), id, backlog, queue, slow, ahead })
    }

    fn leave(&self, id: u64) {
        let mut state = self.0.state.lock();
        state.subscribers.remove(&id);
        SUBSCRIBERS.with_label_values(&["attached"]).set(state.subscribers.len() as i64);
    }
}

impl Attached {
    /// Where a subscriber stands that has taken all its queue: alerts that its filter held back are behind it. None while the
    /// queue holds something.
    pub(crate) fn quiet_head(&self) -> Option<Positions> {
        let state = self.hub.0.state.lock();
        (self.queue.is_empty() && self.backlog.is_empty()).then(|| state.head.clone())
    }
}

/// False when the record was read before.
fn move_on(state: &mut State, partition: usize, offset: i64) -> bool {
    if state.head.len() <= partition {
        state.head.resize(partition + 1, 0);
        state.floor.resize(partition + 1, 0);
    }
    let expected = state.head[partition];
    if offset < expected {
        return false;
    }
    state.head[partition] = offset + 1;
    if offset > expected {
        // What lies between is gone from Kafka; the ring is whole only from here on.
        state.floor[partition] = offset;
        let mut positions = state.head.clone();
        positions[partition] = offset;
        let gap = Live::Gap { missed: (offset - expected) as u64, positions: Arc::new(positions) };
        offer(&mut state.subscribers, |_| true, &gap);
    }
    true
}

/// Puts it into each queue that is to have it. A full queue belongs to a subscriber that is too slow: it is let go.
fn offer(subscribers: &mut HashMap<u64, Subscriber>, wanted: impl Fn(&Filter) -> bool, live: &Live) {
    subscribers.retain(|_, subscriber| {
        if !wanted(&subscriber.filter) {
            return true;
        }
        match subscriber.queue.try_send(live.clone()) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(_)) => {
                ENDED_STREAMS.with_label_values(&["slow"]).inc();
                subscriber.slow.cancel();
                false
            }
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        }
    });
}

#[cfg(test)]
mod tests {
    use vru_proto::v1;

    use super::*;

    fn hub(ring_alerts: usize, queue: usize) -> Hub {
        let hub = Hub::new(StreamId::new("c", "t"), Limits { ring_alerts, ring_bytes: 1 << 20, queue });
        hub.extend(&[0, 0]);
        hub
    }

    fn alert(id: &str) -> v1::Alert {
        v1::Alert { id: id.to_owned(), ..Default::default() }
    }

    fn publish(hub: &Hub, partition: usize, offset: i64) {
        hub.publish(Event::new(partition, offset, alert(&format!("{partition}/{offset}"))));
    }

    fn all() -> Arc<Filter> {
        Arc::new(Filter::new(v1::SubscribeRequest::default()))
    }

    fn offsets(attached: &mut Attached) -> Vec<(usize, i64)> {
        let mut found: Vec<_> = attached.backlog.drain(..).map(|event| (event.partition, event.offset)).collect();
        while let Ok(Live::Alert { event, .. }) = attached.queue.try_recv() {
            found.push((event.partition, event.offset));
        }
        found
    }

    #[test]
    fn ring_and_queue_meet_without_gap_or_duplicate() {
        let hub = hub(10, 10);
        publish(&hub, 0, 0);
        publish(&hub, 1, 0);
        publish(&hub, 0, 1);
        let mut attached = hub.attach(&mut Some(vec![1, 0]), &all()).unwrap();
        publish(&hub, 1, 1);
        publish(&hub, 1, 1);
        assert_eq!(offsets(&mut attached), [(1, 0), (0, 1), (1, 1)]);
    }

    #[test]
    fn a_position_before_the_ring_is_not_attached() {
        let hub = hub(2, 10);
        for offset in 0..4 {
            publish(&hub, 0, offset);
        }
        assert!(hub.attach(&mut Some(vec![1, 0]), &all()).is_none());
        assert!(hub.attach(&mut Some(vec![2, 0]), &all()).is_some());
    }

    #[test]
    fn an_alert_that_was_raised_twice_is_told_once() {
        let hub = hub(10, 10);
        let mut live = hub.attach(&mut None, &all()).unwrap();
        for (offset, id) in ["a", "b", "a", "c"].into_iter().enumerate() {
            hub.publish(Event::new(0, offset as i64, alert(id)));
        }
        assert_eq!(offsets(&mut live), [(0, 0), (0, 1), (0, 3)]);
        let mut later = hub.attach(&mut Some(vec![1, 0]), &all()).unwrap();
        assert_eq!(offsets(&mut later), [(0, 1), (0, 3)]);
        assert_eq!(hub.head(), [4, 0]);
    }

    #[test]
    fn without_positions_it_is_from_now_on() {
        let hub = hub(10, 10);
        publish(&hub, 0, 0);
        let mut positions = None;
        let mut attached = hub.attach(&mut positions, &all()).unwrap();
        assert_eq!(positions, Some(vec![1, 0]));
        publish(&hub, 0, 1);
        assert_eq!(offsets(&mut attached), [(0, 1)]);
    }

    #[test]
    fn a_full_queue_cuts_its_subscriber_and_no_other() {
        let hub = hub(10, 2);
        let slow = hub.attach(&mut None, &all()).unwrap();
        let mut other = hub.attach(&mut None, &all()).unwrap();
        for offset in 0..3 {
            publish(&hub, 0, offset);
            assert_eq!(offsets(&mut other), [(0, offset)]);
        }
        assert!(slow.slow.is_cancelled());
        assert!(!other.slow.is_cancelled());
    }

    #[test]
    fn a_hole_in_the_topic_is_told() {
        let hub = hub(10, 10);
        let mut attached = hub.attach(&mut None, &all()).unwrap();
        publish(&hub, 0, 5);
        assert!(matches!(attached.queue.try_recv(), Ok(Live::Gap { missed: 5, .. })));
        assert!(hub.attach(&mut Some(vec![4, 0]), &all()).is_none());
        assert!(hub.attach(&mut Some(vec![5, 0]), &all()).is_some());
    }

    #[test]
    fn the_ring_is_bounded_by_bytes() {
        let hub = Hub::new(StreamId::new("c", "t"), Limits { ring_alerts: 1_000, ring_bytes: 1_000, queue: 1 });
        hub.extend(&[0]);
        for offset in 0..100 {
            publish(&hub, 0, offset);
        }
        let state = hub.0.state.lock();
        assert!(state.ring_bytes <= 1_000);
        assert_eq!(state.floor[0], state.ring.front().unwrap().offset);
    }

    #[test]
    fn a_quiet_subscriber_stands_at_the_head_although_its_filter_held_all_back() {
        let hub = hub(10, 2);
        let request = v1::SubscribeRequest { camera_ids: vec!["other".to_owned()], ..Default::default() };
        let attached = hub.attach(&mut None, &Arc::new(Filter::new(request))).unwrap();
        for offset in 0..5 {
            publish(&hub, 0, offset);
        }
        assert!(!attached.slow.is_cancelled());
        assert_eq!(attached.quiet_head(), Some(vec![5, 0]));
    }
}
