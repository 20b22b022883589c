//! Tests of the scheduler in simulated time, with random cameras, models and decoders.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rand::Rng as _;
use rand::rngs::StdRng;
use vru_proto::v1;
use vru_runtime::test_util::seeded_rng;
use vru_vision::image::Image;

use super::turns::{Next, Turns};
use super::{Outcome, Skipped, Step, Task};
use crate::config::QueueConfig;
use crate::decode::RawPicture;
use crate::frame::{FrameJob, RawFrame, ReadyFrame, ReadyPicture};
use crate::model::{Model, PreparedPicture};
use crate::offsets::Offsets;
use crate::picture::Picture;
use crate::test_support::{fake_model, file_frame, job, live_frame, partition};

const KEY: &[u8] = &[0, 0, 1, 0x65];
const REFERENCED: &[u8] = &[0, 0, 1, 0x41];
const UNREFERENCED: &[u8] = &[0, 0, 1, 0x01];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Jpeg,
    /// H.264 with a key frame every so many pictures. Of so many pictures each, one is for the model.
    Coded {
        group: u64,
        analyse_every: u64,
    },
    File,
}

#[derive(Debug, Clone)]
struct Camera {
    kind: Kind,
    interval: Duration,
    /// A picture comes up to this late.
    jitter: Duration,
    decode: Duration,
}

impl Camera {
    fn is_live(&self) -> bool {
        self.kind != Kind::File
    }

    fn analyse_every(&self) -> u32 {
        if let Kind::Coded { analyse_every, .. } = self.kind { analyse_every as u32 } else { 1 }
    }

    /// Frames for the model per second.
    fn offered(&self) -> f64 {
        1.0 / (self.interval * self.analyse_every()).as_secs_f64()
    }

    /// The longest time between two frames for the model.
    fn longest_gap(&self) -> Duration {
        self.interval * self.analyse_every() + self.jitter
    }
}

/// What happened to the frames of a camera.
#[derive(Debug, Default, Clone)]
struct Account {
    /// When its first frame comes.
    phase: Duration,
    sent: u64,
    analysed: Vec<u64>,
    dropped: BTreeMap<&'static str, u64>,
    not_for_model: u64,
    /// The oldest frame that the model took, less what it may be.
    too_old_by: Option<Duration>,
    /// How many pictures its decoder got.
    decoded: u64,
    /// The last picture that its decoder got.
    last_decoded: Option<u64>,
}

#[derive(Debug)]
enum Event {
    Frame(usize),
    Decoded(u64, Box<Outcome>, Duration),
    ModelFree,
    Timer,
}

struct Simulation {
    turns: Turns,
    config: QueueConfig,
    model: Arc<Model>,
    offsets: Offsets,
    begun: Instant,
    now: Instant,
    cameras: Vec<Camera>,
    accounts: Vec<Account>,
    run_time: Duration,
    max_batch: usize,
    /// By time and number; the number is that of the event.
    queue: BinaryHeap<Reverse<(Instant, usize)>>,
    events: Vec<Option<Event>>,
    idle_threads: usize,
    model_free: bool,
    /// How long the model ran.
    busy: Duration,
    batches: Vec<usize>,
    until: Instant,
    next_offset: i64,
    prepared: PreparedPicture,
    random: StdRng,
}

fn picture() -> Picture {
    Picture::new(Image::filled(8, 8, [9; 3]))
}

impl Simulation {
    fn new(
        cameras: Vec<Camera>,
        run_time: Duration,
        max_batch: usize,
        threads: usize,
        length: Duration,
        random: StdRng,
    ) -> Self {
        let hour = Duration::from_hours(1);
        let config = QueueConfig { decode_threads: threads, max_age: hour, ..QueueConfig::default() };
        let offsets = Offsets::default();
        offsets.assigned(&partition());
        let model = fake_model();
        let prepared = model.preparer().unwrap().prepare(&picture()).unwrap();
        let begun = Instant::now();
        let mut simulation = Self {
            turns: Turns::default(),
            config,
            model,
            offsets,
            begun,
            now: begun,
            accounts: vec![Account::default(); cameras.len()],
            cameras,
            run_time,
            max_batch,
            queue: BinaryHeap::new(),
            events: Vec::new(),
            idle_threads: threads,
            model_free: true,
            busy: Duration::ZERO,
            batches: Vec::new(),
            until: begun + length,
            next_offset: 0,
            prepared,
            random,
        };
        simulation.turns.max_batch = max_batch;
        for camera in 0..simulation.cameras.len() {
            let phase = simulation.cameras[camera].interval.mul_f64(simulation.random.random::<f64>());
            simulation.accounts[camera].phase = phase;
            simulation.at(begun + phase, Event::Frame(camera));
        }
        simulation
    }

