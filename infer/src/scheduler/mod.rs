//! Schedules the waiting frames: first for a decoder, then for the model. Each camera has a lane that keeps its frames in
//! order, and the cameras take turns. Only the scheduler drops live frames, and it counts each drop.
//!
//! A live frame is chosen as late as possible ([why](../../../docs/decisions/0015-freshest-live-frame.md)): shortly before the
//! model is free, the newest frame of the camera whose turn it is.

mod arrivals;
mod lane;
mod pace;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
mod turns;

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tokio::sync::Notify;
use vru_proto::CameraId;
use vru_runtime::kafka::Partition;

use crate::config::QueueConfig;
use crate::feed::Feed;
use crate::frame::{FrameJob, RawFrame, ReadyFrame, TakenFrame};
use crate::metrics;
use crate::model::Model;
use crate::offsets::Offsets;

use lane::Lane;
pub use lane::{Admission, LaneDecoder, Step};
use turns::{Next, Turns};

/// How long a thread waits before it checks its condition again without a notification.
const RECHECK: Duration = Duration::from_millis(100);

/// The waiting frames of all cameras.
#[derive(Debug)]
pub struct FrameScheduler {
    turns: Mutex<Turns>,
    /// Notified when a frame may be decodable.
    decodable: Condvar,
    /// Notified when a frame may be ready for the model.
    inferable: Condvar,
    /// Notified when a file's queue got shorter.
    room: Notify,
    offsets: Arc<Offsets>,
    model: Arc<Model>,
    config: QueueConfig,
}

/// A step for a decode thread. [`FrameScheduler::finish`] takes its result.
#[derive(Debug)]
pub struct Task {
    /// The lane that the frame belongs to.
    pub lane_id: u64,
    pub step: Step,
}

/// The result of a step.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The decoder, if the step was to decode.
    pub decoder: Option<LaneDecoder>,
    /// Decoded pictures that are not prepared.
    pub raw: Vec<RawFrame>,
    /// Frames that are ready for the model.
    pub ready: Vec<ReadyFrame>,
}

/// A frame that will not be analysed.
#[derive(Debug)]
struct Skipped {
    job: FrameJob,
    /// A value of the label `reason` of `infer_dropped_frames_total`; `None` if the frame was not for the model.
    reason: Option<&'static str>,
}

impl Skipped {
    fn dropped(job: FrameJob, reason: &'static str) -> Self {
        Self { job, reason: Some(reason) }
    }

    /// The model takes a newer frame of the camera.
    fn overtaken(job: FrameJob) -> Self {
        let reason = lane::is_for_model(&job).then_some(metrics::OVERTAKEN);
        Self { job, reason }
    }
}

impl FrameScheduler {
    pub fn new(config: QueueConfig, offsets: Arc<Offsets>, model: Arc<Model>) -> Self {
        Self {
            turns: Mutex::default(),
            decodable: Condvar::new(),
            inferable: Condvar::new(),
            room: Notify::new(),
            offsets,
            model,
            config,
        }
    }

    /// Queues a frame. Never blocks: if a live camera's queue is full, its oldest frame is dropped; if a file's queue is
    /// full, the caller must pause the partition.
    pub fn enqueue(&self, job: FrameJob) -> Admission {
        let mut skipped = Vec::new();
        let mut turns = self.turns.lock();
        let admission = turns.enqueue(job, &self.model, &self.config, &mut skipped);
        drop(turns);
        self.decodable.notify_one();
        self.complete_skipped(skipped);
        admission
    }

    /// The next step for a decode thread. Blocks until there is one; `None` when the scheduler is closed and no frame is left.
    pub fn next_task(&self) -> Option<Task> {
        let mut turns = self.turns.lock();
        loop {
            let now = Instant::now();
            let at = match self.start_task(&mut turns, now) {
                Next::Task(task, _) => return Some(*task),
                Next::Wait(at) => at,
            };
            if turns.closed && turns.lanes.iter().all(Lane::is_idle) {
                return None;
            }
            let recheck = now + RECHECK;
            self.decodable.wait_until(&mut turns, at.map_or(recheck, |at| at.min(recheck)));
        }
    }

    fn start_task(&self, turns: &mut Turns, now: Instant) -> Next {
        let mut skipped = Vec::new();
        let next = turns.next_step(now, &self.config, &mut skipped);
        // Under the lock, but short; and no thread that holds the lock of the offsets waits for this one.
        self.complete_skipped(skipped);
        if matches!(next, Next::Task(_, true)) {
            self.room.notify_one();
        }
        next
    }

    /// Takes the result of a step, which took so long. If the camera was removed in the meantime, its frames are dropped.
    pub fn finish(&self, lane_id: u64, outcome: Outcome, took: Duration) {
        let mut skipped = Vec::new();
        let mut turns = self.turns.lock();
        let abandoned = turns.finish(lane_id, outcome, took, &mut skipped);
        drop(turns);
        self.inferable.notify_one();
        self.decodable.notify_one();
        self.complete_skipped(skipped);
        self.abandon(abandoned);
    }

