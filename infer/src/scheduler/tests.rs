mod analysis;
mod revocation;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use vru_proto::v1;

use super::*;
use crate::decode::RawPicture;
use crate::frame::ReadyPicture;
use crate::model::Preparer;
use crate::picture::Picture;
use crate::test_support::{SIZE, fake_model, file_frame, job, live_frame, partition};
use vru_runtime::metrics::counter_sum;
use vru_vision::image::Image;

struct Fixture {
    scheduler: FrameScheduler,
    offsets: Arc<Offsets>,
    next_offset: i64,
    preparer: Preparer,
}

fn config() -> QueueConfig {
    QueueConfig { live_frames: 2, coded_pictures: 4, file_frames: 4, ..QueueConfig::default() }
}

/// As `config`, for tests in which no frame may become too old, however long the machine pauses.
fn fixture() -> Fixture {
    fixture_with(QueueConfig { max_age: Duration::from_hours(1), ..config() })
}

fn fixture_with(config: QueueConfig) -> Fixture {
    let offsets = Arc::new(Offsets::default());
    offsets.assigned(&partition());
    let model = fake_model();
    let preparer = model.preparer().unwrap();
    Fixture { scheduler: FrameScheduler::new(config, offsets.clone(), model), offsets, next_offset: 0, preparer }
}

impl Fixture {
    fn enqueue(&mut self, frame: v1::Frame) -> Admission {
        let job = job(frame, self.next_offset, &self.offsets);
        self.next_offset += 1;
        self.scheduler.enqueue(job)
    }

    fn next(&self) -> Option<Task> {
        match self.scheduler.start_task(&mut self.scheduler.turns.lock(), Instant::now()) {
            Next::Task(task, _) => Some(*task),
            Next::Wait(_) => None,
        }
    }

    /// Does the next step of a decode thread; false if there is none now.
    fn step(&mut self) -> bool {
        let Some(task) = self.next() else { return false };
        self.finish(task);
        true
    }

    fn finish(&mut self, Task { lane_id, step }: Task) {
        let zero = Duration::ZERO;
        let outcome = match step {
            Step::Decode(job, decoder, false) => {
                let picture = RawPicture::rgb(grey(), Picture::new(grey()).source);
                let raw = vec![RawFrame { job, picture, queued: zero, decode: zero, decoded_at: Instant::now() }];
                Outcome { decoder: Some(decoder), raw, ..Outcome::default() }
            }
            Step::Decode(job, decoder, true) => {
                Outcome { decoder: Some(decoder), ready: vec![self.ready(job)], ..Outcome::default() }
            }
            Step::Prepare(raw) => Outcome { ready: vec![self.ready(raw.job)], ..Outcome::default() },
        };
        self.scheduler.finish(lane_id, outcome, zero);
    }

    fn ready(&mut self, job: FrameJob) -> ReadyFrame {
        let decoded = Picture::new(grey());
        let prepared = self.preparer.prepare(&decoded).unwrap();
        let zero = Duration::ZERO;
        let picture =
            ReadyPicture { decoded, prepared, queued: zero, decode: zero, preprocess: zero, ready_at: Instant::now() };
        ReadyFrame { job, picture: Some(picture) }
    }

    fn set_max_batch(&self, max_batch: usize) {
        self.scheduler.turns.lock().max_batch = max_batch;
    }

    /// The next batch, as camera and sequence of each frame. It is analysed at once.
    fn batch(&self, max_frames: usize) -> Vec<(String, u64)> {
        let batch = self.scheduler.next_batch(max_frames, Duration::ZERO).unwrap();
        for taken in &batch {
            self.scheduler.analysed(taken.lane_id);
        }
        batch.iter().map(position).collect()
    }
}

fn position(taken: &TakenFrame) -> (String, u64) {
    (taken.ready.job.key.camera.to_string(), taken.ready.job.key.sequence)
}

fn grey() -> Image {
    Image::filled(SIZE.0, SIZE.1, [200; 3])
}

/// The position of the frame that a step decodes.
fn decoded(task: &Task) -> (String, u64) {
    let Step::Decode(job, ..) = &task.step else { panic!("it does not decode: {task:?}") };
    (job.key.camera.to_string(), job.key.sequence)
}

fn dropped(camera: &str, reason: &str) -> u64 {
    counter_sum("infer_dropped_frames_total", |labels| {
        labels.contains(&("camera", camera)) && labels.contains(&("reason", reason))
    })
}