    fn at(&mut self, time: Instant, event: Event) {
        self.queue.push(Reverse((time, self.events.len())));
        self.events.push(Some(event));
    }

    /// Runs until all frames are accounted for.
    fn run(mut self) -> Self {
        while let Some(Reverse((time, number))) = self.queue.pop() {
            self.now = time;
            match self.events[number].take().unwrap() {
                Event::Frame(camera) => self.frame(camera),
                Event::Decoded(lane, outcome, took) => {
                    self.idle_threads += 1;
                    let mut skipped = Vec::new();
                    assert!(self.turns.finish(lane, *outcome, took, &mut skipped).is_empty());
                    self.account(skipped);
                }
                Event::ModelFree => {
                    self.model_free = true;
                    self.turns.pace.asked(self.now);
                }
                Event::Timer => {}
            }
            self.turns.closed = !self.queue.iter().any(|next| matches!(self.events[next.0.1], Some(Event::Frame(_))));
            self.pump();
        }
        assert!(self.turns.lanes.iter().all(super::lane::Lane::is_empty), "frames are left");
        self
    }

    fn frame(&mut self, camera: usize) {
        let (index, now) = (camera, self.now);
        let camera = self.cameras[index].clone();
        let sequence = self.accounts[index].sent;
        if camera.kind == Kind::File {
            // A file is published as its frames are processed.
            let lane = self.turns.lanes.iter().find(|lane| lane.camera.as_str() == name(index));
            if lane.is_some_and(|lane| !lane.may_resume(&self.config)) {
                self.next_frame(index, now + camera.interval);
                return;
            }
        }
        let frame = match camera.kind {
            Kind::File => file_frame(&name(index), 1, sequence),
            Kind::Jpeg => live_frame(&name(index), 1, sequence),
            Kind::Coded { group, analyse_every } => {
                let key_frame = sequence.is_multiple_of(group);
                let analyse = sequence.is_multiple_of(analyse_every);
                let payload = match (key_frame, sequence % 3) {
                    (true, _) => KEY,
                    (false, 1) => UNREFERENCED,
                    (false, _) => REFERENCED,
                };
                let payload = Bytes::from_static(payload);
                let encoding = v1::Encoding::H264.into();
                v1::Frame { key_frame, analyse, payload, encoding, ..live_frame(&name(index), 1, sequence) }
            }
        };
        let account = &mut self.accounts[index];
        account.sent += 1;
        let captured_at_us = (camera.interval * u32::try_from(sequence).unwrap()).as_micros() as i64;
        let mut frame = v1::Frame { captured_at_us, ..frame };
        if frame.encoding() == v1::Encoding::Jpeg {
            frame.payload = Bytes::from_static(b"jpeg");
        }
        let mut job = job(frame, self.next_offset, &self.offsets);
        self.next_offset += 1;
        job.received_at = now;
        let mut skipped = Vec::new();
        self.turns.enqueue(job, &self.model, &self.config, &mut skipped);
        self.account(skipped);
        let late = camera.jitter.mul_f64(self.random.random::<f64>());
        let interval = camera.interval * u32::try_from(sequence + 1).unwrap();
        let regular = self.begun + self.accounts[index].phase + interval + late;
        self.next_frame(index, if camera.is_live() { regular.max(now) } else { now + camera.interval });
    }

    fn next_frame(&mut self, camera: usize, at: Instant) {
        if at < self.until {
            self.at(at, Event::Frame(camera));
        }
    }

