//! The live state of cameras, for whoever shows it: the newest frame of each, written once a second. A frame only notes its state here, so
//! that a store which hangs delays none.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use vru_proto::{CameraId, v1};
use vru_runtime::clock::now_us;
use vru_runtime::live::{LiveAlert, LiveCamera, LiveStore, Update, WRITE_EVERY, Worker};
use vru_runtime::metrics::counts_by;
use vru_runtime::report;

use crate::metrics::{DROPPED, LIVE_STATES_DROPPED};

/// The most cameras that a worker keeps states of. It has many fewer.
const MOST_CAMERAS: usize = 10_000;
/// How long a camera that sends nothing counts as this worker's.
const FORGET_AFTER: Duration = Duration::from_mins(1);
/// Over how much capture time the rate of frames is taken.
const RATE_OVER_US: i64 = 5_000_000;
/// The most frames of that time.
const RATE_FRAMES: usize = 256;

/// The states of the cameras of this worker. Clones share them.
#[derive(Debug, Clone)]
pub struct LiveStates(Option<Arc<States>>);

#[derive(Debug)]
struct States {
    worker: Worker,
    store: LiveStore,
    cameras: Mutex<HashMap<CameraId, Camera>>,
}

#[derive(Debug)]
struct Camera {
    state: LiveCamera,
    session: u64,
    sequence: u64,
    /// Capture times of the last frames.
    times: VecDeque<i64>,
    since: Instant,
    change: Change,
}

/// What the store does not have yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    None,
    /// Only alerts ended.
    Ends,
    Frame,
}

/// What an analysed frame shows. Made before the frame is sent, noted when Kafka has it.
#[derive(Debug)]
pub struct Shown {
    state: LiveCamera,
    session: u64,
    sequence: u64,
}

impl LiveStates {
    /// `None`: nobody wants them.
    pub fn new(store: Option<LiveStore>) -> Self {
        Self(store.map(|store| {
            let name = format!("{}-{}", host_name(), std::process::id());
            let version = env!("CARGO_PKG_VERSION").to_owned();
            let worker = Worker { name, started_at_us: now_us(), version, ..Worker::default() };
            Arc::new(States { worker, store, cameras: Mutex::default() })
        }))
    }

    /// `None` if nobody wants it.
    pub fn shown(&self, detections: &v1::FrameDetections) -> Option<Shown> {
        let states = self.0.as_ref()?;
        let id = detections.frame_id.as_ref()?;
        let state = LiveCamera { worker: states.worker.name.clone(), ..state_of(detections) };
        Some(Shown { state, session: id.session, sequence: id.sequence })
    }

    /// Kafka has the results of the frame.
    pub fn note(&self, camera: &CameraId, shown: Option<Shown>) {
        if let (Some(states), Some(shown)) = (&self.0, shown) {
            states.note(camera, shown);
        }
    }

    /// Kafka has the ends of alerts that no frame ended.
    pub fn ended(&self, camera: &CameraId, ends: &[LiveAlert]) {
        let Some(states) = &self.0 else { return };
        if let Some(known) = states.cameras.lock().get_mut(camera) {
            let before = known.state.alerts.len();
            let same = |alert: &LiveAlert, end: &LiveAlert| {
                (&alert.rule_id, &alert.track_ids, alert.occurrence) == (&end.rule_id, &end.track_ids, end.occurrence)
            };
            known.state.alerts.retain(|alert| !ends.iter().any(|end| same(alert, end)));
            if known.state.alerts.len() < before && known.change == Change::None {
                known.change = Change::Ends;
            }
        }
    }

    /// Writes once a second what is new, until the stop, and then once more.
    pub async fn write(self, stop: CancellationToken) {
        let Some(states) = self.0 else { return stop.cancelled().await };
        let mut interval = tokio::time::interval(WRITE_EVERY);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while stop.run_until_cancelled(interval.tick()).await.is_some() {
            states.write().await;
        }
        states.write().await;
    }
}

/// An alert as the state of its camera has it.
pub fn live_alert(alert: &v1::Alert) -> LiveAlert {
    LiveAlert {
        rule_id: alert.rule_id.clone(),
        zone_id: alert.zone_id.clone(),
        kind: alert.kind,
        severity: alert.severity,
        class: alert.class,
        track_ids: alert.track_ids.clone(),
        occurrence: alert.occurrence,
        began_at_us: alert.began_at_us,
    }
}