fn coded(camera: &str, sequence: u64, key_frame: bool) -> v1::Frame {
    let payload = Bytes::from_static(if key_frame { &[0, 0, 1, 0x65] } else { &[0, 0, 1, 0x41] });
    v1::Frame { encoding: v1::Encoding::H264.into(), key_frame, payload, ..live_frame(camera, 1, sequence) }
}

#[test]
fn a_full_live_queue_drops_its_oldest_frame_and_counts_it() {
    let mut fixture = fixture();
    for sequence in 0..5 {
        assert_eq!(fixture.enqueue(live_frame("fresh", 1, sequence)), Admission::Queued);
    }
    assert_eq!(dropped("fresh", "queue_full"), 3);
    assert!(fixture.step());
    assert_eq!(fixture.batch(8), [("fresh".to_owned(), 3)]);
    // Dropped frames are complete.
    assert_eq!(fixture.offsets.take_committable(None), [(partition(), 3)]);
}

#[test]
fn while_other_cameras_wait_only_the_newest_frame_of_each_is_decoded() {
    let mut fixture = fixture();
    for sequence in 0..2 {
        fixture.enqueue(live_frame("newest", 1, sequence));
        fixture.enqueue(live_frame("other", 1, sequence));
    }
    assert_eq!(decoded(&fixture.next().unwrap()), ("newest".to_owned(), 1));
    assert_eq!((dropped("newest", "overtaken"), dropped("other", "overtaken")), (1, 0));
}

#[test]
fn a_burst_of_one_camera_is_analysed_in_order_while_the_model_has_time() {
    let mut fixture = fixture_with(QueueConfig { live_frames: 8, max_age: Duration::from_hours(1), ..config() });
    // The interval is that of the capture times, here half an hour.
    let half_hour = Duration::from_mins(30).as_micros() as i64;
    for sequence in 0..4 {
        let captured_at_us = half_hour * sequence as i64;
        fixture.enqueue(v1::Frame { captured_at_us, ..live_frame("burst", 1, sequence) });
    }
    for sequence in 0..4 {
        while fixture.step() {}
        assert_eq!(fixture.batch(1), [("burst".to_owned(), sequence)]);
        fixture.scheduler.turns.lock().pace.asked(Instant::now());
    }
}

#[test]
fn a_newer_frame_replaces_a_decoded_one_that_waits() {
    let mut fixture = fixture();
    fixture.enqueue(live_frame("replaced", 1, 0));
    fixture.enqueue(live_frame("beside", 1, 0));
    assert!(fixture.step());
    fixture.enqueue(live_frame("replaced", 1, 1));
    assert!(fixture.step());
    assert_eq!(dropped("replaced", "overtaken"), 1);
    assert_eq!(fixture.batch(1), [("replaced".to_owned(), 1)]);
}

#[test]
fn live_frames_are_not_decoded_before_the_model_will_soon_be_free() {
    let mut fixture = fixture();
    {
        // The model's last run took an hour.
        let mut turns = fixture.scheduler.turns.lock();
        let hour_ago = Instant::now().checked_sub(Duration::from_hours(1)).unwrap();
        turns.pace.took_batch(hour_ago);
        turns.pace.asked(Instant::now());
        turns.pace.took_batch(Instant::now());
    }
    fixture.enqueue(live_frame("early", 1, 0));
    assert!(fixture.next().is_none());
    fixture.scheduler.turns.lock().pace.asked(Instant::now());
    assert_eq!(decoded(&fixture.next().unwrap()), ("early".to_owned(), 0));
}

#[test]
fn pictures_on_which_later_ones_depend_are_decoded_and_only_the_newest_is_prepared() {
    let mut fixture = fixture();
    fixture.enqueue(live_frame("still", 1, 0));
    for sequence in 0..3 {
        fixture.enqueue(coded("coded-chain", sequence, sequence == 0));
    }
    let mut steps = Vec::new();
    while let Some(task) = fixture.next() {
        steps.push(match &task.step {
            Step::Decode(job, ..) => format!("decode {} of {}", job.key.sequence, job.key.camera),
            Step::Prepare(raw) => format!("prepare {} of {}", raw.job.key.sequence, raw.job.key.camera),
        });
        fixture.finish(task);
        if steps.len() == 4 {
            assert_eq!(fixture.batch(1), [("still".to_owned(), 0)]);
            fixture.scheduler.turns.lock().pace.asked(Instant::now());
        }
    }
    let decode = |sequence| format!("decode {sequence} of coded-chain");
    let expected =
        ["decode 0 of still".to_owned(), decode(0), decode(1), decode(2), "prepare 2 of coded-chain".to_owned()];
    assert_eq!(steps, expected);
    assert_eq!(dropped("coded-chain", "overtaken"), 2);
    assert_eq!(fixture.batch(1), [("coded-chain".to_owned(), 2)]);
}