    fn account(&mut self, skipped: Vec<Skipped>) {
        for Skipped { job, reason } in skipped {
            let account = &mut self.accounts[index(&job)];
            match reason {
                Some(reason) => *account.dropped.entry(reason).or_default() += 1,
                None => account.not_for_model += 1,
            }
        }
    }

    /// Lets idle threads and an idle model take what they may.
    fn pump(&mut self) {
        loop {
            while self.idle_threads > 0 {
                let mut skipped = Vec::new();
                let next = self.turns.next_step(self.now, &self.config, &mut skipped);
                self.account(skipped);
                match next {
                    Next::Task(task, _) => self.decode(*task),
                    Next::Wait(Some(at)) => {
                        self.at(at, Event::Timer);
                        break;
                    }
                    Next::Wait(None) => break,
                }
            }
            if !self.model_free || !self.take_batch() {
                return;
            }
        }
    }

    fn decode(&mut self, Task { lane_id, step }: Task) {
        self.idle_threads -= 1;
        let (took, outcome) = match step {
            Step::Decode(job, decoder, prepare) => {
                let camera = index(&job);
                self.check_references(camera, &job);
                let took = self.cameras[camera].decode;
                let mut outcome = Outcome { decoder: Some(decoder), ..Outcome::default() };
                if !job.frame.analyse {
                    self.accounts[camera].not_for_model += 1;
                } else if prepare {
                    outcome.ready.push(self.ready(job, self.now + took));
                } else {
                    let picture = picture();
                    let picture = RawPicture::rgb(picture.image, picture.source);
                    let (queued, decode, decoded_at) = (Duration::ZERO, took, self.now + took);
                    outcome.raw.push(RawFrame { job, picture, queued, decode, decoded_at });
                }
                (took, outcome)
            }
            Step::Prepare(raw) => {
                let camera = index(&raw.job);
                let took = self.cameras[camera].decode / 2;
                let ready = vec![self.ready(raw.job, self.now + took)];
                (took, Outcome { ready, ..Outcome::default() })
            }
        };
        self.at(self.now + took, Event::Decoded(lane_id, Box::new(outcome), took));
    }

    fn ready(&self, job: FrameJob, ready_at: Instant) -> ReadyFrame {
        let zero = Duration::ZERO;
        let (decoded, prepared) = (picture(), self.prepared.clone());
        let picture = ReadyPicture { decoded, prepared, queued: zero, decode: zero, preprocess: zero, ready_at };
        ReadyFrame { job, picture: Some(picture) }
    }

    /// A picture may only be decoded when those that it depends on were decoded.
    fn check_references(&mut self, camera: usize, job: &FrameJob) {
        let sequence = job.key.sequence;
        self.accounts[camera].decoded += 1;
        let last = self.accounts[camera].last_decoded.replace(sequence);
        if let Kind::Coded { group, .. } = self.cameras[camera].kind
            && !sequence.is_multiple_of(group)
        {
            let last = last.expect("a decoder begins with a key frame");
            let left_out = last + 1..sequence;
            let unreferenced = |sequence: u64| !sequence.is_multiple_of(group) && sequence % 3 == 1;
            assert!(left_out.clone().all(unreferenced), "picture {sequence} was decoded without {left_out:?}");
        }
    }

    /// False if no frame is ready.
    fn take_batch(&mut self) -> bool {
        let (mut batch, mut skipped) = (Vec::new(), Vec::new());
        let begun = self.turns.served;
        self.turns.fill_batch((self.max_batch, begun), self.now, &mut batch, &self.config, &mut skipped);
        self.account(skipped);
        if batch.is_empty() {
            return false;
        }
        self.turns.pace.took_batch(self.now);
        self.model_free = false;
        self.batches.push(batch.len());
        if self.now < self.until {
            self.busy += self.run_time;
        }
        for ready in batch {
            let camera = index(&ready.job);
            let age = self.now.saturating_duration_since(ready.job.received_at);
            let allowed = self.allowed_age(camera);
            let account = &mut self.accounts[camera];
            account.analysed.push(ready.job.key.sequence);
            if self.cameras[camera].is_live() && age > allowed && !self.turns.closed {
                account.too_old_by = account.too_old_by.max(Some(age.saturating_sub(allowed)));
            }
        }
        self.at(self.now + self.run_time, Event::ModelFree);
        true
    }

