use super::*;
use crate::analysis_queue::Turn;
use crate::backend::fake::FakeControl;
use crate::config::QueueConfig;
use crate::frame::{FrameJob, ReadyFrame, ReadyPicture};
use crate::model::Preparer;
use crate::offsets::Offsets;
use crate::picture::Picture;
use crate::test_support::{SIZE, fake_engine, file_frame, job, partition};
use vru_runtime::metrics::counter_sum;
use vru_vision::image::Image;

struct Fixture {
    batcher: Batcher,
    scheduler: Arc<FrameScheduler>,
    requests: ModelRequests,
    control: Arc<FakeControl>,
    inferred: Arc<FramesForAnalysis>,
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
    let scheduler = Arc::new(FrameScheduler::new(QueueConfig::default(), offsets.clone(), model));
    let inferred = Arc::new(FramesForAnalysis::new(64));
    let failure = Failure::default();
    let config = BatchConfig { max_size: 4, ..BatchConfig::default() };
    let requests = ModelRequests::new(scheduler.clone());
    let batcher = Batcher::new(scheduler.clone(), engine, config, inferred.clone(), requests.clone(), failure.clone());
    Fixture { batcher, scheduler, requests, control, inferred, offsets, preparer, failure }
}

impl Fixture {
    /// One frame for each grey value; its picture has that grey everywhere.
    fn batch(&mut self, camera: &str, greys: &[u8]) -> Vec<TakenFrame> {
        let pictures = greys.iter().map(|grey| Picture::new(Image::filled(SIZE.0, SIZE.1, [*grey; 3])));
        (0..)
            .zip(pictures)
            .map(|(sequence, decoded)| {
                let job: FrameJob = job(file_frame(camera, 1, sequence), sequence as i64, &self.offsets);
                let prepared = self.preparer.prepare(&decoded).unwrap();
                let (zero, ready_at) = (Duration::ZERO, Instant::now());
                let picture =
                    ReadyPicture { decoded, prepared, queued: zero, decode: zero, preprocess: zero, ready_at };
                TakenFrame { ready: ReadyFrame { job, picture: Some(picture) }, lane_id: 0 }
            })
            .collect()
    }

    /// The frames that were passed on.
    fn passed_on(&self) -> Vec<InferredFrame> {
        self.inferred.close();
        let next = || match self.inferred.next(|_| false)? {
            Turn::Outdated(frame) | Turn::Analyse(_, frame, _) => Some(frame),
        };
        std::iter::from_fn(next).collect()
    }

    fn sequences(&self) -> Vec<u64> {
        let inferred = self.passed_on();
        assert!(inferred.iter().all(|inferred| inferred.output.is_some()));
        let freed = |inferred: &InferredFrame| inferred.ready.picture.as_ref().unwrap().prepared.tensor.is_empty();
        assert!(inferred.iter().all(freed), "frames that wait for analysis hold no input of the model");
        inferred.iter().map(|inferred| inferred.ready.job.key.sequence).collect()
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
fn each_picture_gets_its_own_output() {
    let mut fixture = fixture();
    let batch = fixture.batch("own", &[255, 153]);
    fixture.batcher.run_batch(batch);
    let model = fixture.batcher.engine.model().clone();
    let inferred = fixture.passed_on();
    assert_eq!(inferred.len(), 2);
    for (brightness, inferred) in [1.0, 0.6].into_iter().zip(inferred) {
        let picture = inferred.ready.picture.unwrap();
        let output = inferred.output.unwrap();
        let found = model.detections(&output, picture.prepared.placement, picture.prepared.source).unwrap();
        assert!((found[0].score - brightness).abs() < 0.01, "{found:?}");
    }
}

#[test]
fn a_run_that_fails_and_then_succeeds_loses_no_frame() {
    let mut fixture = fixture();
    fixture.control.fail_next(MAX_TRIES as usize - 1);
    let batch = fixture.batch("moment", &[250, 250]);
    fixture.batcher.run_batch(batch);
    assert_eq!(fixture.sequences(), [0, 1]);
}

#[test]
fn one_picture_that_fails_does_not_fail_the_rest_of_its_batch() {
    let mut fixture = fixture();
    // All tries of the batch fail, and then all tries of its first picture alone.
    fixture.control.fail_next(2 * MAX_TRIES as usize);
    let batch = fixture.batch("poison", &[250, 250, 250]);
    fixture.batcher.run_batch(batch);
    assert_eq!(fixture.sequences(), [1, 2]);
    let lost = counter_sum("infer_dropped_frames_total", |labels| {
        labels.contains(&("camera", "poison")) && labels.contains(&("reason", MODEL_FAILED))
    });
    assert_eq!(lost, 1);
    assert_eq!(fixture.offsets.take_committable(None), [(partition(), 1)], "the lost frame is complete");
}

#[test]
fn repeated_failed_batches_end_the_service() {
    let mut fixture = fixture();
    fixture.control.fail_next(usize::MAX);
    for number in 1..=MAX_FAILED_BATCHES {
        let batch = fixture.batch("gone", &[250]);
        let continues = fixture.batcher.run_batch(batch);
        assert_eq!(continues, number < MAX_FAILED_BATCHES, "after {number} batches");
    }
    assert!(fixture.failure.take().is_some_and(|error| error.to_string().contains("in a row")));
}

#[test]
fn an_end_marker_passes_without_running_the_model() {
    let mut fixture = fixture();
    let mut batch = fixture.batch("marker", &[250]);
    batch[0].ready.picture = None;
    fixture.batcher.run_batch(batch);
    assert!(fixture.control.batches.lock().is_empty());
    let inferred = fixture.passed_on();
    assert!(inferred.len() == 1 && inferred[0].output.is_none(), "{inferred:?}");
}

#[tokio::test]
async fn a_picture_is_run_between_batches_and_does_not_wait_for_frames() {
    let Fixture { batcher, scheduler, requests, control, mut preparer, inferred, .. } = fixture();
    let thread = std::thread::spawn(move || batcher.run());
    let picture = preparer.prepare(&Picture::new(Image::filled(SIZE.0, SIZE.1, [200; 3]))).unwrap();
    let asked = async |picture| tokio::time::timeout(Duration::from_mins(1), requests.ask(picture)).await.unwrap();
    // No frame comes.
    assert!(asked(picture.clone()).await.is_some());
    assert_eq!(*control.batches.lock(), [1]);
    // The model fails on it in each try. Whoever asked is told, and the next picture is served.
    control.fail_next(MAX_TRIES as usize);
    assert!(asked(picture.clone()).await.is_none());
    assert!(asked(picture).await.is_some());
    scheduler.close();
    thread.join().unwrap();
    drop(inferred);
}