#[test]
fn frames_of_a_file_are_never_overtaken() {
    let mut fixture = fixture();
    for sequence in 0..3 {
        fixture.enqueue(file_frame("in-order", 1, sequence));
    }
    fixture.set_max_batch(8);
    while fixture.step() {}
    let sequences: Vec<u64> = fixture.batch(8).into_iter().map(|(_, sequence)| sequence).collect();
    assert_eq!(sequences, [0, 1, 2]);
}

#[test]
fn cameras_take_turns_at_the_model_however_often_they_decode() {
    let mut fixture = fixture();
    let mut turns = Vec::new();
    // The model processes one frame while each of two cameras sends one, so it is too slow for both.
    for sequence in 0..6 {
        fixture.enqueue(live_frame("turn-jpeg", 1, sequence));
        fixture.enqueue(coded("turn-coded", sequence, sequence == 0));
        while fixture.step() {}
        turns.extend(fixture.batch(1).into_iter().map(|(camera, _)| camera));
        fixture.scheduler.turns.lock().pace.asked(Instant::now());
    }
    assert_eq!(turns.iter().filter(|camera| *camera == "turn-coded").count(), 3, "{turns:?}");
}

#[test]
fn frames_of_a_file_are_never_dropped() {
    let mut fixture = fixture();
    let admissions: Vec<Admission> = (0..10).map(|sequence| fixture.enqueue(file_frame("file", 1, sequence))).collect();
    assert_eq!(admissions[2], Admission::Queued);
    assert!(admissions[3..].iter().all(|admission| *admission == Admission::QueuedNowFull));
    let mut sequences = Vec::new();
    while sequences.len() < 10 {
        while fixture.step() {}
        sequences.extend(fixture.batch(3).into_iter().map(|(_, sequence)| sequence));
    }
    assert_eq!(sequences, (0..10).collect::<Vec<_>>());
    assert!(fixture.scheduler.may_resume(&partition()));
}

#[test]
fn of_many_files_only_the_next_two_batches_are_decoded_ahead() {
    let mut fixture = fixture();
    let names: Vec<String> = (0..10).map(|file| format!("many-{file}")).collect();
    for (name, sequence) in names.iter().flat_map(|name| (0..4).map(move |sequence| (name, sequence))) {
        fixture.enqueue(file_frame(name, 1, sequence));
    }
    let mut taken = Vec::new();
    while taken.len() < 40 {
        while fixture.step() {}
        let waiting = fixture.scheduler.turns.lock().files_ready();
        assert!((1..=4).contains(&waiting), "{waiting} decoded pictures wait");
        taken.extend(fixture.batch(2));
    }
    for name in &names {
        let of_file: Vec<u64> = taken.iter().filter(|(file, _)| file == name).map(|(_, sequence)| *sequence).collect();
        assert_eq!(of_file, [0, 1, 2, 3], "{name}");
    }
    // A live camera does not wait behind them.
    fixture.enqueue(file_frame("many-0", 1, 4));
    fixture.enqueue(live_frame("many-live", 1, 0));
    while fixture.step() {}
    assert_eq!(fixture.batch(2).len(), 2);
}

#[test]
fn duplicates_are_dropped_and_sequence_gaps_are_counted() {
    let mut fixture = fixture();
    fixture.enqueue(file_frame("twice", 1, 3));
    assert_eq!(fixture.enqueue(file_frame("twice", 1, 3)), Admission::Refused);
    assert_eq!(fixture.enqueue(file_frame("twice", 1, 2)), Admission::Refused);
    // Frames 4 to 9 are missing; ingest reports that it dropped four of them.
    fixture.enqueue(v1::Frame { dropped_before: 4, ..file_frame("twice", 1, 10) });
    let gaps = |camera| counter_sum("infer_sequence_gap_frames_total", |labels| labels.contains(&("camera", camera)));
    assert_eq!(dropped("twice", "duplicate"), 2);
    assert_eq!(gaps("twice"), 2);
    assert_ne!(fixture.enqueue(file_frame("twice", 2, 0)), Admission::Refused, "a new session counts from 0");
    assert_eq!(gaps("twice"), 2);
}

