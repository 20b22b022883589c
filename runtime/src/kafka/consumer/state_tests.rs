//! Random sequences of everything that happens to a member, against a model.

use std::collections::{BTreeMap, BTreeSet};

use rand::Rng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use tokio::sync::oneshot;

use super::super::event::{Assignment, Revocation};
use super::super::partitions::Flow;
use super::*;
use crate::test_util::seeded_rng;

const PARTITIONS: i32 = 4;
const CAPACITY: usize = 3;

fn record(partition: &Partition, offset: i64) -> Record {
    Record { partition: partition.clone(), offset, timestamp_ms: None, key: None, payload: None, headers: Vec::new() }
}

/// What librdkafka knows of a partition. It remembers a pause after the partition is revoked.
#[derive(Debug, Default)]
struct Client {
    assigned: bool,
    paused: bool,
    start: i64,
    position: i64,
}

struct Model {
    state: MemberState,
    channel: mpsc::Sender<Event>,
    events: mpsc::Receiver<Event>,
    now: Instant,
    client: BTreeMap<Partition, Client>,
    /// The partitions that the receiver owns, and the next offset that it expects; none before the first record.
    received: BTreeMap<Partition, Option<i64>>,
    /// The next offset that was not delivered: where the next owner starts.
    committed: BTreeMap<Partition, i64>,
    seen: u64,
    choose_start: bool,
    unanswered: Vec<u64>,
}

impl Model {
    fn new(choose_start: bool) -> Self {
        let (channel, events) = mpsc::channel(CAPACITY);
        let now = Instant::now();
        let partitions = || (0..PARTITIONS).map(|number| Partition::new("topic", number));
        Self {
            state: MemberState::new(now),
            channel,
            events,
            now,
            client: partitions().map(|partition| (partition, Client::default())).collect(),
            received: BTreeMap::new(),
            committed: partitions().map(|partition| (partition, 0)).collect(),
            seen: 0,
            choose_start,
            unanswered: Vec::new(),
        }
    }

    fn assigned(&self) -> Vec<Partition> {
        self.client.keys().filter(|partition| self.state.partitions.flow(partition).is_some()).cloned().collect()
    }

    /// As the poll thread and its callback do it: add to the assignment, then set librdkafka's pause, which it may remember.
    fn add_to_client(&mut self, partitions: &[Partition]) {
        for partition in partitions {
            let fetching = self.state.partitions.flow(partition) == Some(Flow::Fetching);
            let client = self.client.get_mut(partition).unwrap();
            assert!(!client.assigned, "{partition} is assigned twice");
            let start = self.committed[partition];
            *client = Client { assigned: true, paused: !fetching, start, position: start };
        }
    }

    fn pause_client(&mut self, partition: &Partition, paused: bool) {
        let client = self.client.get_mut(partition).unwrap();
        assert!(client.assigned, "{partition} is not assigned");
        assert_ne!(client.paused, paused, "{partition}: paused or resumed twice");
        client.paused = paused;
    }

    fn assign(&mut self, random: &mut StdRng) {
        let free: Vec<Partition> =
            self.client.keys().filter(|partition| self.state.partitions.flow(partition).is_none()).cloned().collect();
        // None at all happens, too: a rebalance that changes nothing.
        let partitions: Vec<Partition> = free.into_iter().filter(|_| random.random_bool(0.5)).collect();
        let epoch = self.state.partitions.assign(&partitions);
        self.state.outbox.push_assigned(Assignment { partitions: partitions.clone(), epoch, start: None });
        // The poll thread asks for the group's positions itself.
        if !self.choose_start {
            self.unanswered.push(epoch);
        }
    }

    fn revoke(&mut self, partitions: &[Partition]) {
        let revoked = self.state.revoke(partitions, self.now);
        for partition in &revoked.started {
            self.client.get_mut(partition).unwrap().assigned = false;
        }
        let known: BTreeSet<&Partition> = self.client.iter().filter(|(_, c)| c.assigned).map(|(p, _)| p).collect();
        assert!(partitions.iter().all(|partition| !known.contains(partition)), "left in the client's assignment");
        if !revoked.announced.is_empty() {
            let (done, _) = oneshot::channel();
            let revocation = Revocation { partitions: revoked.announced, lost: false, recreated: false, _done: done };
            self.state.outbox.push_revoked(revocation);
        }
    }