impl States {
    fn note(&self, camera: &CameraId, shown: Shown) {
        let Shown { state, session, sequence } = shown;
        let mut cameras = self.cameras.lock();
        if cameras.len() >= MOST_CAMERAS && !cameras.contains_key(camera) {
            LIVE_STATES_DROPPED.with_label_values(&[camera.as_str(), "full"]).inc();
            return;
        }
        let known = match cameras.entry(camera.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(Camera {
                state: LiveCamera::default(),
                session,
                sequence: 0,
                times: VecDeque::new(),
                since: Instant::now(),
                change: Change::None,
            }),
        };
        // Acknowledgements of one batch may be seen in any order.
        if known.session == session && known.sequence > sequence {
            return;
        }
        if known.session != session {
            known.times.clear();
        }
        known.times.push_back(state.captured_at_us);
        let oldest = state.captured_at_us - RATE_OVER_US;
        while known.times.len() > RATE_FRAMES || known.times.front().is_some_and(|time| *time < oldest) {
            known.times.pop_front();
        }
        let frame_rate = rate(&known.times);
        known.state = LiveCamera { frame_rate, ..state };
        (known.session, known.sequence) = (session, sequence);
        (known.since, known.change) = (Instant::now(), Change::Frame);
    }

    async fn write(&self) {
        let (updates, cameras) = {
            let mut cameras = self.cameras.lock();
            cameras.retain(|_, known| known.change != Change::None || known.since.elapsed() < FORGET_AFTER);
            let mut updates = Vec::new();
            for (camera, known) in &mut *cameras {
                if known.change != Change::None {
                    let new_frame = known.change == Change::Frame;
                    updates.push(Update { camera: camera.to_string(), state: known.state.clone(), new_frame });
                    known.change = Change::None;
                }
            }
            (updates, cameras.len() as u64)
        };
        let by_reason = counts_by(&DROPPED, ["reason"]).into_iter();
        let dropped_frames = by_reason.map(|([reason], frames)| (reason, frames)).collect();
        let worker = Worker { cameras, dropped_frames, ..self.worker.clone() };
        if let Err((failed, error)) = self.store.write(&worker, &updates).await {
            // The next second has newer ones. `/ready` tells that there is no Redis.
            tracing::debug!(error = %report::chain(&error), states = failed.len(), "live states were not written");
            for camera in failed {
                LIVE_STATES_DROPPED.with_label_values(&[camera.as_str(), "unavailable"]).inc();
            }
        }
    }
}

fn state_of(detections: &v1::FrameDetections) -> LiveCamera {
    let counting = detections.counting.as_ref();
    let none: BTreeMap<i32, u32> =
        counting.into_iter().flat_map(|counting| &counting.classes).map(|class| (*class, 0)).collect();
    let zones = counting.into_iter().flat_map(|counting| &counting.zone_ids);
    let mut zones: BTreeMap<String, _> = zones.map(|zone| (zone.clone(), none.clone())).collect();
    let mut objects = none.clone();
    for object in &detections.objects {
        if object.track_state() != v1::TrackState::Confirmed {
            continue;
        }
        *objects.entry(object.class).or_default() += 1;
        for zone in object.zones.iter().filter_map(|at| detections.zone_ids.get(*at as usize)) {
            *zones.entry(zone.clone()).or_insert_with(|| none.clone()).entry(object.class).or_default() += 1;
        }
    }
    let alerts = detections.open_alerts.iter().map(|alert| LiveAlert {
        rule_id: alert.rule_id.clone(),
        zone_id: alert.zone_id.clone(),
        kind: alert.kind,
        severity: alert.severity,
        class: alert.class,
        track_ids: alert.track_ids.clone(),
        occurrence: alert.occurrence,
        began_at_us: alert.began_at_us,
    });
    LiveCamera {
        worker: String::new(),
        file: detections.delivery() == v1::Delivery::EveryFrame,
        captured_at_us: detections.captured_at_us,
        analysed_at_us: detections.inferred_at_us,
        frame_rate: 0.0,
        width: detections.source_width,
        height: detections.source_height,
        objects,
        zones,
        alerts: alerts.collect(),
    }
}

/// Frames a second.
fn rate(times: &VecDeque<i64>) -> f64 {
    match (times.front(), times.back()) {
        (Some(first), Some(last)) if last > first => (times.len() - 1) as f64 * 1e6 / (last - first) as f64,
        _ => 0.0,
    }
}

