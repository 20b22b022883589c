use std::sync::Arc;
use std::time::Duration;

use vru_proto::v1;

use super::*;
use crate::frame::Seen;
use crate::model::Preparer;
use crate::picture::Picture;
use crate::test_support::{SIZE, fake_model, file_frame, job, live_frame, partition};
use vru_runtime::metrics::counter_sum;
use vru_vision::image::Image;

struct Fixture {
    board: Board,
    offsets: Arc<Offsets>,
    next_offset: i64,
    preparer: Preparer,
}

fn config() -> QueueConfig {
    // Nothing is overtaken unless a test is about it: a test may have to wait for its turn on the machine.
    let overtake_after = Duration::from_hours(1);
    QueueConfig { live_frames: 2, coded_pictures: 4, file_frames: 4, overtake_after, ..QueueConfig::default() }
}

fn fixture() -> Fixture {
    fixture_with(config())
}

fn fixture_with(config: QueueConfig) -> Fixture {
    let offsets = Arc::new(Offsets::default());
    offsets.assigned(&partition());
    let model = fake_model();
    let preparer = model.preparer().unwrap();
    Fixture { board: Board::new(config, offsets.clone(), model), offsets, next_offset: 0, preparer }
}

impl Fixture {
    fn offer(&mut self, frame: v1::Frame) -> Offered {
        let job = job(frame, self.next_offset, &self.offsets);
        self.next_offset += 1;
        self.board.offer(job)
    }

    /// Lets a decoder do one frame; false when there is none to do.
    fn decode_one(&mut self) -> bool {
        let waits = {
            let mut state = self.board.state.lock();
            let mut dropped = Vec::new();
            let next = state.start_decoding(&self.board.config, &mut dropped);
            assert!(dropped.is_empty(), "use `next_to_decode` where frames are too old");
            next.is_some_and(|(at, job, decoder)| {
                // Put back as it was: only the board's own call may take it.
                state.lanes[at].undo_start(job, decoder);
                true
            })
        };
        if !waits {
            return false;
        }
        let DecodeWork { job, decoder, lane } = self.board.next_to_decode().unwrap();
        let picture = Picture::new(Image::filled(SIZE.0, SIZE.1, [200; 3]));
        let prepared = self.preparer.prepare(&picture).unwrap();
        let zero = Duration::ZERO;
        let seen = Seen { picture, prepared, queued: zero, decode: zero, preprocess: zero, since: Instant::now() };
        self.board.decoded(lane, decoder, vec![Ready { job, seen: Some(seen) }]);
        true
    }

    /// Decoded frames that wait for the model.
    fn ahead(&self, kind: Patient) -> usize {
        self.board.state.lock().ahead(kind)
    }

