use std::collections::HashMap;

use rand::Rng as _;
use vru_proto::CameraId;
use vru_runtime::cameras::CameraEvent;
use vru_runtime::metrics::counter_sum;
use vru_runtime::test_util::seeded_rng;
use vru_vision::image::Image;

use super::*;
use crate::config::QueueConfig;
use crate::engine::Engine;
use crate::feed::{Feed, FeedKind};
use crate::frame::ReadyFrame;
use crate::model::Preparer;
use crate::picture::Picture;
use crate::publisher::TestResults;
use crate::test_support::{SIZE, fake_engine, job, live_frame, partition};

/// The detections and alerts of a frame, without the times at which they were made.
type Found = (Vec<v1::DetectedObject>, Vec<String>);

pub(crate) struct Fixture {
    pub(crate) analyst: Arc<Analyst>,
    pub(crate) results: TestResults,
    engine: Engine,
    preparer: Preparer,
    next_offset: i64,
}

pub(crate) fn fixture() -> Fixture {
    let (engine, _) = fake_engine();
    let model = engine.model().clone();
    let offsets = Arc::new(Offsets::default());
    offsets.assigned(&partition());
    let (publisher, results) = PublisherHandle::of_test();
    let analyst = Analyst {
        settings: AnalysisSettings::of(model.clone()),
        frames: Arc::new(FramesForAnalysis::new(8)),
        cameras: CameraConfigs::default(),
        scheduler: Arc::new(FrameScheduler::new(QueueConfig::default(), offsets.clone(), model.clone())),
        offsets,
        publisher,
    };
    let preparer = model.preparer().unwrap();
    Fixture { analyst: Arc::new(analyst), results, engine, preparer, next_offset: 0 }
}

pub(crate) fn id(camera: &str) -> CameraId {
    camera.parse().unwrap()
}

/// The live frames of a camera.
pub(crate) fn live(camera: &str) -> Feed {
    Feed { camera: id(camera), kind: FeedKind::Live }
}

/// A camera with a rule that every road user breaks.
fn config(camera: &str, rule: &str) -> Arc<v1::CameraConfig> {
    let corner = |x, y| v1::Point { x, y };
    let zone = v1::Zone {
        id: "everywhere".to_owned(),
        polygon: vec![corner(0.0, 0.0), corner(1.0, 0.0), corner(1.0, 1.0), corner(0.0, 1.0)],
        ..Default::default()
    };
    let presence = v1::ZonePresence { zone_id: "everywhere".to_owned(), ..Default::default() };
    let rule = v1::Rule {
        id: rule.to_owned(),
        severity: v1::Severity::Critical.into(),
        kind: Some(v1::rule::Kind::ZonePresence(presence)),
    };
    Arc::new(v1::CameraConfig { id: camera.to_owned(), zones: vec![zone], rules: vec![rule], ..Default::default() })
}

impl Fixture {
    pub(crate) fn configure(&self, camera: &str, rule: &str) {
        self.analyst.cameras.apply(CameraEvent::Upsert(id(camera), config(camera, rule)));
    }

    /// A frame whose picture has this grey everywhere: the model finds a person in it, with the brightness as score.
    pub(crate) fn inferred(&mut self, camera: &str, sequence: u64, grey: u8) -> InferredFrame {
        let job = job(live_frame(camera, 1, sequence), self.next_offset, &self.analyst.offsets);
        self.next_offset += 1;
        let decoded = Picture::new(Image::filled(SIZE.0, SIZE.1, [grey; 3]));
        let prepared = self.preparer.prepare(&decoded).unwrap();
        let output = self.engine.run(&[&prepared]).unwrap().pop();
        let (zero, ready_at) = (Duration::ZERO, Instant::now());
        let picture = ReadyPicture { decoded, prepared, queued: zero, decode: zero, preprocess: zero, ready_at };
        let ready = ReadyFrame { job, picture: Some(picture) };
        InferredFrame { ready, lane_id: 0, output, waited: zero, inference: zero }
    }

    /// Analyses the next frame of a camera, in which there is somebody, as an analysis thread does.
    pub(crate) fn see(&mut self, camera: &str, sequence: u64) -> FrameResult {
        let frame = self.inferred(camera, sequence, 255);
        let feed = live(camera);
        assert!(self.analyst.frames.push(&feed, frame));
        let Some(Turn::Analyse(_, frame, known)) = self.analyst.frames.next(|_| true) else { panic!("no turn") };
        let mut state = self.analyst.state(&frame.ready.job, known);
        self.analyst.analyse(&mut state, frame);
        self.analyst.frames.finish(&feed, Known::State(state));
        self.results.frame()
    }

    /// Analyses these frames on so many threads. The results of each camera, in the order in which they are published.
    fn analyse(&mut self, frames: Vec<InferredFrame>, threads: usize) -> HashMap<String, Vec<(u64, Found)>> {
        let expected = frames.len();
        let mut results: HashMap<String, Vec<(u64, Found)>> = HashMap::new();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                let analyst = self.analyst.clone();
                scope.spawn(move || analyst.run());
            }
            let queue = self.analyst.frames.clone();
            scope.spawn(move || {
                for frame in frames {
                    let feed = frame.ready.job.feed();
                    assert!(queue.push(&feed, frame));
                }
                queue.close();
            });
            for _ in 0..expected {
                let FrameResult { job, detections, alerts } = self.results.frame();
                let alerts = alerts.into_iter().map(|alert| format!("{} {}", alert.rule_id, alert.id)).collect();
                let found = (detections.unwrap().objects, alerts);
                results.entry(job.key.camera.to_string()).or_default().push((job.key.sequence, found));
            }
        });
        results
    }
}