    /// One interval of the camera with its jitter, the decoding of its picture, the preparation, which takes half as long, and the longest
    /// decoding of any camera, which the thread may have begun before.
    fn allowed_age(&self, camera: usize) -> Duration {
        let longest = self.cameras.iter().map(|camera| camera.decode).max().unwrap_or_default();
        self.cameras[camera].longest_gap() + self.cameras[camera].decode * 3 / 2 + longest
    }

    fn analysed(&self) -> usize {
        self.accounts.iter().map(|account| account.analysed.len()).sum()
    }

    fn check_accounts(&self) {
        for (at, account) in self.accounts.iter().enumerate() {
            let camera = &self.cameras[at];
            let dropped: u64 = account.dropped.values().sum();
            let accounted = account.analysed.len() as u64 + dropped + account.not_for_model;
            assert_eq!(account.sent, accounted, "{camera:?}: {account:?}");
            assert!(account.analysed.is_sorted(), "{camera:?}");
            if !camera.is_live() {
                assert_eq!(account.analysed, (0..account.sent).collect::<Vec<_>>(), "{camera:?}");
            }
        }
    }
}

fn name(camera: usize) -> String {
    format!("simulated-{camera}")
}

fn index(job: &FrameJob) -> usize {
    job.key.camera.as_str().trim_start_matches("simulated-").parse().unwrap()
}

fn millis(random: &mut StdRng, range: std::ops::RangeInclusive<u64>) -> Duration {
    Duration::from_micros(random.random_range(range.start() * 1_000..=range.end() * 1_000))
}

fn random_camera(random: &mut StdRng) -> Camera {
    let interval = Duration::from_secs(1) / random.random_range(5..=30);
    let kind = if random.random_bool(0.5) {
        Kind::Jpeg
    } else {
        Kind::Coded { group: random.random_range(1..=80), analyse_every: random.random_range(1..=3) }
    };
    Camera { kind, interval, jitter: interval.mul_f64(random.random_range(0.0..0.3)), decode: millis(random, 1..=10) }
}

/// What each camera gets when the model is shared equally, and what one camera leaves goes to the others; frames per second.
fn fair_shares(cameras: &[Camera], capacity: f64) -> Vec<f64> {
    let mut shares = vec![0.0; cameras.len()];
    let mut order: Vec<usize> = (0..cameras.len()).collect();
    order.sort_by(|a, b| cameras[*a].offered().total_cmp(&cameras[*b].offered()));
    let mut left = capacity;
    for (served, at) in order.iter().enumerate() {
        shares[*at] = cameras[*at].offered().min(left / (cameras.len() - served) as f64);
        left -= shares[*at];
    }
    shares
}

const LENGTH: Duration = Duration::from_secs(20);

