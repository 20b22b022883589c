use super::*;
use crate::backend::fake::FakeControl;
use crate::config::QueueConfig;
use crate::frame::{Job, Seen};
use crate::model::Preparer;
use crate::offsets::Offsets;
use crate::picture::Picture;
use crate::test_support::{SIZE, fake_engine, file_frame, job, partition};
use vru_runtime::metrics::counter_sum;
use vru_vision::image::Image;

struct Fixture {
    batcher: Batcher,
    control: Arc<FakeControl>,
    inferred: mpsc::Receiver<ToAnalyst>,
    offsets: Arc<Offsets>,
    preparer: Preparer,
    failure: Failure,
}

fn fixture() -> Fixture {
    let (engine, control) = fake_engine();
    let offsets = Arc::new(Offsets::default());
    offsets.assigned(&partition());
    let model = engine.model().clone();
    let preparer = model.preparer().unwrap();
    let board = Arc::new(Board::new(QueueConfig::default(), offsets.clone(), model));
    let (inferred_tx, inferred) = mpsc::channel(64);
    let failure = Failure::default();
    let config = BatchConfig { max_size: 4, ..BatchConfig::default() };
    let batcher = Batcher::new(board, engine, config, inferred_tx, failure.clone());
    Fixture { batcher, control, inferred, offsets, preparer, failure }
}

impl Fixture {
    /// Frames of a camera whose pictures have this grey.
    fn batch(&mut self, camera: &str, greys: &[u8]) -> Vec<Ready> {
        let pictures = greys.iter().map(|grey| Picture::new(Image::filled(SIZE.0, SIZE.1, [*grey; 3])));
        (0..)
            .zip(pictures)
            .map(|(sequence, picture)| {
                let job: Job = job(file_frame(camera, 1, sequence), sequence as i64, &self.offsets);
                let prepared = self.preparer.prepare(&picture).unwrap();
                let zero = Duration::ZERO;
                let seen =
                    Seen { picture, prepared, queued: zero, decode: zero, preprocess: zero, since: Instant::now() };
                Ready { job, seen: Some(seen) }
            })
            .collect()
    }

    fn sequences(&mut self) -> Vec<u64> {
        let mut sequences = Vec::new();
        while let Ok(ToAnalyst::Inferred(inferred)) = self.inferred.try_recv() {
            assert!(inferred.answer.is_some());
            sequences.push(inferred.ready.job.key.sequence);
        }
        sequences
    }
}

#[test]
fn a_batch_is_one_run_and_keeps_its_order() {
    let mut fixture = fixture();
    let batch = fixture.batch("batched", &[250, 200, 150]);
    assert!(fixture.batcher.run_batch(batch));
    assert_eq!(*fixture.control.batches.lock(), [3]);
    assert_eq!(fixture.sequences(), [0, 1, 2]);
}

#[test]
fn each_picture_gets_its_own_answer() {
    let mut fixture = fixture();
    let batch = fixture.batch("own", &[255, 153]);
    fixture.batcher.run_batch(batch);
    let model = fixture.batcher.engine.model().clone();
    for brightness in [1.0, 0.6] {
        let Ok(ToAnalyst::Inferred(inferred)) = fixture.inferred.try_recv() else { panic!("an answer is missing") };
        let seen = inferred.ready.seen.unwrap();
        let answer = inferred.answer.unwrap();
        let found = model.read(&answer, seen.prepared.placement, seen.prepared.source).unwrap();
        assert!((found[0].score - brightness).abs() < 0.01, "{found:?}");
    }
}

#[test]
fn a_run_that_fails_for_a_moment_costs_no_frame() {
    let mut fixture = fixture();
    fixture.control.fail_next(TRIES as usize - 1);
    let batch = fixture.batch("moment", &[250, 250]);
    fixture.batcher.run_batch(batch);
    assert_eq!(fixture.sequences(), [0, 1]);
}

#[test]
fn a_picture_that_the_model_fails_on_does_not_cost_the_others() {
    let mut fixture = fixture();
    // The batch fails in all tries, then its first picture alone.
    fixture.control.fail_next(2 * TRIES as usize);
    let batch = fixture.batch("poison", &[250, 250, 250]);
    fixture.batcher.run_batch(batch);
    assert_eq!(fixture.sequences(), [1, 2]);
    let lost = counter_sum("infer_dropped_frames_total", |labels| {
        labels.contains(&("camera", "poison")) && labels.contains(&("reason", MODEL_FAILED))
    });
    assert_eq!(lost, 1);
    assert_eq!(fixture.offsets.take_committable(None), [(partition(), 1)], "the lost frame is done with");
}

#[test]
fn a_device_that_is_gone_ends_the_service() {
    let mut fixture = fixture();
    fixture.control.fail_next(usize::MAX);
    let mut goes_on = true;
    for number in 0..MAX_FAILED_BATCHES {
        assert!(goes_on, "gave up after {number} batches");
        let mut batch = fixture.batch("gone", &[250]);
        batch.truncate(1);
        goes_on = fixture.batcher.run_batch(batch);
    }
    assert!(!goes_on);
    assert!(fixture.failure.take().is_some_and(|error| error.to_string().contains("in a row")));
}

#[test]
fn an_end_marker_passes_without_a_run() {
    let mut fixture = fixture();
    let mut batch = fixture.batch("marker", &[250]);
    batch[0].seen = None;
    fixture.batcher.run_batch(batch);
    assert!(fixture.control.batches.lock().is_empty());
    assert!(matches!(fixture.inferred.try_recv(), Ok(ToAnalyst::Inferred(inferred)) if inferred.answer.is_none()));
}
