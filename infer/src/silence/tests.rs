use std::sync::atomic::Ordering;

use vru_runtime::cameras::CameraEvent;

use super::*;
use crate::analyst::tests::{Fixture, fixture, id};
use crate::test_support::partition;

const CAMERA: &str = "quiet";

/// A worker that watches for silence, and its results.
struct Worker {
    fixture: Fixture,
    watch: SilenceWatch,
}

impl Worker {
    fn new() -> Self {
        let fixture = fixture();
        fixture.configure(CAMERA, "rule");
        let watch = SilenceWatch::new(fixture.analyst.clone(), LeftAlerts::default());
        Self { fixture, watch }
    }

    /// Somebody comes in. The alert, and the detections of the last of the frames.
    fn alerted(&mut self) -> (v1::Alert, v1::FrameDetections) {
        let mut alerts = Vec::new();
        let mut last = None;
        for sequence in 0..20 {
            let result = self.fixture.see(CAMERA, sequence);
            alerts.extend(result.alerts);
            last = result.detections;
        }
        assert_eq!(alerts.len(), 1, "{alerts:?}");
        (alerts.remove(0), last.unwrap())
    }

    /// Looks so long after now; the ends that were sent.
    fn sweep(&mut self, after: Duration) -> Vec<v1::Alert> {
        self.watch.sweep(Instant::now() + after);
        self.ends().0
    }

    fn ends(&mut self) -> (Vec<v1::Alert>, Option<Arc<AtomicBool>>) {
        match self.fixture.results.ends() {
            Some((ends, acknowledged)) => (ends.alerts, Some(acknowledged)),
            None => (Vec::new(), None),
        }
    }

    fn configure_source(&self, source: v1::camera_config::Source) {
        let cameras = &self.fixture.analyst.cameras;
        let config = cameras.get(&id(CAMERA)).unwrap();
        let config = v1::CameraConfig { source: Some(source), ..(*config).clone() };
        cameras.apply(CameraEvent::Upsert(id(CAMERA), Arc::new(config)));
    }

    fn remove_camera(&self) {
        self.fixture.analyst.cameras.apply(CameraEvent::Remove(id(CAMERA)));
    }

    /// Another worker with the last published frame of this one, as if it was found on Kafka.
    fn successor(published: &v1::FrameDetections, replays: bool) -> Self {
        let worker = Self::new();
        let analyst = &worker.fixture.analyst;
        let assigned = analyst.offsets.assignment(&partition()).unwrap();
        let feed = Feed::of_published(id(CAMERA), published);
        worker.watch.left.add(feed.clone(), published.clone(), assigned);
        if replays {
            analyst.frames.know(&feed, Known::History(vec![published.clone()]));
        }
        worker
    }
}

const SHORT: Duration = Duration::from_secs(5);
const LONG: Duration = Duration::from_secs(20);

fn is_end_of(end: &v1::Alert, alert: &v1::Alert, reason: v1::EndReason) {
    assert!(end.is_end() && end.id == alert.id && end.end_reason() == reason, "{end:#?}");
    assert_eq!((&end.frame_id, end.began_at_us), (&alert.frame_id, alert.began_at_us));
    assert!(end.ended_at_us > alert.captured_at_us);
    vru_proto::validate::read_alert(prost::Message::encode_to_vec(end).into()).unwrap();
}

#[test]
fn the_alerts_of_a_camera_that_falls_silent_end_once() {
    let mut worker = Worker::new();
    let (alert, _) = worker.alerted();
    assert!(worker.sweep(SHORT).is_empty(), "it may be late");
    let ended = worker.sweep(LONG);
    assert_eq!(ended.len(), 1);
    is_end_of(&ended[0], &alert, v1::EndReason::CameraSilent);
    assert!(worker.sweep(LONG).is_empty());
    // The track is alive in capture time: what it does now is another alert.
    let alerts: Vec<v1::Alert> = (20..25).flat_map(|sequence| worker.fixture.see(CAMERA, sequence).alerts).collect();
    let raised: Vec<u32> = alerts.iter().filter(|alert| alert.is_raised()).map(|alert| alert.occurrence).collect();
    assert_eq!(raised, [1]);
}

#[test]
fn the_alerts_of_a_camera_that_is_removed_or_changed_end_at_once() {
    for (what, reason) in [("removed", v1::EndReason::CameraRemoved), ("changed", v1::EndReason::RuleChanged)] {
        let mut worker = Worker::new();
        let (alert, _) = worker.alerted();
        if what == "removed" {
            worker.remove_camera();
        } else {
            worker.fixture.configure(CAMERA, "other");
        }
        let ended = worker.sweep(Duration::ZERO);
        assert_eq!(ended.len(), 1, "{what}");
        is_end_of(&ended[0], &alert, reason);
        assert!(worker.sweep(LONG).is_empty(), "{what}");
    }
}