    /// Takes up to `max_frames` frames for the model, one of each live camera in turn. Blocks until there is one, and then waits
    /// up to `max_wait` for more. `None` when the scheduler is closed and empty; an empty batch after [`FrameScheduler::interrupt`]. Call [`FrameScheduler::analysed`] for each frame in the end.
    pub fn next_batch(&self, max_frames: usize, max_wait: Duration) -> Option<Vec<TakenFrame>> {
        let mut batch = Vec::with_capacity(max_frames);
        let mut deadline: Option<Instant> = None;
        let mut turns = self.turns.lock();
        turns.max_batch = max_frames;
        turns.pace.asked(Instant::now());
        let begun = turns.served;
        loop {
            let now = Instant::now();
            let mut skipped = Vec::new();
            turns.fill_batch((max_frames, begun), now, &mut batch, &self.config, &mut skipped);
            self.complete_skipped(skipped);
            if !batch.is_empty() {
                let deadline = *deadline.get_or_insert(now + max_wait);
                if batch.len() >= max_frames || now >= deadline || turns.closed {
                    turns.pace.took_batch(now);
                    // There is room for the next frames, and their time is known.
                    self.decodable.notify_all();
                    return Some(batch);
                }
            } else if turns.closed && turns.lanes.iter().all(Lane::is_empty) {
                return None;
            } else if std::mem::take(&mut turns.interrupted) {
                return Some(batch);
            }
            // The model waits, so what it needs is due now.
            self.decodable.notify_all();
            self.inferable.wait_until(&mut turns, deadline.unwrap_or(now + RECHECK));
        }
    }

    /// Lets the thread of the model look for other work, if it waits for frames.
    pub fn interrupt(&self) {
        self.turns.lock().interrupted = true;
        self.inferable.notify_one();
    }

    /// A frame that the model took is analysed, or dropped: its camera may give another one.
    pub fn analysed(&self, lane_id: u64) {
        if self.turns.lock().analysed(lane_id) {
            self.inferable.notify_one();
            self.decodable.notify_one();
        }
    }

    /// Whether every file of the partition has room again, so that the partition can be resumed.
    pub fn may_resume(&self, partition: &Partition) -> bool {
        let turns = self.turns.lock();
        turns.lanes.iter().filter(|lane| lane.partition == *partition).all(|lane| lane.may_resume(&self.config))
    }

    /// Waits until a file's queue may have got shorter.
    pub async fn room_freed(&self) {
        self.room.notified().await;
    }

    /// Abandons the frames of these partitions that no thread has started to decode, so that a revocation waits only for
    /// the frames in progress. The next owner of the partitions reads the abandoned frames again.
    pub fn abandon_unstarted(&self, partitions: &[Partition]) {
        let mut turns = self.turns.lock();
        let revoking = turns.lanes.iter_mut().filter(|lane| partitions.contains(&lane.partition));
        let abandoned: Vec<FrameJob> = revoking.flat_map(Lane::abandon_unstarted).collect();
        drop(turns);
        self.abandon(abandoned);
    }

    fn abandon(&self, jobs: Vec<FrameJob>) {
        for job in jobs {
            metrics::count_dropped(job.key.camera.as_str(), metrics::REVOKED, 1);
            self.offsets.abandon(&job.ticket);
        }
    }

    /// Removes the feeds of revoked partitions and returns them. Frames that still wait are counted as dropped; the next
    /// owner of the partitions reads them again.
    pub fn remove_feeds(&self, partitions: &[Partition]) -> Vec<Feed> {
        let mut turns = self.turns.lock();
        let (removed, kept) = std::mem::take(&mut turns.lanes)
            .into_iter()
            .partition::<Vec<_>, _>(|lane| partitions.contains(&lane.partition));
        turns.lanes = kept;
        drop(turns);
        let mut feeds = Vec::new();
        for lane in removed {
            feeds.push(lane.feed.clone());
            self.complete_skipped(lane.into_dropped());
        }
        self.decodable.notify_all();
        feeds
    }

    /// Removes those of these cameras that have no frame in work, and returns them.
    pub fn remove_idle(&self, cameras: &[CameraId]) -> Vec<CameraId> {
        let mut turns = self.turns.lock();
        let (removed, kept) = std::mem::take(&mut turns.lanes)
            .into_iter()
            .partition::<Vec<_>, _>(|lane| cameras.contains(&lane.feed.camera) && lane.is_empty());
        turns.lanes = kept;
        let here = |camera: &&CameraId| !turns.lanes.iter().any(|lane| lane.feed.camera == **camera);
        drop(removed);
        cameras.iter().filter(here).cloned().collect()
    }

    /// Lets the waiting frames finish, and then ends the threads that take frames from here.
    pub fn close(&self) {
        self.turns.lock().closed = true;
        self.decodable.notify_all();
        self.inferable.notify_all();
    }

    /// Completes a frame that gives no result, and counts it as dropped.
    pub fn drop_frame(&self, job: FrameJob, reason: &'static str) {
        self.complete_skipped(vec![Skipped::dropped(job, reason)]);
    }

    /// Completes a frame that is not for the model.
    pub fn complete_reference(&self, job: &FrameJob) {
        metrics::REFERENCE.with_label_values(&[job.key.camera.as_str()]).inc();
        self.offsets.complete(&job.ticket);
    }

    fn complete_skipped(&self, skipped: Vec<Skipped>) {
        for Skipped { job, reason } in skipped {
            let Some(reason) = reason else {
                self.complete_reference(&job);
                continue;
            };
            metrics::count_dropped(job.key.camera.as_str(), reason, 1);
            job.span.in_scope(|| tracing::debug!(reason, "frame dropped"));
            self.offsets.complete(&job.ticket);
        }
    }
}
