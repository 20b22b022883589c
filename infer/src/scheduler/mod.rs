//! Where frames wait: for a decoder, then for the model. Each camera has a lane, in which order holds from end to end; the
//! cameras take turns. This is the one place that drops live frames, and it counts each.

mod lane;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tokio::sync::Notify;
use vru_proto::CameraId;
use vru_runtime::kafka::Partition;

use crate::config::QueueConfig;
use crate::frame::{Job, Ready};
use crate::metrics;
use crate::model::Model;
use crate::offsets::Offsets;

use lane::{Dropped, Lane, Patient};
pub use lane::{LaneDecoder, Offered};

/// The waiting frames of all cameras.
#[derive(Debug)]
pub struct Board {
    state: Mutex<State>,
    to_decode: Condvar,
    to_infer: Condvar,
    /// Told when the queue of a file has room again.
    room: Notify,
    offsets: Arc<Offsets>,
    model: Arc<Model>,
    config: QueueConfig,
}

#[derive(Debug, Default)]
struct State {
    /// The camera whose turn at the decoders is next is in front.
    lanes: VecDeque<Lane>,
    /// Counts the turns at the model.
    next_turn: u64,
    /// What the model takes at once, as far as it has asked.
    most: usize,
    closed: bool,
}

/// Live stills, and as many frames of files, that may be decoded before the model takes them, in batches: the next and the one
/// after it. Each holds a picture and a tensor, some 10 MB, and with many cameras that would add up; and stills would only grow old.
const DECODED_AHEAD: usize = 2;

impl State {
    /// Decoded frames of the kind that wait for the model.
    fn ahead(&self, kind: Patient) -> usize {
        self.lanes.iter().map(|lane| lane.ahead(kind)).sum()
    }

    /// The next frame that may be decoded now, and its lane's place.
    fn start_decoding(
        &mut self,
        config: &QueueConfig,
        dropped: &mut Vec<Dropped>,
    ) -> Option<(usize, Job, LaneDecoder)> {
        let limit = DECODED_AHEAD * self.most.max(1);
        let (stills, files) = (self.ahead(Patient::Still), self.ahead(Patient::File));
        let waits = |lane: &Lane| match lane.next_patient() {
            Some(Patient::Still) => stills >= limit,
            Some(Patient::File) => files >= limit,
            None => false,
        };
        self.lanes.iter_mut().enumerate().filter(|(_, lane)| !waits(lane)).find_map(|(at, lane)| {
            let (job, decoder) = lane.start_decoding(config, dropped)?;
            Some((at, job, decoder))
        })
    }
}

/// A frame to be decoded, with its camera's decoder. Both go back by [`Board::decoded`].
#[derive(Debug)]
pub struct DecodeWork {
    /// The frame.
    pub job: Job,
    /// The camera's decoder.
    pub decoder: LaneDecoder,
    /// Which lane it goes back to.
    pub lane: u64,
}

impl Board {
    /// An empty board.
    pub fn new(config: QueueConfig, offsets: Arc<Offsets>, model: Arc<Model>) -> Self {
        Self {
            state: Mutex::default(),
            to_decode: Condvar::new(),
            to_infer: Condvar::new(),
            room: Notify::new(),
            offsets,
            model,
            config,
        }
    }

    /// Takes a frame in. Never waits: a live camera's oldest frame makes room, and a file's partition is to be held back
    /// when the answer says so.
    pub fn offer(&self, job: Job) -> Offered {
        let mut state = self.state.lock();
        let known = state.lanes.iter().position(|lane| lane.camera == job.key.camera);
        let at = known.unwrap_or(state.lanes.len());
        if known.is_none() {
            state.lanes.push_back(Lane::new(&job, self.model.clone()));
        }
        let mut dropped = Vec::new();
        let lane = &mut state.lanes[at];
        let offered = lane.offer(job, &self.config, &mut dropped);
        lane.note_waiting();
        drop(state);
        self.to_decode.notify_one();
        self.settle(dropped);
        offered
    }

    /// The next frame to decode; waits for one. None when the board is closed and empty.
    pub fn next_to_decode(&self) -> Option<DecodeWork> {
        let mut state = self.state.lock();
        loop {
            let mut dropped = Vec::new();
            let found = state.start_decoding(&self.config, &mut dropped);
            if !dropped.is_empty() {
                // Rare, and settling takes no lock that anybody holds while waiting for ours.
                self.settle(dropped);
            }
            if let Some((at, job, decoder)) = found {
                let turn = state.lanes.remove(at).expect("the position was just found");
                if turn.has_room() {
                    self.room.notify_one();
                }
                let lane = turn.id;
                state.lanes.push_back(turn);
                return Some(DecodeWork { job, decoder, lane });
            }
            if state.closed && state.lanes.iter().all(Lane::is_idle) {
                return None;
            }
            self.to_decode.wait_for(&mut state, Duration::from_millis(100));
        }
    }