#[test]
fn of_two_live_sessions_at_once_the_newer_one_is_analysed() {
    let mut fixture = fixture();
    fixture.enqueue(live_frame("two", 20, 0));
    assert_eq!(fixture.enqueue(live_frame("two", 10, 7)), Admission::Refused);
    assert_eq!(dropped("two", "superseded"), 1);
    fixture.enqueue(live_frame("two", 20, 1));
    // The newer one has ended.
    let mut later = job(live_frame("two", 10, 8), 90, &fixture.offsets);
    later.received_at += Duration::from_secs(6);
    assert_eq!(fixture.scheduler.enqueue(later), Admission::Queued);
    // Every frame of a file is analysed, and its sessions follow each other.
    fixture.enqueue(file_frame("two-files", 20, 0));
    assert_eq!(fixture.enqueue(file_frame("two-files", 10, 0)), Admission::Queued);
    assert_eq!(dropped("two-files", "superseded"), 0);
}

#[test]
fn a_live_frame_older_than_max_age_is_dropped() {
    const MAX_AGE: Duration = Duration::from_mins(10);
    let mut fixture = fixture_with(QueueConfig { max_age: MAX_AGE, ..config() });
    let old = vru_runtime::clock::now_us() - MAX_AGE.as_micros() as i64 - 1;
    fixture.enqueue(v1::Frame { ingested_at_us: old, ..live_frame("late", 1, 0) });
    // Captured long ago, but ingest took it just now: the camera's clock may be wrong.
    fixture.enqueue(v1::Frame { captured_at_us: old - 3_600_000_000, ..live_frame("late", 1, 1) });
    assert_eq!(decoded(&fixture.scheduler.next_task().unwrap()).1, 1);
    assert_eq!(dropped("late", "too_old"), 1);
}

#[test]
fn cameras_take_turns_in_a_batch() {
    let mut fixture = fixture();
    for sequence in 0..4 {
        fixture.enqueue(file_frame("busy", 1, sequence));
    }
    fixture.enqueue(file_frame("calm", 1, 0));
    fixture.set_max_batch(3);
    while fixture.step() {}
    let batch = fixture.batch(3);
    assert_eq!(batch.len(), 3);
    assert!(batch.contains(&("calm".to_owned(), 0)), "{batch:?}");
}

#[test]
fn coded_pictures_are_dropped_up_to_the_next_key_frame() {
    let mut fixture = fixture();
    for (sequence, key_frame) in [(0, true), (1, false), (2, false), (3, true), (4, false)] {
        fixture.enqueue(coded("coded", sequence, key_frame));
    }
    assert_eq!(dropped("coded", "queue_full"), 3);
    assert_eq!(decoded(&fixture.scheduler.next_task().unwrap()).1, 3);
}

#[test]
fn one_frame_of_a_camera_is_decoded_at_a_time() {
    let mut fixture = fixture();
    fixture.enqueue(file_frame("one", 1, 0));
    fixture.enqueue(file_frame("one", 1, 1));
    fixture.enqueue(file_frame("two", 1, 0));
    fixture.set_max_batch(8);
    let (first, second) = (fixture.next().unwrap(), fixture.next().unwrap());
    assert_eq!((decoded(&first).0.as_str(), decoded(&second).0.as_str()), ("one", "two"));
    assert!(fixture.next().is_none(), "the second frame of `one` waits for the first");
}

#[test]
fn a_closed_scheduler_hands_out_its_last_frames_and_then_ends() {
    let mut fixture = fixture();
    fixture.enqueue(file_frame("last", 1, 0));
    fixture.scheduler.close();
    assert!(fixture.step());
    assert!(fixture.scheduler.next_task().is_none());
    assert_eq!(fixture.batch(4).len(), 1);
    assert!(fixture.scheduler.next_batch(4, Duration::ZERO).is_none());
}

#[test]
fn a_batch_waits_for_more_frames_only_up_to_max_wait() {
    let mut fixture = fixture();
    fixture.enqueue(file_frame("alone", 1, 0));
    fixture.step();
    let started = Instant::now();
    let batch = fixture.scheduler.next_batch(8, Duration::from_millis(60)).unwrap();
    assert_eq!(batch.len(), 1);
    assert!(started.elapsed() >= Duration::from_millis(60));
}
