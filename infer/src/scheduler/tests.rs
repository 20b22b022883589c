use std::sync::Arc;
use std::time::Duration;

use vru_proto::v1;

use super::lane::Deferrable;
use super::*;
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
    // Only the tests of `overtake_after` set it lower: on a loaded machine any test may pause for long.
    let overtake_after = Duration::from_hours(1);
    QueueConfig { live_frames: 2, coded_pictures: 4, file_frames: 4, overtake_after, ..QueueConfig::default() }
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

    /// Decodes the next frame; false if no frame may be decoded now.
    fn decode_one(&mut self) -> bool {
        let task = self.scheduler.start_decoding(&mut self.scheduler.turns.lock());
        let Some(DecodeTask { job, decoder, lane_id }) = task else { return false };
        let decoded = Picture::new(Image::filled(SIZE.0, SIZE.1, [200; 3]));
        let prepared = self.preparer.prepare(&decoded).unwrap();
        let zero = Duration::ZERO;
        let picture =
            ReadyPicture { decoded, prepared, queued: zero, decode: zero, preprocess: zero, ready_at: Instant::now() };
        self.scheduler.finish_decoding(lane_id, decoder, vec![ReadyFrame { job, picture: Some(picture) }]);
        true
    }

    fn decoded_waiting(&self, kind: Deferrable) -> usize {
        self.scheduler.turns.lock().decoded_waiting(kind)
    }

    fn set_max_batch(&self, max_batch: usize) {
        self.scheduler.turns.lock().max_batch = max_batch;
    }

    /// The next batch, as camera and sequence of each frame.
    fn batch(&self, max_frames: usize) -> Vec<(String, u64)> {
        let batch = self.scheduler.next_batch(max_frames, Duration::ZERO).unwrap();
        batch.iter().map(|ready| (ready.job.key.camera.to_string(), ready.job.key.sequence)).collect()
    }
}

fn dropped(camera: &str, reason: &str) -> u64 {
    counter_sum("infer_dropped_frames_total", |labels| {
        labels.contains(&("camera", camera)) && labels.contains(&("reason", reason))
    })
}

fn coded(camera: &str, sequence: u64, key_frame: bool) -> v1::Frame {
    v1::Frame { encoding: v1::Encoding::H264.into(), key_frame, ..live_frame(camera, 1, sequence) }
}

#[test]
fn a_full_live_queue_drops_its_oldest_frame_and_counts_it() {
    let mut fixture = fixture();
    for sequence in 0..5 {
        assert_eq!(fixture.enqueue(live_frame("fresh", 1, sequence)), Admission::Queued);
    }
    assert_eq!(dropped("fresh", "queue_full"), 3);
    assert!(fixture.decode_one());
    assert_eq!(fixture.batch(8), [("fresh".to_owned(), 3)]);
    // Dropped frames are complete.
    assert_eq!(fixture.offsets.take_committable(None), [(partition(), 3)]);
}

const OVERTAKE_AFTER: Duration = Duration::from_millis(20);

fn overtaking_fixture() -> Fixture {
    let max_age = Duration::from_hours(1);
    fixture_with(QueueConfig { overtake_after: OVERTAKE_AFTER, live_frames: 4, max_age, ..config() })
}

#[test]
fn a_live_frame_that_waited_too_long_for_a_decoder_is_dropped_for_a_newer_one() {
    let mut fixture = overtaking_fixture();
    fixture.enqueue(live_frame("overtaken", 1, 0));
    std::thread::sleep(OVERTAKE_AFTER);
    assert!(fixture.decode_one(), "without a newer frame it may wait for any time");
    assert_eq!(fixture.batch(1), [("overtaken".to_owned(), 0)]);
    fixture.enqueue(live_frame("overtaken", 1, 1));
    std::thread::sleep(OVERTAKE_AFTER);
    fixture.enqueue(live_frame("overtaken", 1, 2));
    fixture.enqueue(live_frame("overtaken", 1, 3));
    assert_eq!(fixture.scheduler.next_to_decode().unwrap().job.key.sequence, 3, "the newest is next");
    assert_eq!(dropped("overtaken", "overtaken"), 2);
}

