//! Ends the alerts of cameras that send nothing: of one that was removed or whose rules changed, of one that fell silent, and of one that
//! an earlier worker had and that has sent nothing since ([why](../../docs/decisions/0044-ends-without-frames.md)).

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use vru_proto::{CameraId, v1};
use vru_runtime::kafka::{KafkaConfig, Partition};
use vru_runtime::report;
use vru_runtime::retry::Backoff;
use vru_vision::rules::EndReason;

use crate::analysis::ends;
use crate::analysis_queue::Between;
use crate::analyst::{Analyst, Known};
use crate::feed::Feed;
use crate::history::{self, Marks};
use crate::offsets::{Assigned, Offsets};
use crate::publisher::Ends;

/// How often cameras are looked at.
const INTERVAL: Duration = Duration::from_secs(1);
/// A camera is silent when nothing came for as long as a track may be lost, and this: frames may be late, and a worker or a broker may
/// pause.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much longer than a silence to look back for alerts of earlier workers, in case several of them died in turn.
const LOOK_BACK: Duration = Duration::from_secs(30);
/// The longest that a camera's configuration lets a track be lost.
const MAX_LOST: Duration = Duration::from_mins(1);

/// Watches for cameras that send nothing.
pub struct SilenceWatch {
    analyst: Arc<Analyst>,
    left: LeftAlerts,
}

/// The alerts that went on when partitions were assigned to this worker. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct LeftAlerts(Arc<Mutex<Vec<Left>>>);

/// The last published frame of a camera, with alerts that go on.
#[derive(Debug)]
struct Left {
    feed: Feed,
    published: v1::FrameDetections,
    assigned: Assigned,
    since: Instant,
}

impl LeftAlerts {
    /// Notes the last published frame of a camera's feed.
    fn add(&self, feed: Feed, published: v1::FrameDetections, assigned: Assigned) {
        if !published.open_alerts.is_empty() {
            self.0.lock().push(Left { feed, published, assigned, since: Instant::now() });
        }
    }

    /// Looks for alerts that go on in these partitions, in what was published before `marks`, until it succeeds or the partitions are gone.
    pub async fn look(
        self,
        kafka: KafkaConfig,
        partitions: Vec<Partition>,
        marks: Option<Marks>,
        offsets: Arc<Offsets>,
    ) {
        let assigned: Vec<Assigned> = partitions.iter().filter_map(|of| offsets.assignment(of)).collect();
        let reach = MAX_LOST + PATIENCE + LOOK_BACK;
        let mut backoff = Backoff::default();
        loop {
            match history::last_frames(&kafka, &partitions, marks.as_ref(), reach).await {
                Ok(last) => {
                    for (feed, (partition, published)) in last {
                        let of_feed = assigned.iter().find(|assigned| *assigned.partition() == partition);
                        if let Some(assigned) = of_feed {
                            self.add(feed, published, assigned.clone());
                        }
                    }
                    return;
                }
                Err(error) => {
                    tracing::warn!(error = %report::chain(&error), "cannot look for alerts that go on, trying again");
                }
            }
            tokio::time::sleep(backoff.next_delay()).await;
            if !assigned.iter().any(|assigned| offsets.lasts(assigned)) {
                return;
            }
        }
    }
}

impl SilenceWatch {
    pub fn new(analyst: Arc<Analyst>, left: LeftAlerts) -> Self {
        Self { analyst, left }
    }

    /// Runs until the queue of frames is closed.
    pub fn run(&self) {
        while !self.analyst.frames.wait_closed(INTERVAL) {
            self.sweep(Instant::now());
        }
    }

    fn sweep(&self, now: Instant) {
        for feed in self.analyst.frames.known() {
            self.look_at(&feed, now);
        }
        let left = std::mem::take(&mut *self.left.0.lock());
        let kept: Vec<Left> = left.into_iter().filter(|left| !self.settle(left, now)).collect();
        self.left.0.lock().extend(kept);
    }

    fn look_at(&self, feed: &Feed, now: Instant) {
        let Between::Known(mut known) = self.analyst.frames.between_frames(feed) else { return };
        if let Known::State(state) = &mut known
            && self.analyst.offsets.lasts(state.assigned())
        {
            let config = self.analyst.cameras.get(&feed.camera);
            let silence = (!feed.waits_for_frames(config.as_deref())).then(|| self.silence(config.as_deref()));
            let ended = state.between_frames(config, now, silence);
            if !ended.is_empty() {
                let acknowledged = self.send(&feed.camera, ended.clone(), state.assigned().clone());
                state.sent(ended, acknowledged);
            }
        }
        self.analyst.frames.finish(feed, known);
    }

    /// Ends what an earlier worker left, unless the camera goes on with it. False if it is too early to tell.
    fn settle(&self, left: &Left, now: Instant) -> bool {
        let Left { feed, published, assigned, since } = left;
        let camera = &feed.camera;
        if !self.analyst.offsets.lasts(assigned) {
            return true;
        }
        let config = self.analyst.cameras.get(camera);
        let removed = config.is_none();
        let silent = now.saturating_duration_since(*since) > self.silence(config.as_deref());
        if !removed && (!silent || feed.waits_for_frames(config.as_deref())) {
            return false;
        }
        let reason = if removed { EndReason::CameraRemoved } else { EndReason::CameraSilent };
        match self.analyst.frames.between_frames(feed) {
            Between::Busy => return false,
            Between::Unknown => drop(self.send(camera, ends(published, reason), assigned.clone())),
            Between::Known(mut known) => {
                match &mut known {
                    Known::History(_) => drop(self.send(camera, ends(published, reason), assigned.clone())),
                    // It went on with these alerts, or has ended them.
                    Known::State(state) if state.took_over() || state.assigned() != assigned => {}
                    Known::State(state) => {
                        let open = state.open_ids();
                        let mut ended = ends(published, EndReason::TrackLost);
                        ended.retain(|alert| !open.contains(&alert.id));
                        let acknowledged = self.send(camera, ended.clone(), assigned.clone());
                        state.sent(ended, acknowledged);
                    }
                }
                self.analyst.frames.finish(feed, known);
            }
        }
        true
    }

    fn send(&self, camera: &CameraId, alerts: Vec<v1::Alert>, assigned: Assigned) -> Arc<AtomicBool> {
        tracing::info!(camera = %camera, alerts = alerts.len(), "alerts of a camera without frames end");
        self.analyst.publisher.end_blocking(Ends { camera: camera.clone(), alerts, assigned })
    }

    /// How long a camera may send nothing until its alerts end.
    fn silence(&self, config: Option<&v1::CameraConfig>) -> Duration {
        let lost = config.and_then(|config| config.tracker.as_ref()?.max_lost_seconds);
        let lost = lost.unwrap_or(self.analyst.settings.tracker.max_lost_seconds);
        Duration::try_from_secs_f32(lost).unwrap_or(MAX_LOST).min(MAX_LOST) + PATIENCE
    }
}