    fn batch(&self, most: usize) -> Vec<(String, u64)> {
        let batch = self.board.next_batch(most, Duration::ZERO).unwrap();
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
fn the_oldest_live_frame_makes_room_and_is_counted() {
    let mut fixture = fixture();
    for sequence in 0..5 {
        assert_eq!(fixture.offer(live_frame("fresh", 1, sequence)), Offered::Queued);
    }
    assert_eq!(dropped("fresh", "queue_full"), 3);
    assert!(fixture.decode_one());
    assert_eq!(fixture.batch(8), [("fresh".to_owned(), 3)]);
    // Dropped frames count as done with.
    assert_eq!(fixture.offsets.take_committable(None), [(partition(), 3)]);
}

#[test]
fn a_live_frame_that_waited_a_while_is_overtaken_by_a_newer_one() {
    const A_WHILE: Duration = Duration::from_millis(20);
    let mut fixture = fixture_with(QueueConfig { overtake_after: A_WHILE, live_frames: 4, ..config() });
    fixture.offer(live_frame("overtaken", 1, 0));
    std::thread::sleep(A_WHILE);
    assert!(fixture.decode_one(), "nothing is newer: it may wait as long as it likes");
    assert_eq!(fixture.batch(1), [("overtaken".to_owned(), 0)]);
    fixture.offer(live_frame("overtaken", 1, 1));
    std::thread::sleep(A_WHILE);
    fixture.offer(live_frame("overtaken", 1, 2));
    fixture.offer(live_frame("overtaken", 1, 3));
    assert_eq!(fixture.board.next_to_decode().unwrap().job.key.sequence, 3, "the newest is next");
    assert_eq!(dropped("overtaken", "overtaken"), 2);
}

#[test]
fn a_decoded_picture_that_waited_a_while_for_the_model_is_overtaken_too() {
    const A_WHILE: Duration = Duration::from_millis(20);
    let mut fixture = fixture_with(QueueConfig { overtake_after: A_WHILE, ..config() });
    for sequence in 0..2 {
        fixture.offer(coded("overtaken-coded", sequence, sequence == 0));
        assert!(fixture.decode_one(), "each picture of a codec is decoded: later ones build on it");
        std::thread::sleep(A_WHILE);
    }
    assert_eq!(fixture.batch(1), [("overtaken-coded".to_owned(), 1)], "the newest may wait as long as it likes");
    assert_eq!(dropped("overtaken-coded", "overtaken"), 1);
}

#[test]
fn frames_of_a_file_are_never_overtaken() {
    let mut fixture = fixture_with(QueueConfig { overtake_after: Duration::ZERO, ..config() });
    for sequence in 0..3 {
        fixture.offer(file_frame("in-order", 1, sequence));
    }
    fixture.board.state.lock().most = 8;
    while fixture.decode_one() {}
    let seen: Vec<u64> = fixture.batch(8).into_iter().map(|(_, sequence)| sequence).collect();
    assert_eq!(seen, [0, 1, 2]);
}

#[test]
fn cameras_take_turns_at_the_model_however_often_they_decode() {
    let mut fixture = fixture();
    let mut turns = Vec::new();
    // The model does one frame while each camera sends one: it is too slow for both.
    for sequence in 0..6 {
        fixture.offer(live_frame("turn-jpeg", 1, sequence));
        fixture.offer(coded("turn-coded", sequence, sequence == 0));
        while fixture.decode_one() {}
        turns.extend(fixture.batch(1).into_iter().map(|(camera, _)| camera));
    }
    assert_eq!(turns.iter().filter(|camera| *camera == "turn-coded").count(), 3, "{turns:?}");
}

#[test]
fn what_waits_for_its_turn_at_the_model_is_not_decoded_while_newer_pictures_come() {
    let mut fixture = fixture();
    let names: Vec<String> = (0..10).map(|camera| format!("ahead-{camera}")).collect();
    let mut waited = Vec::new();
    // Ten cameras send ten pictures each while the model does one of each camera.
    for sequence in 0..100 {
        for name in names.iter().filter(|_| sequence % 2 == 0) {
            fixture.offer(live_frame(name, 1, sequence / 2));
        }
        while fixture.decode_one() {}
        let ahead = fixture.ahead(Patient::Still);
        assert!(ahead <= 2, "{ahead} pictures wait decoded");
        for (camera, taken) in fixture.batch(1) {
            waited.push((camera, sequence / 2 - taken));
        }
    }
    for name in &names {
        assert_eq!(waited.iter().filter(|(camera, _)| camera == name).count(), 10, "cameras take turns");
    }
    // Two may wait undecoded, one more comes while it waits decoded.
    let longest = waited.iter().map(|(_, pictures)| *pictures).max();
    assert!(longest <= Some(2), "{longest:?} newer pictures had come");
}

#[test]
fn frames_of_a_file_are_never_dropped() {
    let mut fixture = fixture();
    let offered: Vec<Offered> = (0..10).map(|sequence| fixture.offer(file_frame("file", 1, sequence))).collect();
    assert_eq!(offered[2], Offered::Queued);
    assert!(offered[3..].iter().all(|offered| *offered == Offered::Full));
    let mut seen = Vec::new();
    while seen.len() < 10 {
        while fixture.decode_one() {}
        seen.extend(fixture.batch(3).into_iter().map(|(_, sequence)| sequence));
    }
    assert_eq!(seen, (0..10).collect::<Vec<_>>());
    assert!(fixture.board.has_room(&partition()));
}

#[test]
fn of_many_files_no_more_is_decoded_than_the_model_soon_takes() {
    let mut fixture = fixture();
    let names: Vec<String> = (0..10).map(|file| format!("many-{file}")).collect();
    for (name, sequence) in names.iter().flat_map(|name| (0..4).map(move |sequence| (name, sequence))) {
        fixture.offer(file_frame(name, 1, sequence));
    }
    let mut taken = Vec::new();
    while taken.len() < 40 {
        while fixture.decode_one() {}
        let ahead = fixture.ahead(Patient::File);
        assert!((1..=4).contains(&ahead), "{ahead} pictures wait decoded");
        taken.extend(fixture.batch(2));
    }
    for name in &names {
        let of_file: Vec<u64> = taken.iter().filter(|(file, _)| file == name).map(|(_, sequence)| *sequence).collect();
        assert_eq!(of_file, [0, 1, 2, 3], "{name}");
    }
    // A live camera need not wait for them.
    fixture.offer(file_frame("many-0", 1, 4));
    fixture.offer(live_frame("many-live", 1, 0));
    while fixture.decode_one() {}
    assert_eq!(fixture.batch(2).len(), 2);
}

#[test]
fn what_was_analysed_already_is_dropped_and_gaps_are_counted() {
    let mut fixture = fixture();
    fixture.offer(file_frame("twice", 1, 3));
    assert_eq!(fixture.offer(file_frame("twice", 1, 3)), Offered::Duplicate);
    assert_eq!(fixture.offer(file_frame("twice", 1, 2)), Offered::Duplicate);
    // 4 to 9 are missing; ingest says it dropped four of them.
    fixture.offer(v1::Frame { dropped_before: 4, ..file_frame("twice", 1, 10) });
    let gaps = |camera| counter_sum("infer_sequence_gap_frames_total", |labels| labels.contains(&("camera", camera)));
    assert_eq!(dropped("twice", "duplicate"), 2);
    assert_eq!(gaps("twice"), 2);
    assert_ne!(fixture.offer(file_frame("twice", 2, 0)), Offered::Duplicate, "a new session has its own numbers");
    assert_eq!(gaps("twice"), 2);
}

#[test]
fn a_live_frame_that_waited_too_long_is_dropped() {
    let mut fixture = fixture();
    let old = clock_now_us() - 3_000_000;
    fixture.offer(v1::Frame { ingested_at_us: old, ..live_frame("late", 1, 0) });
    // Captured long ago, but ingest took it just now: a camera's clock may be wrong.
    fixture.offer(v1::Frame { captured_at_us: old - 3_600_000_000, ..live_frame("late", 1, 1) });
    let work = fixture.board.next_to_decode().unwrap();
    assert_eq!(work.job.key.sequence, 1);
    assert_eq!(dropped("late", "too_old"), 1);
}

fn clock_now_us() -> i64 {
    vru_runtime::clock::now_us()
}

#[test]
fn cameras_take_turns_in_a_batch() {
    let mut fixture = fixture();
    for sequence in 0..4 {
        fixture.offer(file_frame("busy", 1, sequence));
    }
    fixture.offer(file_frame("calm", 1, 0));
    fixture.board.state.lock().most = 3;
    while fixture.decode_one() {}
    let batch = fixture.batch(3);
    assert_eq!(batch.len(), 3);
    assert!(batch.contains(&("calm".to_owned(), 0)), "{batch:?}");
}

#[test]
fn coded_pictures_are_dropped_up_to_the_next_key_frame() {
    let mut fixture = fixture();
    for (sequence, key_frame) in [(0, true), (1, false), (2, false), (3, true), (4, false)] {
        fixture.offer(coded("coded", sequence, key_frame));
    }
    assert_eq!(dropped("coded", "queue_full"), 3);
    assert_eq!(fixture.board.next_to_decode().unwrap().job.key.sequence, 3);
}

#[test]
fn one_frame_of_a_camera_is_decoded_at_a_time() {
    let mut fixture = fixture();
    fixture.offer(file_frame("one", 1, 0));
    fixture.offer(file_frame("one", 1, 1));
    fixture.offer(file_frame("two", 1, 0));
    let first = fixture.board.next_to_decode().unwrap();
    let second = fixture.board.next_to_decode().unwrap();
    assert_eq!((first.job.key.camera.as_str(), second.job.key.camera.as_str()), ("one", "two"));
    assert!(!fixture.decode_one(), "the second frame waits for the first");
}

#[test]
fn a_revoked_partition_leaves_nothing_behind_and_may_come_back() {
    let mut fixture = fixture();
    fixture.offer(file_frame("moved", 1, 0));
    fixture.offer(file_frame("moved", 1, 1));
    let work = fixture.board.next_to_decode().unwrap();
    fixture.offsets.revoked(&[partition()]);
    let cameras = fixture.board.forget(&[partition()]);
    assert_eq!(cameras.iter().map(CameraId::as_str).collect::<Vec<_>>(), ["moved"]);
    fixture.board.decoded(work.lane, work.decoder, vec![Ready { job: work.job, seen: None }]);
    assert_eq!(dropped("moved", "revoked"), 2);
    fixture.offsets.assigned(&partition());
    assert_eq!(fixture.offer(file_frame("moved", 1, 0)), Offered::Queued, "what was not acknowledged is done again");
}

#[test]
fn a_partition_that_goes_away_leaves_what_was_not_begun_to_its_next_owner() {
    let mut fixture = fixture();
    for sequence in 0..4 {
        fixture.offer(file_frame("leaving", 1, sequence));
    }
    assert!(fixture.decode_one());
    fixture.board.withdraw(&[partition()]);
    assert_eq!(fixture.offsets.open(&[partition()]), 1, "what was begun is finished");
    let ready = fixture.board.next_batch(1, Duration::ZERO).unwrap().remove(0);
    fixture.offsets.complete(&ready.job.ticket);
    assert_eq!(fixture.offsets.open(&[partition()]), 0);
    assert_eq!(fixture.offsets.take_committable(None), [(partition(), 1)]);
    assert_eq!(dropped("leaving", "revoked"), 3);
}

#[test]
fn a_closed_board_is_finished_and_then_ends() {
    let mut fixture = fixture();
    fixture.offer(file_frame("last", 1, 0));
    fixture.board.close();
    assert!(fixture.decode_one());
    assert!(fixture.board.next_to_decode().is_none());
    assert_eq!(fixture.batch(4).len(), 1);
    assert!(fixture.board.next_batch(4, Duration::ZERO).is_none());
}

#[test]
fn a_free_session_waits_for_more_frames_only_so_long() {
    let mut fixture = fixture();
    fixture.offer(file_frame("alone", 1, 0));
    fixture.decode_one();
    let started = Instant::now();
    let batch = fixture.board.next_batch(8, Duration::from_millis(60)).unwrap();
    assert_eq!(batch.len(), 1);
    assert!(started.elapsed() >= Duration::from_millis(60));
}
