//! What waits for one viewer. It is bounded: of a camera's pictures the newest waits, whoever takes it slowly skips the others, and nothing
//! is skipped without being counted.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use prometheus::IntCounter;
use tokio::sync::Notify;
use vru_proto::CameraId;

use crate::message::{Content, Message};
use crate::metrics::{DELIVERED, Skip};
use crate::rendition::Rendition;

/// Messages without pictures that may wait, of one camera.
const MAX_BOXES: usize = 64;
/// Access units that may wait, of one camera: about three seconds.
const MAX_UNITS: usize = 90;
/// And their bytes.
const MAX_UNIT_BYTES: usize = 8 * 1024 * 1024;

/// How a viewer keeps up with one camera.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewerRate {
    pub camera: CameraId,
    pub rendition: Rendition,
    /// Messages that were taken since the last report.
    pub taken: u64,
    /// Messages that were skipped since then, because the viewer was slow.
    pub skipped: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    state: Mutex<State>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct State {
    lanes: HashMap<CameraId, Lane>,
    /// Cameras of which something waits, in the order in which they have their turn.
    turns: VecDeque<CameraId>,
}

#[derive(Debug)]
struct Lane {
    rendition: Rendition,
    delivered: IntCounter,
    waiting: VecDeque<Arc<Message>>,
    bytes: usize,
    /// How many of them are from before the viewer came: they are beside the bounds.
    earlier: usize,
    earlier_bytes: usize,
    /// The access unit that can follow; `None` until a key frame.
    next_unit: Option<(u64, u64)>,
    taken: u64,
    skipped: u64,
}

impl Mailbox {
    /// What is watched from now on. What waits of others is dropped.
    pub(crate) fn set(&self, wanted: &HashMap<CameraId, Rendition>) {
        let mut state = self.state.lock();
        state.lanes.retain(|camera, lane| wanted.get(camera) == Some(&lane.rendition));
        for (camera, rendition) in wanted {
            state.lanes.entry(camera.clone()).or_insert_with(|| Lane::new(camera, *rendition));
        }
        let State { lanes, turns } = &mut *state;
        turns.retain(|camera| lanes.get(camera).is_some_and(|lane| !lane.waiting.is_empty()));
    }

    pub(crate) fn push(&self, camera: &CameraId, message: Arc<Message>) {
        let mut state = self.state.lock();
        let State { lanes, turns } = &mut *state;
        let Some(lane) = lanes.get_mut(camera) else { return };
        let (empty, skipped) = (lane.waiting.is_empty(), lane.skipped);
        lane.push(camera, message);
        Skip::SlowViewer.count(camera.as_str(), lane.skipped - skipped);
        if empty && !lane.waiting.is_empty() {
            turns.push_back(camera.clone());
            self.arrived.notify_one();
        }
    }

    /// Access units since a key frame, for a viewer who has nothing of the camera yet. They are bounded by whoever kept them.
    pub(crate) fn begin(&self, camera: &CameraId, earlier: &[Arc<Message>]) {
        let mut state = self.state.lock();
        let State { lanes, turns } = &mut *state;
        let Some(lane) = lanes.get_mut(camera).filter(|lane| lane.rendition == Rendition::H264) else { return };
        if !lane.waiting.is_empty() || lane.next_unit.is_some() {
            return;
        }
        let Some(Content::Unit { session, sequence, .. }) = earlier.last().map(|message| message.content) else {
            return;
        };
        lane.next_unit = Some((session, sequence + 1));
        lane.waiting.extend(earlier.iter().cloned());
        lane.earlier = lane.waiting.len();
        lane.earlier_bytes = earlier.iter().map(|message| message.bytes.len()).sum();
        lane.bytes = lane.earlier_bytes;
        turns.push_back(camera.clone());
        self.arrived.notify_one();
    }

    /// The next message. Cancel-safe.
    pub(crate) async fn next(&self) -> Bytes {
        loop {
            if let Some(message) = self.take() {
                return message;
            }
            self.arrived.notified().await;
        }
    }

    fn take(&self) -> Option<Bytes> {
        let mut state = self.state.lock();
        let State { lanes, turns } = &mut *state;
        loop {
            let camera = turns.pop_front()?;
            let Some(lane) = lanes.get_mut(&camera) else { continue };
            let Some(message) = lane.waiting.pop_front() else { continue };
            lane.bytes -= message.bytes.len();
            if lane.earlier > 0 {
                lane.earlier -= 1;
                lane.earlier_bytes -= message.bytes.len();
            }
            lane.taken += 1;
            lane.delivered.inc();
            if !lane.waiting.is_empty() {
                turns.push_back(camera);
            }
            return Some(message.bytes.clone());
        }
    }

    /// What was taken and skipped since the last call, of each camera.
    pub(crate) fn rates(&self) -> Vec<ViewerRate> {
        let mut state = self.state.lock();
        let rates = state.lanes.iter_mut().map(|(camera, lane)| ViewerRate {
            camera: camera.clone(),
            rendition: lane.rendition,
            taken: std::mem::take(&mut lane.taken),
            skipped: std::mem::take(&mut lane.skipped),
        });
        let mut rates: Vec<_> = rates.collect();
        rates.sort_by(|a, b| a.camera.cmp(&b.camera));
        rates
    }
}

impl Lane {
    fn new(camera: &CameraId, rendition: Rendition) -> Self {
        Self {
            rendition,
            delivered: DELIVERED.with_label_values(&[camera.as_str()]),
            waiting: VecDeque::new(),
            bytes: 0,
            earlier: 0,
            earlier_bytes: 0,
            next_unit: None,
            taken: 0,
            skipped: 0,
        }
    }

    fn push(&mut self, camera: &CameraId, message: Arc<Message>) {
        match message.content {
            Content::Boxes if self.waiting.len() >= MAX_BOXES => {
                let oldest = self.waiting.pop_front();
                self.bytes -= oldest.map_or(0, |oldest| oldest.bytes.len());
                self.skipped += 1;
            }
            Content::Boxes => {}
            Content::Picture => self.skip_waiting(),
            Content::Unit { session, sequence, key_frame } => {
                if key_frame && !self.waiting.is_empty() && self.is_full(&message) {
                    self.skip_waiting();
                }
                if !key_frame && self.next_unit != Some((session, sequence)) {
                    // The viewer came, or units are missing, since the last key frame.
                    Skip::NoKeyFrame.count(camera.as_str(), 1);
                    self.next_unit = None;
                    return;
                }
                if self.is_full(&message) {
                    // What follows needs what is skipped: it goes on at the next key frame.
                    self.skip_waiting();
                    if !key_frame {
                        self.skipped += 1;
                        self.next_unit = None;
                        return;
                    }
                }
                self.next_unit = Some((session, sequence + 1));
            }
        }
        self.bytes += message.bytes.len();
        self.waiting.push_back(message);
    }

    /// Whether access units wait to the bound; one is always let in.
    fn is_full(&self, next: &Message) -> bool {
        let (waiting, bytes) = (self.waiting.len() - self.earlier, self.bytes - self.earlier_bytes);
        waiting > 0 && (waiting >= MAX_UNITS || bytes + next.bytes.len() > MAX_UNIT_BYTES)
    }

    fn skip_waiting(&mut self) {
        self.skipped += self.waiting.len() as u64;
        self.waiting.clear();
        (self.bytes, self.earlier, self.earlier_bytes) = (0, 0, 0);
    }
}

#[cfg(test)]
mod tests;
