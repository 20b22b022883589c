//! Decode threads, a model and the analysis in simulated time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rand::Rng as _;
use rand::rngs::StdRng;
use vru_proto::v1;
use vru_vision::image::Image;

use super::cameras::{Account, Camera, Kind};
use crate::config::QueueConfig;
use crate::decode::RawPicture;
use crate::frame::{FrameJob, RawFrame, ReadyFrame, ReadyPicture, TakenFrame};
use crate::model::{Model, PreparedPicture};
use crate::offsets::Offsets;
use crate::picture::Picture;
use crate::scheduler::lane::Lane;
use crate::scheduler::turns::{Next, Turns};
use crate::scheduler::{Outcome, Skipped, Step, Task};
use crate::test_support::{fake_model, file_frame, job, live_frame, partition};

const KEY: &[u8] = &[0, 0, 1, 0x65];
const REFERENCED: &[u8] = &[0, 0, 1, 0x41];
const UNREFERENCED: &[u8] = &[0, 0, 1, 0x01];

#[derive(Debug)]
enum Event {
    Frame(usize),
    Decoded(u64, Box<Outcome>, Duration),
    ModelFree,
    Analysed(u64),
    Timer,
}

pub struct Simulation {
    turns: Turns,
    config: QueueConfig,
    model: Arc<Model>,
    offsets: Offsets,
    begun: Instant,
    now: Instant,
    pub cameras: Vec<Camera>,
    pub accounts: Vec<Account>,
    run_time: Duration,
    max_batch: usize,
    /// By time and number; the number is that of the event.
    queue: BinaryHeap<Reverse<(Instant, usize)>>,
    events: Vec<Option<Event>>,
    idle_threads: usize,
    model_free: bool,
    /// How long the model ran.
    pub busy: Duration,
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
    pub fn new(
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
    pub fn run(mut self) -> Self {
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
                Event::Analysed(lane) => drop(self.turns.analysed(lane)),
                Event::Timer => {}
            }
            self.turns.closed = !self.queue.iter().any(|next| matches!(self.events[next.0.1], Some(Event::Frame(_))));
            self.pump();
        }
        assert!(self.turns.lanes.iter().all(Lane::is_empty), "frames are left");
        self
    }

    fn frame(&mut self, camera: usize) {
        let (index, now) = (camera, self.now);
        let camera = self.cameras[index].clone();
        let sequence = self.accounts[index].sent;
        if camera.kind == Kind::File {
            // A file is published as its frames are processed.
            let lane = self.turns.lanes.iter().find(|lane| lane.feed.camera.as_str() == name(index));
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
        for TakenFrame { ready, lane_id } in batch {
            let camera = index(&ready.job);
            let age = self.now.saturating_duration_since(ready.job.received_at);
            let allowed = self.allowed_age(camera);
            let account = &mut self.accounts[camera];
            account.analysed.push(ready.job.key.sequence);
            if self.cameras[camera].is_live() && age > allowed && !self.turns.closed {
                account.too_old_by = account.too_old_by.max(Some(age.saturating_sub(allowed)));
            }
            let inferred = self.now + self.run_time;
            let analysed =
                account.analysed_until.map_or(inferred, |until| until.max(inferred)) + self.cameras[camera].analysis;
            account.analysed_until = Some(analysed);
            self.at(analysed, Event::Analysed(lane_id));
        }
        self.at(self.now + self.run_time, Event::ModelFree);
        true
    }

    /// Without a newer frame, one interval of the camera with its jitter. With one that is not ready yet, one interval and twice the decoding
    /// and the preparation, which takes half as long: decode threads may have work of any other camera before it.
    fn allowed_age(&self, camera: usize) -> Duration {
        let camera = &self.cameras[camera];
        let time_to_ready = camera.decode * 3 / 2;
        camera.longest_gap().max(camera.interval * camera.analyse_every() + time_to_ready * 2)
    }

    pub fn analysed(&self) -> usize {
        self.accounts.iter().map(|account| account.analysed.len()).sum()
    }

    pub fn check_accounts(&self) {
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
