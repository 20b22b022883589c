//! Whose turn is next: at the decoders, and at the model. Time is an argument, so that a test can simulate it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::lane::{Admission, Lane, Moment, Step};
use super::pace::ModelPace;
use super::{Outcome, Skipped, Task};
use crate::config::QueueConfig;
use crate::frame::{FrameJob, TakenFrame};
use crate::metrics;
use crate::model::Model;

/// How many batches of frames of files may be decoded before the model takes them: the next one and the one after it. A decoded
/// frame holds a picture and a tensor, some 10 MB, which would add up with many files.
const FILES_AHEAD: usize = 2;
/// Live frames go first; but of so many frames, and of so many steps at the decoders, one is for a file if one waits.
const FILE_SHARE: usize = 8;

/// A camera may have taken its share of so many batches that are not analysed yet: one in the model, one that is being analysed, and one
/// in between. A camera whose analysis is slower than the model then keeps its newest frame here, and fills nobody else's queue.
const BATCHES_IN_ANALYSIS: usize = 3;

/// What a decode thread does next.
#[derive(Debug)]
pub(super) enum Next {
    /// The flag says whether a paused partition may now have room.
    Task(Box<Task>, bool),
    /// Nothing before this time, unless something changes.
    Wait(Option<Instant>),
}

/// The lanes of all cameras and the order in which they are served. The lock around it is the scheduler's.
#[derive(Debug, Default)]
pub(super) struct Turns {
    pub lanes: Vec<Lane>,
    /// How many frames the model has taken in all. Numbers the turns at the model.
    pub served: u64,
    /// How many frames of files were decoded in all. Numbers the turns of files at the decoders.
    file_decodes: u64,
    /// Live frames that the model took since the last frame of a file.
    live_in_a_row: usize,
    /// Steps for live frames since the last one for a file.
    live_steps_in_a_row: usize,
    /// The batch size that the model asked for last; 0 before it has asked.
    pub max_batch: usize,
    pub pace: ModelPace,
    pub closed: bool,
    /// Somebody else waits for the model.
    pub interrupted: bool,
}

impl Turns {
    pub fn enqueue(
        &mut self,
        job: FrameJob,
        model: &Arc<Model>,
        config: &QueueConfig,
        skipped: &mut Vec<Skipped>,
    ) -> Admission {
        let kind = job.kind();
        let known = self.lanes.iter().position(|lane| lane.feed.kind == kind && lane.feed.camera == job.key.camera);
        let at = known.unwrap_or(self.lanes.len());
        if known.is_none() {
            self.lanes.push(Lane::new(&job, model.clone()));
        }
        let lane = &mut self.lanes[at];
        let admission = lane.enqueue(job, config, skipped);
        lane.update_waiting_metric();
        admission
    }

    /// Takes the result of a step. Returns the frames that are abandoned because their partition is being revoked.
    pub fn finish(
        &mut self,
        lane_id: u64,
        outcome: Outcome,
        took: Duration,
        skipped: &mut Vec<Skipped>,
    ) -> Vec<FrameJob> {
        let Some(lane) = self.lanes.iter_mut().find(|lane| lane.id == lane_id) else {
            let raw = outcome.raw.into_iter().map(|raw| raw.job);
            let jobs = raw.chain(outcome.ready.into_iter().map(|ready| ready.job));
            skipped.extend(jobs.map(|job| Skipped::dropped(job, metrics::REVOKED)));
            return Vec::new();
        };
        let abandoned = lane.finish(outcome, took, skipped);
        lane.update_waiting_metric();
        abandoned
    }

    /// A frame that the model took is analysed, or dropped. Whether its lane may now give a frame that it could not give before.
    pub fn analysed(&mut self, lane_id: u64) -> bool {
        let max_batch = self.max_batch;
        let Some(lane) = self.lanes.iter_mut().find(|lane| lane.id == lane_id) else { return false };
        let was_full = !Self::may_offer_live(lane) || !Self::may_offer_of_file(lane, max_batch);
        lane.in_analysis -= 1;
        was_full
    }

    /// Whether a live frame of the camera may go to the model.
    fn may_offer_live(lane: &Lane) -> bool {
        lane.in_analysis < BATCHES_IN_ANALYSIS
    }

    /// As [`Self::may_offer_live`], for the frames of a file, which may fill a batch.
    fn may_offer_of_file(lane: &Lane, max_batch: usize) -> bool {
        lane.in_analysis < BATCHES_IN_ANALYSIS * max_batch.max(1)
    }

    /// The live cameras that have a frame for the model and may give it, in the order of their turns.
    fn offering_live(&self) -> Vec<usize> {
        self.by_turn(|lane| lane.offers_live() && Self::may_offer_live(lane))
    }

    /// How many decoded frames of files wait for the model.
    pub fn files_ready(&self) -> usize {
        self.lanes.iter().map(Lane::ready_of_file).sum()
    }