/// Until Kafka has acknowledged an end, the next frame repeats it: its offset must not be committed before.
#[test]
fn an_end_that_is_not_acknowledged_is_repeated_with_the_next_frame() {
    for acknowledged in [false, true] {
        let mut worker = Worker::new();
        let (alert, _) = worker.alerted();
        worker.fixture.configure(CAMERA, "other");
        worker.watch.sweep(Instant::now());
        let (ended, flag) = worker.ends();
        assert_eq!(ended.len(), 1);
        flag.unwrap().store(acknowledged, Ordering::Release);
        let next = worker.fixture.see(CAMERA, 20);
        let ends = next.alerts.iter().filter(|end| end.id == alert.id).count();
        assert_eq!(ends, usize::from(!acknowledged));
    }
}

#[test]
fn what_an_earlier_worker_left_ends_when_its_camera_sends_nothing_or_is_gone() {
    let (alert, published) = Worker::new().alerted();
    for replays in [false, true] {
        let mut next = Worker::successor(&published, replays);
        assert!(next.sweep(SHORT).is_empty());
        let ended = next.sweep(LONG);
        assert_eq!(ended.len(), 1);
        is_end_of(&ended[0], &alert, v1::EndReason::CameraSilent);
        assert!(next.sweep(LONG).is_empty());

        let mut next = Worker::successor(&published, replays);
        next.remove_camera();
        let ended = next.sweep(Duration::ZERO);
        is_end_of(&ended[0], &alert, v1::EndReason::CameraRemoved);
    }
}

#[test]
fn what_an_earlier_worker_left_is_left_to_the_camera_that_goes_on() {
    let (alert, published) = Worker::new().alerted();
    let mut next = Worker::successor(&published, true);
    assert!(next.fixture.see(CAMERA, 20).alerts.is_empty(), "the alert goes on");
    assert!(next.sweep(SHORT).is_empty());
    next.fixture.see(CAMERA, 21);
    let ended = next.sweep(LONG);
    assert_eq!(ended.len(), 1, "it is silent now");
    is_end_of(&ended[0], &alert, v1::EndReason::CameraSilent);

    // The camera began anew because its last frames were not found in time.
    let mut next = Worker::successor(&published, false);
    let raised: Vec<v1::Alert> = (21..40).flat_map(|sequence| next.fixture.see(CAMERA, sequence).alerts).collect();
    assert_eq!(raised.len(), 1);
    // The sweep ends both: what was left, because its track is lost, and what was raised since, because of the silence.
    next.watch.sweep(Instant::now() + LONG);
    let mut ended = next.ends().0;
    ended.extend(next.ends().0);
    let mut ids: Vec<&String> = ended.iter().map(|end| &end.id).collect();
    let mut wanted = vec![&alert.id, &raised[0].id];
    ids.sort();
    wanted.sort();
    assert_eq!(ids, wanted);
}

#[test]
fn a_worker_that_has_lost_the_partition_ends_nothing() {
    let (_, published) = Worker::new().alerted();
    let mut next = Worker::successor(&published, true);
    next.fixture.analyst.offsets.revoked(&[partition()]);
    assert!(next.sweep(LONG).is_empty());
    let mut worker = Worker::new();
    worker.alerted();
    worker.fixture.analyst.offsets.revoked(&[partition()]);
    worker.remove_camera();
    assert!(worker.sweep(LONG).is_empty());
}

/// The time of a file passes with its frames: it may stand still while its consumers are slow.
#[test]
fn the_alerts_of_a_file_wait_for_its_frames_or_for_its_removal() {
    let (alert, published) = Worker::new().alerted();
    let published = v1::FrameDetections { delivery: v1::Delivery::EveryFrame.into(), ..published };
    let file = v1::camera_config::Source::File(v1::FileSource::default());
    let mut next = Worker::successor(&published, true);
    next.configure_source(file.clone());
    assert!(next.sweep(Duration::from_hours(1)).is_empty());
    next.remove_camera();
    let ended = next.sweep(Duration::ZERO);
    is_end_of(&ended[0], &alert, v1::EndReason::CameraRemoved);
}

/// A camera whose source changes has a live feed and one of files, perhaps at two workers: what one of them left ends there, and the other goes
/// on.
#[test]
fn the_alerts_of_a_file_end_when_its_camera_is_no_file_any_more() {
    let file = v1::camera_config::Source::File(v1::FileSource::default());
    let pull = v1::camera_config::Source::Pull(v1::PullSource::default());
    let (_, mut published) = Worker::new().alerted();
    published.delivery = v1::Delivery::EveryFrame.into();
    published.frame_id.as_mut().unwrap().session = 9;
    let of_file = ends(&published, EndReason::CameraSilent).remove(0);
    for replays in [false, true] {
        let mut next = Worker::successor(&published, replays);
        next.configure_source(file.clone());
        assert!(next.sweep(LONG).is_empty());
        next.configure_source(pull.clone());
        let (of_live, _) = next.alerted();
        assert!(next.sweep(SHORT).is_empty(), "its last frames may still come");
        let mut ended = next.sweep(LONG);
        ended.extend(next.ends().0);
        let mut ids: Vec<&String> = ended.iter().map(|end| &end.id).collect();
        let mut wanted = vec![&of_file.id, &of_live.id];
        ids.sort();
        wanted.sort();
        assert_eq!(ids, wanted);
        assert!(ended.iter().all(|end| end.end_reason() == v1::EndReason::CameraSilent), "{ended:#?}");
    }
}