    fn poll(&mut self, random: &mut StdRng) {
        let step = self.state.step(&self.channel, self.now);
        match step {
            Step::Fetch { resume } => resume.iter().for_each(|partition| self.pause_client(partition, false)),
            Step::Wait => return,
            Step::PollPaused { pause } => pause.iter().for_each(|partition| self.pause_client(partition, true)),
            Step::End => panic!("the receiver is there"),
        }
        let fetched = self.client.iter_mut().filter(|(_, client)| client.assigned && !client.paused);
        let mut fetched: Vec<_> = fetched.collect();
        if fetched.is_empty() {
            return;
        }
        let index = random.random_range(0..fetched.len());
        let (partition, client) = &mut fetched[index];
        // A position noted before the last record makes it come again.
        if client.position > client.start && random.random_bool(0.1) {
            client.position -= 1;
        }
        let record = record(partition, client.position);
        client.position += 1;
        assert!(!self.state.accept(record), "a paused partition was fetched");
    }

    fn receive(&mut self) {
        match self.events.try_recv() {
            Ok(Event::Assigned(assignment)) => {
                self.seen = assignment.epoch;
                for partition in assignment.partitions {
                    let earlier = self.received.insert(partition, None);
                    assert!(earlier.is_none(), "announced twice");
                }
                self.unanswered.push(assignment.epoch);
            }
            Ok(Event::Record(record)) => {
                let next = self.received.get_mut(&record.partition).expect("a record after its assignment");
                let committed = self.committed.get_mut(&record.partition).unwrap();
                match next {
                    Some(next) => assert_eq!(record.offset, *next, "{}", record.partition),
                    // Less, where the rebalance went on before the receiver had taken its last records.
                    None => assert!(record.offset <= *committed, "{}", record.partition),
                }
                *next = Some(record.offset + 1);
                *committed = record.offset + 1;
            }
            Ok(Event::Revoked(revocation)) => {
                for partition in revocation.partitions {
                    self.received.remove(&partition).expect("a revocation after the assignment");
                }
            }
            Err(_) => {}
        }
    }

    /// The receiver takes everything up to the revocations: those who commit do so before the next owner starts.
    fn receive_all(&mut self) {
        while self.state.outbox.len() > 0 || !self.events.is_empty() {
            self.receive();
            self.state.outbox.flush(&self.channel, self.now);
        }
    }

    fn start(&mut self) {
        for epoch in std::mem::take(&mut self.unanswered) {
            let started = self.state.partitions.start(epoch);
            self.add_to_client(&started);
        }
    }

    fn request(&mut self, partition: &Partition, pause: bool) {
        let partitions = &mut self.state.partitions;
        let changed =
            if pause { partitions.pause(partition, self.seen) } else { partitions.resume(partition, self.seen) };
        if changed {
            self.pause_client(partition, pause);
        }
    }

    fn check(&self) {
        for (partition, client) in self.client.iter().filter(|(_, client)| client.assigned) {
            let fetching = self.state.partitions.flow(partition) == Some(Flow::Fetching);
            assert_eq!(fetching, !client.paused, "{partition}");
        }
        assert_eq!(self.state.partitions.is_empty(), self.state.partitions.idle_since().is_some());
        let bound = 1 + 2 * PARTITIONS as usize + 1;
        assert!(self.state.outbox.len() <= bound, "{} events wait", self.state.outbox.len());
    }
}

