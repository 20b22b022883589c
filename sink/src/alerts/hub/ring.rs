use std::collections::VecDeque;
use std::sync::Arc;

use crate::alerts::encoded_alert::EncodedAlert;
use crate::alerts::resume_token::Positions;

/// The most recent alerts, bounded in number and memory; the oldest are evicted.
#[derive(Debug)]
pub(super) struct Ring {
    max_alerts: usize,
    max_bytes: usize,
    alerts: VecDeque<Arc<EncodedAlert>>,
    bytes: usize,
    /// By partition: the ring holds every alert from this offset up to the head.
    floor: Positions,
    /// By partition: the offset after the last record that was read.
    head: Positions,
}

/// How the next record of a partition follows the ones before.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Advance {
    Next,
    /// The record was read before.
    Repeated,
    /// Records between are missing: Kafka deleted them before they were read. The ring begins anew at this record.
    Gap {
        missed: u64,
        /// The position of a subscriber that has received everything before the gap: it continues at this record.
        positions: Positions,
    },
}

impl Ring {
    pub(super) fn new(max_alerts: usize, max_bytes: usize) -> Self {
        let (floor, head) = (Positions::new(), Positions::new());
        Self { max_alerts, max_bytes, alerts: VecDeque::new(), bytes: 0, floor, head }
    }

    pub(super) fn head(&self) -> &Positions {
        &self.head
    }

    pub(super) fn len(&self) -> usize {
        self.alerts.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds the partitions that are not known yet, by their number, each to be read from its start.
    pub(super) fn add_partitions(&mut self, starts: &[i64]) {
        for &start in starts.iter().skip(self.head.len()) {
            self.floor.push(start);
            self.head.push(start);
        }
    }

    /// Moves the head of the partition past this record.
    pub(super) fn advance(&mut self, partition: usize, offset: i64) -> Advance {
        if self.head.len() <= partition {
            self.head.resize(partition + 1, 0);
            self.floor.resize(partition + 1, 0);
        }
        let expected = self.head[partition];
        if offset < expected {
            return Advance::Repeated;
        }
        self.head[partition] = offset + 1;
        if offset == expected {
            return Advance::Next;
        }
        self.floor[partition] = offset;
        let mut positions = self.head.clone();
        positions[partition] = offset;
        Advance::Gap { missed: (offset - expected) as u64, positions }
    }

    /// Appends the alert of the last record.
    pub(super) fn push(&mut self, alert: Arc<EncodedAlert>) {
        self.bytes += alert.bytes();
        self.alerts.push_back(alert);
        while self.alerts.len() > self.max_alerts || self.bytes > self.max_bytes {
            let Some(oldest) = self.alerts.pop_front() else { break };
            self.bytes -= oldest.bytes();
            // A gap may have moved the floor beyond this alert.
            let floor = &mut self.floor[oldest.partition];
            *floor = (*floor).max(oldest.offset + 1);
        }
    }

    /// Whether the ring holds every alert from these positions on.
    pub(super) fn covers(&self, positions: &Positions) -> bool {
        self.floor.iter().zip(positions).all(|(floor, position)| position >= floor)
    }

    /// The alerts from these positions on, in the order in which they were read.
    pub(super) fn since(&self, positions: &Positions) -> impl Iterator<Item = &Arc<EncodedAlert>> {
        self.alerts.iter().filter(|alert| alert.offset >= positions[alert.partition])
    }
}

#[cfg(test)]
mod tests {
    use vru_proto::v1;

    use super::*;

    fn push(ring: &mut Ring, offset: i64) {
        assert_eq!(ring.advance(0, offset), Advance::Next);
        ring.push(Arc::new(EncodedAlert::new(0, offset, v1::Alert::default())));
    }

    #[test]
    fn memory_is_bounded_by_evicting_the_oldest() {
        let mut ring = Ring::new(1_000, 1_000);
        ring.add_partitions(&[0]);
        (0..100).for_each(|offset| push(&mut ring, offset));
        assert!(ring.bytes <= 1_000);
        let oldest = ring.alerts.front().unwrap().offset;
        assert!(oldest > 0);
        assert!(ring.covers(&vec![oldest]) && !ring.covers(&vec![oldest - 1]));
    }

    #[test]
    fn a_gap_moves_the_floor() {
        let mut ring = Ring::new(10, 1_000);
        ring.add_partitions(&[3, 7]);
        assert_eq!(ring.advance(1, 7), Advance::Next);
        assert_eq!(ring.advance(1, 7), Advance::Repeated);
        assert_eq!(ring.advance(0, 5), Advance::Gap { missed: 2, positions: vec![5, 8] });
        assert_eq!(*ring.head(), [6, 8]);
        assert!(ring.covers(&vec![5, 7]) && !ring.covers(&vec![4, 7]));
    }

    #[test]
    fn evicting_an_alert_before_a_gap_does_not_move_the_floor_back() {
        let mut ring = Ring::new(2, 1 << 20);
        ring.add_partitions(&[0]);
        (0..2).for_each(|offset| push(&mut ring, offset));
        assert_eq!(ring.advance(0, 5), Advance::Gap { missed: 3, positions: vec![5] });
        // Evicts the alert at offset 0.
        ring.push(Arc::new(EncodedAlert::new(0, 5, v1::Alert::default())));
        assert!(ring.covers(&vec![5]) && !ring.covers(&vec![4]));
    }
}