    /// The positions of lanes, those first whose last turn at the model is the longest ago.
    fn by_turn(&self, wanted: impl Fn(&Lane) -> bool) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.lanes.len()).filter(|at| wanted(&self.lanes[*at])).collect();
        order.sort_by_key(|at| self.lanes[*at].last_turn);
        order
    }

    fn moment<'a>(now: Instant, config: &'a QueueConfig, offering: &[usize]) -> Moment<'a> {
        Moment { now, config, contended: offering.len() > 1 }
    }

    /// Starts the next step at the decoders.
    ///
    /// First come live frames for the next batch, but not before their time: what is decoded late is newer. Then come pictures on
    /// which later ones depend, and frames of files.
    pub fn next_step(&mut self, now: Instant, config: &QueueConfig, skipped: &mut Vec<Skipped>) -> Next {
        let offering = self.offering_live();
        let moment = Self::moment(now, config, &offering);
        let due_at = self.due_at(&offering, config).filter(|_| !self.closed);
        if self.live_steps_in_a_row >= FILE_SHARE
            && let Some(file) = self.decode_file()
        {
            return file;
        }
        let due = due_at.is_none_or(|due_at| due_at <= now);
        let step = self
            .step_due(if due { &offering } else { &[] }, moment, skipped)
            .or_else(|| self.step_ahead(&offering, moment, skipped));
        if let Some((at, step)) = step {
            self.live_steps_in_a_row += 1;
            return Next::Task(Box::new(Task { lane_id: self.lanes[at].id, step }), false);
        }
        self.decode_file().unwrap_or(Next::Wait(due_at.filter(|due_at| *due_at > now)))
    }

    /// When to begin to decode the live frames of the next batch; `None`: now.
    fn due_at(&self, offering: &[usize], config: &QueueConfig) -> Option<Instant> {
        let times = offering.iter().take(self.max_batch.max(1)).map(|at| self.lanes[*at].time_to_ready());
        let (longest, sum) =
            times.fold((Duration::ZERO, Duration::ZERO), |(longest, sum), time| (longest.max(time), sum + time));
        let threads = u32::try_from(config.decode_threads()).unwrap_or(u32::MAX).max(1);
        self.pace.decode_at(longest.max(sum / threads))
    }

    fn step_due(
        &mut self,
        offering: &[usize],
        moment: Moment<'_>,
        skipped: &mut Vec<Skipped>,
    ) -> Option<(usize, Step)> {
        let limit = if self.closed { usize::MAX } else { self.max_batch.max(1) };
        offering.iter().take(limit).find_map(|at| Some((*at, self.lanes[*at].step_live(moment, skipped)?)))
    }

    /// Decodes pictures of the cameras whose turn is near, so that at their turn only the newest is left to decode.
    fn step_ahead(
        &mut self,
        offering: &[usize],
        moment: Moment<'_>,
        skipped: &mut Vec<Skipped>,
    ) -> Option<(usize, Step)> {
        let near = 2 * self.max_batch.max(1) + moment.config.decode_threads();
        let near = &offering[..near.min(offering.len())];
        let ahead = near.iter().find_map(|at| Some((*at, self.lanes[*at].step_ahead(moment, true, skipped)?)));
        ahead.or_else(|| {
            let closed = self.closed;
            let mut lanes = self.lanes.iter_mut().enumerate();
            lanes.find_map(|(at, lane)| Some((at, lane.step_ahead(moment, closed, skipped)?)))
        })
    }

    fn decode_file(&mut self) -> Option<Next> {
        if self.files_ready() >= FILES_AHEAD * self.max_batch.max(1) {
            return None;
        }
        let may_decode = self.lanes.iter_mut().filter(|lane| lane.may_decode_file());
        let lane = may_decode.min_by_key(|lane| lane.last_decode)?;
        let step = lane.decode_file()?;
        self.file_decodes += 1;
        lane.last_decode = self.file_decodes;
        self.live_steps_in_a_row = 0;
        Some(Next::Task(Box::new(Task { lane_id: lane.id, step }), true))
    }

    /// Adds ready frames to the batch, up to `max_frames`: live ones first, one of each camera in turn; frames of files fill the
    /// batch. `begun` is the value of `served` when the batch was empty.
    pub fn fill_batch(
        &mut self,
        (max_frames, begun): (usize, u64),
        now: Instant,
        batch: &mut Vec<TakenFrame>,
        config: &QueueConfig,
        skipped: &mut Vec<Skipped>,
    ) {
        let offering = self.offering_live();
        let moment = Self::moment(now, config, &offering);
        if self.live_in_a_row >= FILE_SHARE - 1 {
            self.take_of_files(max_frames.min(batch.len() + 1), batch, config, skipped);
        }
        for at in offering {
            let lane = &mut self.lanes[at];
            if batch.len() >= max_frames {
                break;
            }
            if lane.last_turn > begun || !lane.may_take_live(moment) {
                continue;
            }
            if let Some(ready) = lane.take_ready(true, config, skipped) {
                self.served += 1;
                lane.last_turn = self.served;
                self.live_in_a_row += 1;
                batch.push(ready);
            }
            lane.update_waiting_metric();
        }
        self.take_of_files(max_frames, batch, config, skipped);
    }

    fn take_of_files(
        &mut self,
        max_frames: usize,
        batch: &mut Vec<TakenFrame>,
        config: &QueueConfig,
        skipped: &mut Vec<Skipped>,
    ) {
        while batch.len() < max_frames {
            let before = batch.len();
            let max_batch = self.max_batch;
            for at in self.by_turn(|lane| lane.ready_of_file() > 0 && Self::may_offer_of_file(lane, max_batch)) {
                let lane = &mut self.lanes[at];
                if batch.len() >= max_frames {
                    return;
                }
                if let Some(ready) = lane.take_ready(false, config, skipped) {
                    self.served += 1;
                    lane.last_turn = self.served;
                    self.live_in_a_row = 0;
                    batch.push(ready);
                }
                lane.update_waiting_metric();
            }
            if batch.len() == before {
                return;
            }
        }
    }
}