fn run(choose_start: bool, random: &mut StdRng) {
    let mut model = Model::new(choose_start);
    let all: Vec<Partition> = model.client.keys().cloned().collect();
    for _ in 0..2_000 {
        let assigned = model.assigned();
        match random.random_range(0..100) {
            0..3 => model.assign(random),
            3..5 => {
                let revoked: Vec<Partition> = assigned.into_iter().filter(|_| random.random_bool(0.5)).collect();
                model.revoke(&revoked);
                // Otherwise the deadline of the rebalance passes before the receiver has taken its revocation.
                if random.random_bool(0.7) {
                    model.receive_all();
                }
            }
            5..15 => model.request(all.choose(random).unwrap(), true),
            15..30 => model.request(all.choose(random).unwrap(), false),
            30..32 => model.now += Duration::from_millis(random.random_range(1..5_000)),
            32..35 => model.start(),
            35..60 => model.receive(),
            // The client is replaced while nothing is assigned; pauses that it remembered are gone.
            60 if assigned.is_empty() => model.client.values_mut().for_each(|client| *client = Client::default()),
            _ => model.poll(random),
        }
        model.check();
    }
    // In the end everything flows again.
    for partition in &all {
        model.seen = u64::MAX;
        model.request(partition, false);
    }
    model.receive_all();
    model.start();
    model.poll(random);
    let before = model.committed.clone();
    for _ in 0..200 {
        model.poll(random);
        model.receive();
    }
    model.receive_all();
    for partition in model.assigned() {
        assert_eq!(model.state.partitions.flow(&partition), Some(Flow::Fetching));
        assert!(model.committed[&partition] > before[&partition], "{partition} is not read");
    }
}

#[test]
fn whatever_happens_records_come_between_their_assignment_and_revocation_each_once_and_in_order() {
    let mut random =
        seeded_rng("whatever_happens_records_come_between_their_assignment_and_revocation_each_once_and_in_order");
    for _ in 0..200 {
        run(false, &mut random);
        run(true, &mut random);
    }
}

fn assign(state: &mut MemberState, numbers: &[i32]) -> Vec<Partition> {
    let partitions: Vec<Partition> = numbers.iter().map(|&number| Partition::new("topic", number)).collect();
    let epoch = state.partitions.assign(&partitions);
    state.partitions.start(epoch);
    state.outbox.push_assigned(Assignment { partitions: partitions.clone(), epoch, start: None });
    partitions
}

#[test]
fn a_full_channel_is_waited_for_before_the_partitions_are_paused() {
    let (channel, mut events) = mpsc::channel(1);
    let now = Instant::now();
    let mut state = MemberState::new(now);
    let partitions = assign(&mut state, &[0]);
    assert_eq!(state.step(&channel, now), Step::Fetch { resume: Vec::new() });
    assert!(!state.accept(record(&partitions[0], 0)));
    assert_eq!(state.step(&channel, now), Step::Wait);
    assert_eq!(state.step(&channel, now + JAM_AFTER / 2), Step::Wait);
    assert_eq!(state.step(&channel, now + JAM_AFTER), Step::PollPaused { pause: partitions.clone() });
    assert_eq!(state.step(&channel, now + JAM_AFTER), Step::PollPaused { pause: Vec::new() });
    // A record that comes in spite of the pause is kept, and the partition is paused again.
    assert!(state.accept(record(&partitions[0], 1)));
    for _ in 0..2 {
        assert!(events.try_recv().is_ok());
        state.outbox.flush(&channel, now + JAM_AFTER);
    }
    assert_eq!(state.step(&channel, now + JAM_AFTER), Step::Fetch { resume: partitions });
    drop(events);
    assert_eq!(state.step(&channel, now + JAM_AFTER), Step::Fetch { resume: Vec::new() });
}

#[test]
fn an_assignment_that_is_revoked_before_it_was_announced_is_never_announced() {
    let (channel, mut events) = mpsc::channel(1);
    let now = Instant::now();
    let mut state = MemberState::new(now);
    let first = assign(&mut state, &[0]);
    assert_eq!(state.step(&channel, now), Step::Fetch { resume: Vec::new() });
    let second = assign(&mut state, &[1, 2]);
    assert_eq!(state.step(&channel, now), Step::Wait);
    let revoked = state.revoke(&[first[0].clone(), second[0].clone()], now);
    assert_eq!(revoked.announced, first);
    assert_eq!(revoked.started.len(), 2);
    assert!(matches!(events.try_recv(), Ok(Event::Assigned(assignment)) if assignment.partitions == first));
    assert_eq!(state.step(&channel, now), Step::Fetch { resume: Vec::new() });
    assert!(matches!(events.try_recv(), Ok(Event::Assigned(assignment)) if assignment.partitions == second[1..]));
}
