use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use crate::alerts::encoded_alert::EncodedAlert;
use crate::alerts::resume_token::Positions;

/// Estimated memory of an entry beside its alert, bytes.
const OVERHEAD: usize = 128;

/// What the feed read, bounded in number and memory; the oldest entries are evicted. Each entry has a number; subscribers stand between
/// two entries.
#[derive(Debug)]
pub(super) struct Ring {
    max_alerts: usize,
    max_bytes: usize,
    entries: VecDeque<Entry>,
    /// The number of the oldest entry.
    first: u64,
    bytes: usize,
    /// By partition: the ring holds every alert from this offset up to the head.
    floor: Positions,
    /// By partition: the offset after the last record that was read.
    head: Positions,
}

#[derive(Debug)]
pub(super) enum Entry {
    /// `token`: the head after the alert, as an encoded field.
    Alert { alert: Arc<EncodedAlert>, token: Bytes },
    /// Records before `next` are missing: Kafka deleted them before they were read.
    Gap { partition: usize, next: i64, missed: u64 },
}

/// How the next record of a partition follows the ones before.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Advance {
    Next,
    /// The record was read before.
    Repeated,
    /// Records between are missing. The ring begins anew at this record, and has an entry that tells it.
    Gap,
}

impl Entry {
    fn bytes(&self) -> usize {
        match self {
            Self::Alert { alert, token } => alert.bytes() + token.len() + OVERHEAD,
            Self::Gap { .. } => OVERHEAD,
        }
    }
}

impl Ring {
    pub(super) fn new(max_alerts: usize, max_bytes: usize) -> Self {
        let (floor, head) = (Positions::new(), Positions::new());
        Self { max_alerts, max_bytes, entries: VecDeque::new(), first: 0, bytes: 0, floor, head }
    }

    pub(super) fn head(&self) -> &Positions {
        &self.head
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The number of the oldest entry, or of the next one when there is none.
    pub(super) fn first(&self) -> u64 {
        self.first
    }

    /// The number of the next entry.
    pub(super) fn end(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    /// The entry with this number; none when it is evicted or not there yet.
    pub(super) fn get(&self, number: u64) -> Option<&Entry> {
        self.entries.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    /// The entries from this number on, which are still there.
    pub(super) fn from(&self, number: u64) -> impl Iterator<Item = &Entry> {
        self.entries.iter().skip(number.saturating_sub(self.first) as usize)
    }

    /// The number of the first entry that a subscriber at these positions has not received.
    pub(super) fn after(&self, positions: &Positions) -> u64 {
        let new = |entry: &Entry| match entry {
            Entry::Alert { alert, .. } => alert.offset >= positions[alert.partition],
            Entry::Gap { partition, next, .. } => *next > positions[*partition],
        };
        let before = self.entries.iter().position(new).unwrap_or(self.entries.len());
        self.first + before as u64
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
        self.push(Entry::Gap { partition, next: offset, missed: (offset - expected) as u64 });
        Advance::Gap
    }

    /// Appends the alert of the last record.
    pub(super) fn push(&mut self, entry: Entry) {
        self.bytes += entry.bytes();
        self.entries.push_back(entry);
        while self.entries.len() > self.max_alerts || self.bytes > self.max_bytes {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.first += 1;
            self.bytes -= oldest.bytes();
            if let Entry::Alert { alert, .. } = oldest {
                // A gap may have moved the floor beyond this alert.
                let floor = &mut self.floor[alert.partition];
                *floor = (*floor).max(alert.offset + 1);
            }
        }
    }

    /// Whether the ring holds every alert from these positions on.
    pub(super) fn covers(&self, positions: &Positions) -> bool {
        self.floor.iter().zip(positions).all(|(floor, position)| position >= floor)
    }
}

#[cfg(test)]
mod tests {
    use vru_proto::v1;

    use super::*;

    fn alert(offset: i64) -> Entry {
        Entry::Alert { alert: Arc::new(EncodedAlert::new(0, offset, v1::Alert::default())), token: Bytes::new() }
    }

    fn push(ring: &mut Ring, offset: i64) {
        assert_eq!(ring.advance(0, offset), Advance::Next);
        ring.push(alert(offset));
    }

    fn offset(entry: Option<&Entry>) -> i64 {
        let Some(Entry::Alert { alert, .. }) = entry else { panic!("{entry:?} is no alert") };
        alert.offset
    }

    #[test]
    fn memory_is_bounded_by_evicting_the_oldest() {
        let mut ring = Ring::new(1_000, 2_000);
        ring.add_partitions(&[0]);
        (0..100).for_each(|offset| push(&mut ring, offset));
        assert!(ring.bytes <= 2_000);
        let oldest = offset(ring.get(ring.first()));
        assert!(oldest > 0);
        assert!(ring.covers(&vec![oldest]) && !ring.covers(&vec![oldest - 1]));
    }

    #[test]
    fn entries_keep_their_numbers_when_older_ones_are_evicted() {
        let mut ring = Ring::new(3, 1 << 20);
        ring.add_partitions(&[0]);
        (0..5).for_each(|offset| push(&mut ring, offset));
        assert_eq!((ring.first(), ring.end()), (2, 5));
        assert!(ring.get(1).is_none() && ring.get(5).is_none());
        assert_eq!(offset(ring.get(4)), 4);
        assert_eq!(ring.from(0).count(), 3);
        assert_eq!(ring.from(4).count(), 1);
        assert_eq!((ring.after(&vec![3]), ring.after(&vec![9])), (3, 5));
    }

    #[test]
    fn a_gap_moves_the_floor_and_is_an_entry() {
        let mut ring = Ring::new(10, 4_000);
        ring.add_partitions(&[3, 7]);
        assert_eq!(ring.advance(1, 7), Advance::Next);
        assert_eq!(ring.advance(1, 7), Advance::Repeated);
        assert_eq!(ring.advance(0, 5), Advance::Gap);
        assert!(matches!(ring.get(0), Some(Entry::Gap { partition: 0, next: 5, missed: 2 })));
        assert_eq!(*ring.head(), [6, 8]);
        assert!(ring.covers(&vec![5, 7]) && !ring.covers(&vec![4, 7]));
        assert_eq!((ring.after(&vec![3, 7]), ring.after(&vec![5, 7])), (0, 1));
    }

    #[test]
    fn evicting_an_alert_before_a_gap_does_not_move_the_floor_back() {
        let mut ring = Ring::new(2, 1 << 20);
        ring.add_partitions(&[0]);
        (0..2).for_each(|offset| push(&mut ring, offset));
        assert_eq!(ring.advance(0, 5), Advance::Gap);
        // Evicts the alerts.
        ring.push(alert(5));
        assert!(ring.covers(&vec![5]) && !ring.covers(&vec![4]));
    }
}
