//! Schedules the waiting frames: first for a decoder, then for the model. Each camera has a lane that keeps its frames in
//! order, and the cameras take turns. Only the scheduler drops live frames, and it counts each drop.

mod freshness;
mod lane;
#[cfg(test)]
mod tests;
mod turns;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tokio::sync::Notify;
use vru_proto::CameraId;
use vru_runtime::kafka::Partition;

use crate::config::QueueConfig;
use crate::frame::{FrameJob, ReadyFrame};
use crate::metrics;
use crate::model::Model;
use crate::offsets::Offsets;

pub use lane::{Admission, LaneDecoder};
use lane::{Dropped, Lane};
use turns::Turns;

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

/// A frame to decode, with its camera's decoder. [`FrameScheduler::finish_decoding`] takes the decoder back.
#[derive(Debug)]
pub struct DecodeTask {
    pub job: FrameJob,
    pub decoder: LaneDecoder,
    /// The lane that the decoder belongs to.
    pub lane_id: u64,
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
        let mut turns = self.turns.lock();
        let known = turns.lanes.iter().position(|lane| lane.camera == job.key.camera);
        let at = known.unwrap_or(turns.lanes.len());
        if known.is_none() {
            turns.lanes.push_back(Lane::new(&job, self.model.clone()));
        }
        let mut dropped = Vec::new();
        let lane = &mut turns.lanes[at];
        let admission = lane.enqueue(job, &self.config, &mut dropped);
        lane.update_waiting_metric();
        drop(turns);
        self.decodable.notify_one();
        self.complete_dropped(dropped);
        admission
    }

    /// The next frame to decode. Blocks until there is one; `None` when the scheduler is closed and no frame is left.
    pub fn next_to_decode(&self) -> Option<DecodeTask> {
        let mut turns = self.turns.lock();
        loop {
            if let Some(task) = self.start_decoding(&mut turns) {
                return Some(task);
            }
            if turns.closed && turns.lanes.iter().all(Lane::is_idle) {
                return None;
            }
            self.decodable.wait_for(&mut turns, RECHECK);
        }
    }

    fn start_decoding(&self, turns: &mut Turns) -> Option<DecodeTask> {
        let mut dropped = Vec::new();
        let started = turns.start_decoding(&self.config, &mut dropped);
        if !dropped.is_empty() {
            // Under the lock, but rare; and no thread that holds the lock of the offsets waits for this one.
            self.complete_dropped(dropped);
        }
        let (task, may_have_room) = started?;
        if may_have_room {
            self.room.notify_one();
        }
        Some(task)
    }

    /// Takes the decoder of a [`DecodeTask`] back, with the frames that are ready for the model. If the camera was removed
    /// in the meantime, the frames are dropped.
    pub fn finish_decoding(&self, lane_id: u64, decoder: LaneDecoder, ready: Vec<ReadyFrame>) {
        let mut dropped = Vec::new();
        let mut abandoned = Vec::new();
        let mut turns = self.turns.lock();
        match turns.lanes.iter_mut().find(|lane| lane.id == lane_id) {
            Some(lane) => {
                abandoned = lane.finish_decoding(decoder, ready, &self.config, &mut dropped);
                lane.update_waiting_metric();
            }
            None => dropped.extend(ready.into_iter().map(|ready| Dropped::new(ready.job, metrics::REVOKED))),
        }
        drop(turns);
        self.inferable.notify_one();
        self.decodable.notify_one();
        self.complete_dropped(dropped);
        self.abandon(abandoned);
    }

    /// Takes up to `max_frames` frames for the model, one of each camera in turn. Blocks until there is one, and then waits
    /// up to `max_wait` for more. `None` when the scheduler is closed and empty.
    pub fn next_batch(&self, max_frames: usize, max_wait: Duration) -> Option<Vec<ReadyFrame>> {
        let mut batch = Vec::with_capacity(max_frames);
        let mut deadline: Option<Instant> = None;
        let mut turns = self.turns.lock();
        turns.max_batch = max_frames;
        loop {
            let mut dropped = Vec::new();
            turns.fill_batch(max_frames, &mut batch, &self.config, &mut dropped);
            if !dropped.is_empty() {
                self.complete_dropped(dropped);
            }
            if !batch.is_empty() {
                // The taken frames made room for the decoders.
                self.decodable.notify_all();
                let deadline = *deadline.get_or_insert_with(|| Instant::now() + max_wait);
                if batch.len() >= max_frames || Instant::now() >= deadline || turns.closed {
                    return Some(batch);
                }
                self.inferable.wait_until(&mut turns, deadline);
                continue;
            }
            if turns.closed && turns.lanes.iter().all(Lane::is_empty) {
                return None;
            }
            self.inferable.wait_for(&mut turns, RECHECK);
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

    /// Removes the cameras of revoked partitions and returns them. Frames that still wait are counted as dropped; the next
    /// owner of the partitions reads them again.
    pub fn remove_cameras(&self, partitions: &[Partition]) -> Vec<CameraId> {
        let mut turns = self.turns.lock();
        let (removed, kept) = std::mem::take(&mut turns.lanes)
            .into_iter()
            .partition::<VecDeque<_>, _>(|lane| partitions.contains(&lane.partition));
        turns.lanes = kept;
        drop(turns);
        let mut cameras = Vec::new();
        for lane in removed {
            cameras.push(lane.camera.clone());
            self.complete_dropped(lane.into_dropped());
        }
        self.decodable.notify_all();
        cameras
    }

    /// Lets the waiting frames finish, and then ends the threads that take frames from here.
    pub fn close(&self) {
        self.turns.lock().closed = true;
        self.decodable.notify_all();
        self.inferable.notify_all();
    }

    /// Completes a frame that gives no result, and counts it as dropped.
    pub fn drop_frame(&self, job: FrameJob, reason: &'static str) {
        self.complete_dropped(vec![Dropped::new(job, reason)]);
    }

    /// Completes a frame that was decoded only because later frames depend on it.
    pub fn complete_reference(&self, job: &FrameJob) {
        metrics::REFERENCE.with_label_values(&[job.key.camera.as_str()]).inc();
        self.offsets.complete(&job.ticket);
    }

    fn complete_dropped(&self, dropped: Vec<Dropped>) {
        for Dropped { job, reason } in dropped {
            metrics::count_dropped(job.key.camera.as_str(), reason, 1);
            job.span.in_scope(|| tracing::debug!(reason, "frame dropped"));
            self.offsets.complete(&job.ticket);
        }
    }
}