#[test]
fn a_decoded_picture_that_waited_too_long_for_the_model_is_dropped_for_a_newer_one() {
    let mut fixture = overtaking_fixture();
    for sequence in 0..2 {
        fixture.enqueue(coded("overtaken-coded", sequence, sequence == 0));
        assert!(fixture.decode_one(), "each H.264 picture is decoded: later ones depend on it");
        std::thread::sleep(OVERTAKE_AFTER);
    }
    assert_eq!(fixture.batch(1), [("overtaken-coded".to_owned(), 1)], "the newest may wait for any time");
    assert_eq!(dropped("overtaken-coded", "overtaken"), 1);
}

#[test]
fn frames_of_a_file_are_never_overtaken() {
    let mut fixture = fixture_with(QueueConfig { overtake_after: Duration::ZERO, ..config() });
    for sequence in 0..3 {
        fixture.enqueue(file_frame("in-order", 1, sequence));
    }
    fixture.set_max_batch(8);
    while fixture.decode_one() {}
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
        while fixture.decode_one() {}
        turns.extend(fixture.batch(1).into_iter().map(|(camera, _)| camera));
    }
    assert_eq!(turns.iter().filter(|camera| *camera == "turn-coded").count(), 3, "{turns:?}");
}

#[test]
fn live_frames_are_not_decoded_long_before_their_turn_at_the_model() {
    let mut fixture = fixture();
    let names: Vec<String> = (0..10).map(|camera| format!("ahead-{camera}")).collect();
    let mut waited = Vec::new();
    // Ten cameras send 50 frames each, one in every second step; the model takes one frame in each step.
    for step in 0..100 {
        for name in names.iter().filter(|_| step % 2 == 0) {
            fixture.enqueue(live_frame(name, 1, step / 2));
        }
        while fixture.decode_one() {}
        let waiting = fixture.decoded_waiting(Deferrable::LiveJpeg);
        assert!(waiting <= 2, "{waiting} decoded pictures wait");
        for (camera, sequence) in fixture.batch(1) {
            waited.push((camera, step / 2 - sequence));
        }
    }
    for name in &names {
        assert_eq!(waited.iter().filter(|(camera, _)| camera == name).count(), 10, "cameras take turns");
    }
    // Two newer frames may be queued undecoded, and one more may come while the decoded one waits.
    let longest = waited.iter().map(|(_, newer)| *newer).max();
    assert!(longest <= Some(2), "{longest:?} newer frames had come");
}

