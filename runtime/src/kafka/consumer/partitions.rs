//! Which partitions are assigned to the member, and which of them librdkafka fetches. Pure state: the caller passes each result on
//! to librdkafka.
//!
//! A partition is absent until it is assigned, and again once it is revoked. In between:
//!
//! ```text
//!      assign
//!        │
//!        ▼
//!    Starting ──────────────── start, the member is jammed ────┐
//!        │ start                                               │
//!        │                                   jam *             ▼
//!        └──────────────────▶ Fetching ───────────────────▶ Jammed
//!                              │    ▲  ◀───────────────────    │  ▲
//!                              │    │        unjam *           │  │
//!                     pause *  │    │ resume *         pause   │  │ resume
//!                              ▼    │        jam               ▼  │
//!                             Paused ─────────────────────▶ PausedAndJammed
//!                                      ◀───────────────────
//!                                            unjam
//!
//!    * changes librdkafka's own pause of the partition: only on the way out of Fetching and back
//! ```
//!
//! - `pause` and `resume` come from the receiver, for one partition: it has no room for that one.
//! - `jam` and `unjam` come from the poll thread, for all partitions: the channel to the receiver has been full for long.
//! - Librdkafka fetches a partition if and only if its state is [`Flow::Fetching`]. So a partition that the receiver paused stays
//!   paused through a jam, and one that only the jam paused is resumed once.
//! - Where librdkafka refuses a change of its assignment, the partition goes back to `Starting`.
//! - `start` leads to `Jammed`, `Paused` or `PausedAndJammed` where a jam or a pause came before it.

use std::collections::HashMap;
use std::time::Instant;

use crate::kafka::partition::Partition;

/// Whether librdkafka fetches a partition, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// The offset to start at is not known. The partition is not part of librdkafka's assignment yet.
    Starting {
        paused: bool,
    },
    Fetching,
    /// Paused by the receiver.
    Paused,
    /// Paused because the channel is full.
    Jammed,
    /// Paused for both reasons.
    PausedAndJammed,
}

impl Flow {
    fn started(paused: bool, jammed: bool) -> Self {
        match (paused, jammed) {
            (false, false) => Self::Fetching,
            (true, false) => Self::Paused,
            (false, true) => Self::Jammed,
            (true, true) => Self::PausedAndJammed,
        }
    }

    fn set_paused(self, paused: bool) -> Self {
        match self {
            Self::Starting { .. } => Self::Starting { paused },
            Self::Fetching | Self::Paused => Self::started(paused, false),
            Self::Jammed | Self::PausedAndJammed => Self::started(paused, true),
        }
    }

    fn set_jammed(self, jammed: bool) -> Self {
        match self {
            // `start` looks at the jam.
            Self::Starting { .. } => self,
            Self::Fetching | Self::Jammed => Self::started(false, jammed),
            Self::Paused | Self::PausedAndJammed => Self::started(true, jammed),
        }
    }

    fn is_started(self) -> bool {
        !matches!(self, Self::Starting { .. })
    }
}

#[derive(Debug)]
struct PartitionState {
    /// Number of the assignment that brought the partition.
    epoch: u64,
    /// The lowest offset that has not come yet.
    next_offset: i64,
    flow: Flow,
}

/// What becomes of a record that librdkafka returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Deliver,
    /// Deliver it, and pause the partition in librdkafka again: it should not have been fetched.
    DeliverAndPause,
    /// The partition is not assigned, or the record came before.
    Drop,
}

/// The partitions that are assigned to the member.
#[derive(Debug)]
pub(super) struct Partitions {
    assigned: HashMap<Partition, PartitionState>,
    /// Number of the newest assignment.
    epoch: u64,
    jammed: bool,
    /// Since when nothing is assigned; `None` while something is.
    idle_since: Option<Instant>,
}

impl Partitions {
    pub(super) fn new(now: Instant) -> Self {
        Self { assigned: HashMap::new(), epoch: 0, jammed: false, idle_since: Some(now) }
    }

    /// Adds partitions, which wait for [`Partitions::start`], and returns the number of this assignment.
    pub(super) fn assign(&mut self, partitions: &[Partition]) -> u64 {
        self.epoch += 1;
        let flow = Flow::Starting { paused: false };
        for partition in partitions {
            let state = PartitionState { epoch: self.epoch, next_offset: 0, flow };
            self.assigned.insert(partition.clone(), state);
        }
        if !self.assigned.is_empty() {
            self.idle_since = None;
        }
        self.epoch
    }