    /// Takes back what came of a [`DecodeWork`]: the camera's decoder, and the frames that became ready. Frames of a camera
    /// that was taken away meanwhile are dropped.
    pub fn decoded(&self, lane: u64, decoder: LaneDecoder, ready: Vec<Ready>) {
        let mut dropped = Vec::new();
        let mut left = Vec::new();
        let mut state = self.state.lock();
        match state.lanes.iter_mut().find(|candidate| candidate.id == lane) {
            Some(lane) => {
                left = lane.finish_decoding(decoder, ready, &self.config, &mut dropped);
                lane.note_waiting();
            }
            None => dropped.extend(ready.into_iter().map(|ready| Dropped::new(ready.job, metrics::REVOKED))),
        }
        drop(state);
        self.to_infer.notify_one();
        self.to_decode.notify_one();
        self.settle(dropped);
        self.leave(left);
    }

    /// Waits for frames and takes up to `most`, one of each camera in turn. Once there is one, it waits for more for `wait`.
    /// None when the board is closed and empty.
    pub fn next_batch(&self, most: usize, wait: Duration) -> Option<Vec<Ready>> {
        let mut batch = Vec::with_capacity(most);
        let mut until: Option<Instant> = None;
        let mut state = self.state.lock();
        state.most = most;
        loop {
            let mut dropped = Vec::new();
            self.gather(&mut state, most, &mut batch, &mut dropped);
            if !dropped.is_empty() {
                self.settle(dropped);
            }
            if !batch.is_empty() {
                // Decoders may go on: there is room behind them.
                self.to_decode.notify_all();
                let until = *until.get_or_insert_with(|| Instant::now() + wait);
                if batch.len() >= most || Instant::now() >= until || state.closed {
                    return Some(batch);
                }
                self.to_infer.wait_until(&mut state, until);
                continue;
            }
            if state.closed && state.lanes.iter().all(Lane::is_empty) {
                return None;
            }
            self.to_infer.wait_for(&mut state, Duration::from_millis(100));
        }
    }

    /// Cameras take turns at the model, and these turns are their own: the lanes' order is that of the decoders, where a camera
    /// whose every picture is decoded would stand behind all others for ever.
    fn gather(&self, state: &mut State, most: usize, batch: &mut Vec<Ready>, dropped: &mut Vec<Dropped>) {
        let State { lanes, next_turn, .. } = state;
        let mut order: Vec<&mut Lane> = lanes.iter_mut().collect();
        order.sort_by_key(|lane| lane.turn);
        loop {
            let before = batch.len();
            for lane in &mut order {
                if batch.len() >= most {
                    return;
                }
                if let Some(ready) = lane.take_ready(&self.config, dropped) {
                    *next_turn += 1;
                    lane.turn = *next_turn;
                    batch.push(ready);
                }
                lane.note_waiting();
            }
            if batch.len() == before {
                return;
            }
        }
    }

    /// Whether every file of the partition has room again.
    pub fn has_room(&self, partition: &Partition) -> bool {
        let state = self.state.lock();
        state.lanes.iter().filter(|lane| lane.partition == *partition).all(|lane| lane.is_below_half(&self.config))
    }

    /// Waits until some file's queue got shorter.
    pub async fn room(&self) {
        self.room.notified().await;
    }

    /// The partitions will soon not be ours any more: gives up their frames that nobody has begun to decode, so that what was
    /// begun is soon finished. Whoever has the partitions next gets them.
    pub fn withdraw(&self, partitions: &[Partition]) {
        let mut state = self.state.lock();
        let revoked = state.lanes.iter_mut().filter(|lane| partitions.contains(&lane.partition));
        let withdrawn: Vec<Job> = revoked.flat_map(Lane::withdraw).collect();
        drop(state);
        self.leave(withdrawn);
    }

    fn leave(&self, jobs: Vec<Job>) {
        for job in jobs {
            metrics::dropped(job.key.camera.as_str(), metrics::REVOKED, 1);
            self.offsets.leave(&job.ticket);
        }
    }

    /// The partitions are not ours any more: forgets their cameras, and returns which these were. Frames that still wait are
    /// counted; whoever has the partitions now gets them.
    pub fn forget(&self, partitions: &[Partition]) -> Vec<CameraId> {
        let mut state = self.state.lock();
        let (gone, kept) = std::mem::take(&mut state.lanes)
            .into_iter()
            .partition::<VecDeque<_>, _>(|lane| partitions.contains(&lane.partition));
        state.lanes = kept;
        drop(state);
        let mut cameras = Vec::new();
        for lane in gone {
            cameras.push(lane.camera.clone());
            self.settle(lane.into_dropped());
        }
        self.to_decode.notify_all();
        cameras
    }

    /// Lets what waits be finished and ends the threads that take from here.
    pub fn close(&self) {
        self.state.lock().closed = true;
        self.to_decode.notify_all();
        self.to_infer.notify_all();
    }

    /// The frame is done with, without a result.
    pub fn drop_frame(&self, job: Job, reason: &'static str) {
        self.settle(vec![Dropped::new(job, reason)]);
    }

    /// The frame was there for others to build on, and has done its work.
    pub fn used_as_reference(&self, job: &Job) {
        metrics::REFERENCE.with_label_values(&[job.key.camera.as_str()]).inc();
        self.offsets.complete(&job.ticket);
    }

    fn settle(&self, dropped: Vec<Dropped>) {
        for Dropped { job, reason } in dropped {
            metrics::dropped(job.key.camera.as_str(), reason, 1);
            job.span.in_scope(|| tracing::debug!(reason, "frame dropped"));
            self.offsets.complete(&job.ticket);
        }
    }
}