#[test]
fn frames_of_a_file_are_never_dropped() {
    let mut fixture = fixture();
    let admissions: Vec<Admission> = (0..10).map(|sequence| fixture.enqueue(file_frame("file", 1, sequence))).collect();
    assert_eq!(admissions[2], Admission::Queued);
    assert!(admissions[3..].iter().all(|admission| *admission == Admission::QueuedNowFull));
    let mut sequences = Vec::new();
    while sequences.len() < 10 {
        while fixture.decode_one() {}
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
        while fixture.decode_one() {}
        let waiting = fixture.decoded_waiting(Deferrable::File);
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
    while fixture.decode_one() {}
    assert_eq!(fixture.batch(2).len(), 2);
}

#[test]
fn duplicates_are_dropped_and_sequence_gaps_are_counted() {
    let mut fixture = fixture();
    fixture.enqueue(file_frame("twice", 1, 3));
    assert_eq!(fixture.enqueue(file_frame("twice", 1, 3)), Admission::Duplicate);
    assert_eq!(fixture.enqueue(file_frame("twice", 1, 2)), Admission::Duplicate);
    // Frames 4 to 9 are missing; ingest reports that it dropped four of them.
    fixture.enqueue(v1::Frame { dropped_before: 4, ..file_frame("twice", 1, 10) });
    let gaps = |camera| counter_sum("infer_sequence_gap_frames_total", |labels| labels.contains(&("camera", camera)));
    assert_eq!(dropped("twice", "duplicate"), 2);
    assert_eq!(gaps("twice"), 2);
    assert_ne!(fixture.enqueue(file_frame("twice", 2, 0)), Admission::Duplicate, "a new session counts from 0");
    assert_eq!(gaps("twice"), 2);
}

#[test]
fn a_live_frame_older_than_max_age_is_dropped() {
    const MAX_AGE: Duration = Duration::from_mins(10);
    let mut fixture = fixture_with(QueueConfig { max_age: MAX_AGE, ..config() });
    let old = vru_runtime::clock::now_us() - MAX_AGE.as_micros() as i64 - 1;
    fixture.enqueue(v1::Frame { ingested_at_us: old, ..live_frame("late", 1, 0) });
    // Captured long ago, but ingest took it just now: the camera's clock may be wrong.
    fixture.enqueue(v1::Frame { captured_at_us: old - 3_600_000_000, ..live_frame("late", 1, 1) });
    let task = fixture.scheduler.next_to_decode().unwrap();
    assert_eq!(task.job.key.sequence, 1);
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
    while fixture.decode_one() {}
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
    assert_eq!(fixture.scheduler.next_to_decode().unwrap().job.key.sequence, 3);
}

#[test]
fn one_frame_of_a_camera_is_decoded_at_a_time() {
    let mut fixture = fixture();
    fixture.enqueue(file_frame("one", 1, 0));
    fixture.enqueue(file_frame("one", 1, 1));
    fixture.enqueue(file_frame("two", 1, 0));
    let first = fixture.scheduler.next_to_decode().unwrap();
    let second = fixture.scheduler.next_to_decode().unwrap();
    assert_eq!((first.job.key.camera.as_str(), second.job.key.camera.as_str()), ("one", "two"));
    assert!(!fixture.decode_one(), "the second frame of `one` waits for the first");
}

#[test]
fn the_cameras_of_a_revoked_partition_are_removed_and_may_come_back() {
    let mut fixture = fixture();
    fixture.enqueue(file_frame("moved", 1, 0));
    fixture.enqueue(file_frame("moved", 1, 1));
    let DecodeTask { job, decoder, lane_id } = fixture.scheduler.next_to_decode().unwrap();
    fixture.offsets.revoked(&[partition()]);
    let cameras = fixture.scheduler.remove_cameras(&[partition()]);
    assert_eq!(cameras.iter().map(CameraId::as_str).collect::<Vec<_>>(), ["moved"]);
    fixture.scheduler.finish_decoding(lane_id, decoder, vec![ReadyFrame { job, picture: None }]);
    assert_eq!(dropped("moved", "revoked"), 2);
    fixture.offsets.assigned(&partition());
    assert_eq!(fixture.enqueue(file_frame("moved", 1, 0)), Admission::Queued, "unacknowledged frames come again");
}

#[test]
fn before_a_revocation_only_started_frames_are_finished() {
    let mut fixture = fixture();
    for sequence in 0..4 {
        fixture.enqueue(file_frame("leaving", 1, sequence));
    }
    assert!(fixture.decode_one());
    fixture.scheduler.abandon_unstarted(&[partition()]);
    assert_eq!(fixture.offsets.in_progress(&[partition()]), 1, "the started frame is finished");
    let ready = fixture.scheduler.next_batch(1, Duration::ZERO).unwrap().remove(0);
    fixture.offsets.complete(&ready.job.ticket);
    assert_eq!(fixture.offsets.in_progress(&[partition()]), 0);
    assert_eq!(fixture.offsets.take_committable(None), [(partition(), 1)]);
    assert_eq!(dropped("leaving", "revoked"), 3);
}

#[test]
fn a_closed_scheduler_hands_out_its_last_frames_and_then_ends() {
    let mut fixture = fixture();
    fixture.enqueue(file_frame("last", 1, 0));
    fixture.scheduler.close();
    assert!(fixture.decode_one());
    assert!(fixture.scheduler.next_to_decode().is_none());
    assert_eq!(fixture.batch(4).len(), 1);
    assert!(fixture.scheduler.next_batch(4, Duration::ZERO).is_none());
}

#[test]
fn a_batch_waits_for_more_frames_only_up_to_max_wait() {
    let mut fixture = fixture();
    fixture.enqueue(file_frame("alone", 1, 0));
    fixture.decode_one();
    let started = Instant::now();
    let batch = fixture.scheduler.next_batch(8, Duration::from_millis(60)).unwrap();
    assert_eq!(batch.len(), 1);
    assert!(started.elapsed() >= Duration::from_millis(60));
}