#[test]
fn cameras_on_several_threads_give_in_order_what_each_gives_alone() {
    let mut random = seeded_rng("cameras on several threads");
    let mut fixture = fixture();
    let cameras: Vec<String> = (0..7).map(|number| format!("threads-{number}")).collect();
    for camera in &cameras {
        fixture.configure(camera, "rule");
    }
    let mut alone: HashMap<String, (CameraAnalysis, Vec<(u64, Found)>)> = HashMap::new();
    let mut frames = Vec::new();
    for _ in 0..300 {
        let camera = &cameras[random.random_range(0..cameras.len())];
        // Some pictures are too dark, so each camera has tracks of its own.
        let grey = if random.random_bool(0.2) { 0 } else { 255 };
        let settings = || fixture.analyst.settings.clone();
        let new = || (CameraAnalysis::new(Some(&config(camera, "rule")), settings()), Vec::new());
        let sequence = alone.entry(camera.clone()).or_insert_with(new).1.len() as u64;
        let frame = fixture.inferred(camera, sequence, grey);
        let picture = frame.ready.picture.as_ref().unwrap();
        let model = fixture.analyst.settings.model.clone();
        let output = frame.output.as_ref().unwrap();
        let detections = model.detections(output, picture.prepared.placement, picture.prepared.source).unwrap();
        let (analysis, results) = alone.get_mut(camera).unwrap();
        let timings = v1::StageTimings::default();
        let (message, alerts) = analysis.observe(&frame.ready.job.frame, &detections, Some(&picture.decoded), timings);
        let alerts = alerts.into_iter().map(|alert| format!("{} {}", alert.rule_id, alert.id)).collect();
        results.push((sequence, (message.objects, alerts)));
        frames.push(frame);
    }
    let found = fixture.analyse(frames, 4);
    assert!(found.values().flatten().any(|(_, (_, alerts))| !alerts.is_empty()), "no rule was broken");
    for (camera, (_, mut alone)) in alone {
        // The analysis alone had no picture, so its objects have no snapshot.
        let mut found = found[&camera].clone();
        for (_, (objects, _)) in found.iter_mut().chain(&mut alone) {
            for object in objects {
                object.snapshot_key.clear();
            }
        }
        assert_eq!(found, alone, "{camera}");
    }
}

#[test]
fn a_changed_configuration_holds_for_the_next_frame_and_keeps_the_tracks() {
    let mut fixture = fixture();
    let frames = (0..60).map(|sequence| fixture.inferred("changed", sequence, 255)).collect::<Vec<_>>();
    let mut known = None;
    let mut states = Vec::new();
    for (at, frame) in frames.into_iter().enumerate() {
        match at {
            20 => fixture.configure("changed", "first"),
            40 => fixture.configure("changed", "second"),
            _ => {}
        }
        let mut state = fixture.analyst.state(&frame.ready.job, known.take());
        fixture.analyst.analyse(&mut state, frame);
        known = Some(Known::State(state));
        let FrameResult { detections, alerts, .. } = fixture.results.frame();
        let raised = alerts.into_iter().filter(v1::Alert::is_raised);
        let rules: Vec<String> = raised.map(|alert| alert.rule_id).collect();
        states.push((detections.unwrap().objects[0].track_id, rules));
    }
    let track = states[0].0;
    assert!(states.iter().all(|(id, _)| *id == track), "{states:?}");
    let raised: Vec<&String> = states.iter().flat_map(|(_, rules)| rules).collect();
    assert_eq!(raised, ["first", "second"], "{states:?}");
    let at = |rule: &str| states.iter().position(|(_, rules)| rules.iter().any(|raised| raised == rule)).unwrap();
    assert!((20..40).contains(&at("first")) && at("second") >= 40, "{states:?}");
}

#[test]
fn frames_of_an_assignment_that_ended_are_dropped_and_take_no_history() {
    let mut fixture = fixture();
    let before = fixture.inferred("returned", 0, 255);
    let published = {
        let mut state = fixture.analyst.state(&before.ready.job, None);
        fixture.analyst.analyse(&mut state, before);
        fixture.results.frame().detections.unwrap()
    };
    let track = published.objects[0].track_id;
    let late = fixture.inferred("returned", 1, 255);
    let feed = live("returned");
    fixture.analyst.offsets.revoked(&[partition()]);
    fixture.analyst.frames.forget(std::slice::from_ref(&feed));
    fixture.analyst.offsets.assigned(&partition());
    fixture.analyst.frames.know(&feed, Known::History(vec![published]));
    let next = fixture.inferred("returned", 1, 255);
    assert!(fixture.analyst.frames.push(&feed, late));
    let found = fixture.analyse(vec![next], 2);
    let (sequence, (objects, _)) = &found["returned"][0];
    assert_eq!((*sequence, objects[0].track_id), (1, track), "the track is taken over by the frame that follows");
    let dropped = counter_sum("infer_dropped_frames_total", |labels| {
        labels.contains(&("camera", "returned")) && labels.contains(&("reason", REVOKED))
    });
    assert_eq!(dropped, 1);
}
