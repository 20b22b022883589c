//! Whose turn is next: at the decoders, and at the model.

use std::collections::VecDeque;

use super::DecodeTask;
use super::lane::{Deferrable, Dropped, Lane};
use crate::config::QueueConfig;
use crate::frame::ReadyFrame;

/// How many batches of frames may be decoded before the model takes them: the next one and the one after it. The limit holds
/// for live JPEGs, and again for frames of files. A decoded frame holds a picture and a tensor, some 10 MB, which would add
/// up with many cameras; and live frames would only grow old.
const DECODED_AHEAD: usize = 2;

/// The lanes of all cameras and the order in which they are served. The lock around it is the scheduler's.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// The camera that is next at the decoders is in front.
    pub lanes: VecDeque<Lane>,
    /// How many frames the model has taken in all. Numbers the turns at the model.
    served: u64,
    /// The batch size that the model asked for last; 0 before it has asked.
    pub max_batch: usize,
    pub closed: bool,
}

impl Turns {
    /// How many decoded frames of this kind wait for the model.
    pub fn decoded_waiting(&self, kind: Deferrable) -> usize {
        self.lanes.iter().map(|lane| lane.decoded_waiting(kind)).sum()
    }

    /// Starts the next frame that may be decoded now, and moves its camera to the back. The flag says whether a paused
    /// partition may now have room.
    pub fn start_decoding(&mut self, config: &QueueConfig, dropped: &mut Vec<Dropped>) -> Option<(DecodeTask, bool)> {
        let limit = DECODED_AHEAD * self.max_batch.max(1);
        let live_jpegs = self.decoded_waiting(Deferrable::LiveJpeg);
        let file_frames = self.decoded_waiting(Deferrable::File);
        let deferred = |lane: &Lane| match lane.next_deferrable() {
            Some(Deferrable::LiveJpeg) => live_jpegs >= limit,
            Some(Deferrable::File) => file_frames >= limit,
            None => false,
        };
        let mut candidates = self.lanes.iter_mut().enumerate().filter(|(_, lane)| !deferred(lane));
        let (at, (job, decoder)) =
            candidates.find_map(|(at, lane)| Some((at, lane.start_decoding(config, dropped)?)))?;
        let lane = self.lanes.remove(at).expect("the position was just found");
        let (lane_id, may_have_room) = (lane.id, lane.next_is_not_live());
        self.lanes.push_back(lane);
        Some((DecodeTask { job, decoder, lane_id }, may_have_room))
    }

    /// Adds ready frames to the batch, up to `max_frames`, one of each camera in turn.
    ///
    /// The turns at the model are separate from the order of the lanes, which is that of the decoders. A live camera with
    /// H.264 or H.265 has every picture decoded; in the order of the decoders it would always stand behind all others.
    pub fn fill_batch(
        &mut self,
        max_frames: usize,
        batch: &mut Vec<ReadyFrame>,
        config: &QueueConfig,
        dropped: &mut Vec<Dropped>,
    ) {
        let Self { lanes, served, .. } = self;
        let mut order: Vec<&mut Lane> = lanes.iter_mut().collect();
        order.sort_by_key(|lane| lane.last_turn);
        loop {
            let before = batch.len();
            for lane in &mut order {
                if batch.len() >= max_frames {
                    return;
                }
                if let Some(ready) = lane.take_ready(config, dropped) {
                    *served += 1;
                    lane.last_turn = *served;
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