/// In Kubernetes it is the pod's name.
fn host_name() -> String {
    let read = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = read.trim();
    if name.is_empty() { "unknown".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEDESTRIAN: i32 = v1::RoadUserClass::Pedestrian as i32;
    const CYCLIST: i32 = v1::RoadUserClass::Cyclist as i32;

    fn detections(
        session: u64,
        sequence: u64,
        captured_at_us: i64,
        objects: &[(i32, v1::TrackState, &[u32])],
    ) -> v1::FrameDetections {
        let objects = objects.iter().map(|(class, state, zones)| v1::DetectedObject {
            class: *class,
            track_state: (*state).into(),
            zones: zones.to_vec(),
            ..v1::DetectedObject::default()
        });
        v1::FrameDetections {
            frame_id: Some(v1::FrameId { session, sequence, ..v1::FrameId::default() }),
            captured_at_us,
            objects: objects.collect(),
            zone_ids: vec!["crossing".to_owned()],
            counting: Some(v1::Counting {
                zone_ids: vec!["crossing".to_owned(), "kerb".to_owned()],
                classes: vec![PEDESTRIAN, CYCLIST],
                ..v1::Counting::default()
            }),
            open_alerts: vec![v1::OpenAlert {
                rule_id: "rule".to_owned(),
                track_ids: vec![7],
                ..v1::OpenAlert::default()
            }],
            ..v1::FrameDetections::default()
        }
    }

    async fn seen(store: &LiveStore) -> LiveCamera {
        let read = store.read(&["gate".to_owned()]).await.unwrap();
        read.into_iter().next().flatten().expect("a state").state
    }

    #[tokio::test]
    async fn confirmed_tracks_are_counted_by_class_and_zone_and_nobody_is_zero() {
        use v1::TrackState::{Confirmed, Tentative};
        let store = LiveStore::in_memory();
        let live = LiveStates::new(Some(store.clone()));
        let camera = "gate".parse::<CameraId>().unwrap();
        let objects: &[(i32, v1::TrackState, &[u32])] =
            &[(PEDESTRIAN, Confirmed, &[0]), (PEDESTRIAN, Confirmed, &[]), (CYCLIST, Tentative, &[0])];
        live.note(&camera, live.shown(&detections(1, 2, 1_000_000, objects)));
        // It was sent before, and acknowledged later.
        live.note(&camera, live.shown(&detections(1, 1, 900_000, &[])));
        live.0.as_ref().unwrap().write().await;
        let state = seen(&store).await;
        assert_eq!(state.objects, BTreeMap::from([(PEDESTRIAN, 2), (CYCLIST, 0)]));
        assert_eq!(state.zones["crossing"], BTreeMap::from([(PEDESTRIAN, 1), (CYCLIST, 0)]));
        assert_eq!(state.zones["kerb"], BTreeMap::from([(PEDESTRIAN, 0), (CYCLIST, 0)]));
        assert_eq!(store.workers().await.unwrap()[0].0.cameras, 1);
    }

    #[tokio::test]
    async fn an_end_without_a_frame_is_written_and_makes_nothing_younger() {
        let store = LiveStore::in_memory();
        let live = LiveStates::new(Some(store.clone()));
        let camera = "gate".parse::<CameraId>().unwrap();
        live.note(&camera, live.shown(&detections(1, 1, 1_000_000, &[])));
        let states = live.0.clone().unwrap();
        states.write().await;
        assert_eq!(seen(&store).await.alerts.len(), 1);
        let end = |track| v1::Alert { rule_id: "rule".to_owned(), track_ids: vec![track], ..v1::Alert::default() };
        live.ended(&camera, &[live_alert(&end(8))]);
        assert_eq!(states.cameras.lock()[&camera].change, Change::None);
        live.ended(&camera, &[live_alert(&end(7))]);
        assert_eq!(states.cameras.lock()[&camera].change, Change::Ends);
        states.write().await;
        assert!(seen(&store).await.alerts.is_empty());
    }

    #[test]
    fn the_rate_is_that_of_the_last_seconds_of_one_session() {
        let live = LiveStates::new(Some(LiveStore::in_memory()));
        let camera = "gate".parse::<CameraId>().unwrap();
        let rate = || live.0.as_ref().unwrap().cameras.lock()[&camera].state.frame_rate;
        for number in 0..1_000_u64 {
            live.note(&camera, live.shown(&detections(1, number, number as i64 * 100_000, &[])));
        }
        assert!((rate() - 10.0).abs() < 0.01, "{}", rate());
        live.note(&camera, live.shown(&detections(2, 0, 500_000_000, &[])));
        assert!(rate().abs() < f64::EPSILON, "{}", rate());
    }
}