    /// Starts the partitions of one assignment that are still assigned and not started. Returns them; the caller adds them to
    /// librdkafka's assignment and pauses there those that are not to be fetched.
    pub(super) fn start(&mut self, epoch: u64) -> Vec<Partition> {
        let mut started = Vec::new();
        for (partition, state) in &mut self.assigned {
            if let Flow::Starting { paused } = state.flow
                && state.epoch == epoch
            {
                state.flow = Flow::started(paused, self.jammed);
                started.push(partition.clone());
            }
        }
        started
    }

    /// Librdkafka refused to add partitions that were just started: they wait for a start again.
    pub(super) fn refused(&mut self, partitions: &[Partition]) {
        for partition in partitions {
            if let Some(state) = self.assigned.get_mut(partition) {
                let paused = matches!(state.flow, Flow::Paused | Flow::PausedAndJammed);
                state.flow = Flow::Starting { paused };
            }
        }
    }

    /// Whether partitions of this assignment wait for their start.
    pub(super) fn is_starting(&self, epoch: u64) -> bool {
        let waits = |state: &PartitionState| state.epoch == epoch && !state.flow.is_started();
        self.assigned.values().any(waits)
    }

    /// Removes partitions. Returns those of them that were started, that is, which are part of librdkafka's assignment.
    pub(super) fn revoke(&mut self, partitions: &[Partition], now: Instant) -> Vec<Partition> {
        let started = partitions
            .iter()
            .filter(|partition| self.assigned.remove(partition).is_some_and(|state| state.flow.is_started()))
            .cloned()
            .collect();
        if self.assigned.is_empty() && self.idle_since.is_none() {
            self.idle_since = Some(now);
        }
        started
    }

    /// The receiver has no room for the partition. `seen` is the newest assignment that the receiver had taken when it said so:
    /// a request that is older than the partition's assignment concerns an earlier one and is ignored. Returns true if the caller
    /// must pause the partition in librdkafka.
    pub(super) fn pause(&mut self, partition: &Partition, seen: u64) -> bool {
        self.set_paused(partition, seen, true)
    }

    /// The receiver has room again; `seen` as in [`Partitions::pause`]. Returns true if the caller must resume the partition in
    /// librdkafka.
    pub(super) fn resume(&mut self, partition: &Partition, seen: u64) -> bool {
        self.set_paused(partition, seen, false)
    }

    fn set_paused(&mut self, partition: &Partition, seen: u64, paused: bool) -> bool {
        let Some(state) = self.assigned.get_mut(partition).filter(|state| state.epoch <= seen) else { return false };
        let before = state.flow;
        state.flow = before.set_paused(paused);
        (before == Flow::Fetching) != (state.flow == Flow::Fetching)
    }

    /// The channel has been full for long. Returns the partitions to pause in librdkafka; none where the member is jammed already.
    pub(super) fn jam(&mut self) -> Vec<Partition> {
        self.set_jammed(true)
    }

    /// The channel has room again. Returns the partitions to resume in librdkafka.
    pub(super) fn unjam(&mut self) -> Vec<Partition> {
        self.set_jammed(false)
    }

    fn set_jammed(&mut self, jammed: bool) -> Vec<Partition> {
        if self.jammed == jammed {
            return Vec::new();
        }
        self.jammed = jammed;
        let mut changed = Vec::new();
        for (partition, state) in &mut self.assigned {
            let before = state.flow;
            state.flow = before.set_jammed(jammed);
            if (before == Flow::Fetching) != (state.flow == Flow::Fetching) {
                changed.push(partition.clone());
            }
        }
        changed
    }

    pub(super) fn is_jammed(&self) -> bool {
        self.jammed
    }

    /// Decides what happens to a record that was polled, and remembers its offset. A pause makes librdkafka fetch again from the position that it had noted, so a record
    /// can come twice.
    pub(super) fn accept(&mut self, partition: &Partition, offset: i64) -> Verdict {
        let Some(state) = self.assigned.get_mut(partition) else { return Verdict::Drop };
        if offset < state.next_offset {
            return Verdict::Drop;
        }
        state.next_offset = offset + 1;
        if state.flow == Flow::Fetching { Verdict::Deliver } else { Verdict::DeliverAndPause }
    }

    /// Whether the partition is assigned by that assignment.
    pub(super) fn is_of(&self, partition: &Partition, epoch: u64) -> bool {
        self.assigned.get(partition).is_some_and(|state| state.epoch == epoch)
    }

    /// `None` where the partition is not assigned.
    pub(super) fn flow(&self, partition: &Partition) -> Option<Flow> {
        self.assigned.get(partition).map(|state| state.flow)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.assigned.is_empty()
    }