#[test]
fn frames_are_fresh_shares_are_fair_and_every_frame_is_accounted_for() {
    let mut random = seeded_rng("scheduler simulation");
    for round in 0..40 {
        let cameras: Vec<Camera> = (0..random.random_range(1..=20)).map(|_| random_camera(&mut random)).collect();
        let run_time = millis(&mut random, 10..=200);
        let threads = random.random_range(1..=4);
        // Decoders that cannot keep up are another test.
        let needed: f64 = cameras.iter().map(|c| 1.5 * c.decode.as_secs_f64() / c.interval.as_secs_f64()).sum();
        let slower = (0.7 * threads as f64 / needed).min(1.0);
        let cameras: Vec<Camera> =
            cameras.into_iter().map(|c| Camera { decode: c.decode.mul_f64(slower), ..c }).collect();
        let max_batch = if random.random_bool(0.7) { 1 } else { random.random_range(2..=8) };
        let seed = rand::SeedableRng::seed_from_u64(random.random());
        let simulation = Simulation::new(cameras, run_time, max_batch, threads, LENGTH, seed).run();
        simulation.check_accounts();
        let cameras = &simulation.cameras;
        let capacity = max_batch as f64 / run_time.as_secs_f64();
        let offered: f64 = cameras.iter().map(Camera::offered).sum();
        let what = format!(
            "round {round}: {} cameras offer {offered:.0}/s, the model takes {capacity:.0}/s in batches of {max_batch}",
            cameras.len()
        );
        for (camera, account) in cameras.iter().zip(&simulation.accounts) {
            assert_eq!(account.too_old_by, None, "{what}: {camera:?}: an old frame was analysed");
        }
        let seconds = LENGTH.as_secs_f64();
        if max_batch == 1 && offered > 1.2 * capacity {
            let busy = simulation.busy.as_secs_f64() / seconds;
            assert!(busy > 0.95, "{what}: the model was busy for {busy:.2} of the time");
            for ((camera, account), share) in
                cameras.iter().zip(&simulation.accounts).zip(fair_shares(cameras, capacity))
            {
                let got = account.analysed.len() as f64 / seconds;
                assert!(got > 0.85 * share - 0.2, "{what}: {camera:?} got {got:.2}/s of {share:.2}/s");
            }
        }
    }
}

/// Cameras of one kind; `run_time` is that of the model.
fn same_cameras(count: usize, kind: Kind, run_time: Duration) -> Simulation {
    let interval = Duration::from_millis(100);
    let camera = Camera { kind, interval, jitter: Duration::from_millis(10), decode: Duration::from_millis(3) };
    let random = seeded_rng("same cameras");
    Simulation::new(vec![camera; count], run_time, 1, 1, LENGTH, random).run()
}

#[test]
fn a_model_that_has_time_for_every_frame_gets_every_frame() {
    for kind in [Kind::Jpeg, Kind::Coded { group: 10, analyse_every: 1 }] {
        let simulation = same_cameras(3, kind, Duration::from_millis(20));
        simulation.check_accounts();
        assert!(simulation.accounts.iter().all(|account| account.dropped.is_empty()), "{:?}", simulation.accounts);
    }
}

#[test]
fn whole_groups_of_pictures_are_skipped_when_turns_are_rare() {
    let simulation = same_cameras(64, Kind::Coded { group: 10, analyse_every: 1 }, Duration::from_millis(100));
    simulation.check_accounts();
    // Each camera has a turn every 6.4 s and sends six groups meanwhile; of one at most, pictures are decoded for a turn.
    let decoded: u64 = simulation.accounts.iter().map(|account| account.decoded).sum();
    assert!(decoded < simulation.analysed() as u64 * 10, "{decoded} pictures were decoded");
}

#[test]
fn files_get_what_live_cameras_leave_and_are_not_starved() {
    let live = Camera {
        kind: Kind::Jpeg,
        interval: Duration::from_millis(100),
        jitter: Duration::ZERO,
        decode: Duration::from_millis(2),
    };
    let file = Camera { kind: Kind::File, interval: Duration::from_millis(5), ..live.clone() };
    let share_of_file = |cameras: usize| {
        let mut cameras = vec![live.clone(); cameras];
        cameras.push(file.clone());
        let random = seeded_rng("files and live cameras");
        let simulation = Simulation::new(cameras, Duration::from_millis(40), 1, 1, LENGTH, random).run();
        simulation.check_accounts();
        assert!(simulation.busy.as_secs_f64() > 0.95 * LENGTH.as_secs_f64());
        let (of_live, of_file) = simulation.accounts.split_at(simulation.cameras.len() - 1);
        let live_drops: u64 = of_live.iter().flat_map(|account| account.dropped.values()).sum();
        (of_file[0].analysed.len() as f64 / (LENGTH.as_secs_f64() * 25.0), live_drops)
    };
    let (share, live_drops) = share_of_file(1);
    assert!(share > 0.5 && live_drops == 0, "a camera that needs 0.4 of the model leaves 0.6: {share:.2}");
    let (share, live_drops) = share_of_file(8);
    assert!((0.1..0.2).contains(&share) && live_drops > 0, "live cameras that need more than all leave {share:.2}");
}