    pub(super) fn idle_since(&self) -> Option<Instant> {
        self.idle_since
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one() -> Partition {
        Partition::new("topic", 1)
    }

    fn started() -> Partitions {
        let mut partitions = Partitions::new(Instant::now());
        let epoch = partitions.assign(&[one()]);
        assert_eq!(partitions.start(epoch), [one()]);
        partitions
    }

    #[test]
    fn a_partition_paused_by_the_receiver_stays_paused_through_a_jam() {
        let mut partitions = started();
        assert!(partitions.pause(&one(), 1));
        assert_eq!(partitions.jam(), []);
        assert_eq!(partitions.unjam(), []);
        assert_eq!(partitions.flow(&one()), Some(Flow::Paused));
        assert!(partitions.resume(&one(), 1));
    }

    #[test]
    fn a_partition_resumed_during_a_jam_is_resumed_once_when_the_jam_ends() {
        let mut partitions = started();
        assert_eq!(partitions.jam(), [one()]);
        assert!(!partitions.pause(&one(), 1));
        assert!(!partitions.resume(&one(), 1));
        assert_eq!(partitions.flow(&one()), Some(Flow::Jammed));
        assert_eq!(partitions.unjam(), [one()]);
        assert_eq!(partitions.unjam(), []);
    }

    #[test]
    fn a_partition_started_during_a_jam_is_not_fetched_before_the_jam_ends() {
        let mut partitions = Partitions::new(Instant::now());
        assert_eq!(partitions.jam(), []);
        let epoch = partitions.assign(&[one()]);
        assert_eq!(partitions.start(epoch), [one()]);
        assert_eq!(partitions.flow(&one()), Some(Flow::Jammed));
        assert_eq!(partitions.unjam(), [one()]);
    }

    #[test]
    fn a_partition_paused_before_its_start_starts_paused() {
        let mut partitions = Partitions::new(Instant::now());
        partitions.assign(&[one()]);
        assert!(!partitions.pause(&one(), 1));
        assert_eq!(partitions.start(1), [one()]);
        assert_eq!(partitions.flow(&one()), Some(Flow::Paused));
        assert_eq!(partitions.start(1), []);
    }

    #[test]
    fn partitions_that_the_client_refused_can_be_started_again() {
        let mut partitions = Partitions::new(Instant::now());
        partitions.assign(&[one()]);
        partitions.pause(&one(), 1);
        assert_eq!(partitions.start(1), [one()]);
        partitions.refused(&[one()]);
        // Not part of the client's assignment.
        assert_eq!(partitions.flow(&one()), Some(Flow::Starting { paused: true }));
        assert_eq!(partitions.start(1), [one()]);
        assert_eq!(partitions.flow(&one()), Some(Flow::Paused));
    }

    #[test]
    fn only_started_partitions_are_taken_out_of_the_clients_assignment() {
        let mut partitions = Partitions::new(Instant::now());
        partitions.assign(&[one()]);
        assert!(partitions.is_starting(1));
        assert_eq!(partitions.revoke(&[one()], Instant::now()), []);
        assert_eq!(partitions.start(1), []);
        assert!(!partitions.is_starting(1) && partitions.idle_since().is_some());
        let epoch = partitions.assign(&[one()]);
        assert_eq!(partitions.start(epoch), [one()]);
        assert!(!partitions.is_starting(epoch));
        assert_eq!(partitions.idle_since(), None);
        assert_eq!(partitions.revoke(&[one()], Instant::now()), [one()]);
        assert_eq!(partitions.flow(&one()), None);
    }

    #[test]
    fn a_request_that_concerns_an_earlier_assignment_is_ignored() {
        let mut partitions = started();
        partitions.revoke(&[one()], Instant::now());
        assert!(!partitions.pause(&one(), 1));
        let epoch = partitions.assign(&[one()]);
        partitions.start(epoch);
        assert!(!partitions.pause(&one(), epoch - 1));
        assert_eq!(partitions.flow(&one()), Some(Flow::Fetching));
        assert!(partitions.pause(&one(), epoch));
    }

    #[test]
    fn records_that_come_twice_or_of_others_partitions_are_dropped() {
        let mut partitions = started();
        assert_eq!(partitions.accept(&one(), 7), Verdict::Deliver);
        assert_eq!(partitions.accept(&one(), 7), Verdict::Drop);
        assert_eq!(partitions.accept(&one(), 6), Verdict::Drop);
        assert_eq!(partitions.accept(&Partition::new("topic", 2), 0), Verdict::Drop);
        partitions.jam();
        assert_eq!(partitions.accept(&one(), 8), Verdict::DeliverAndPause);
    }
}
