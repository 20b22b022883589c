//! The waiting frames of one camera, from one topic.

mod live;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use vru_runtime::kafka::Partition;

use super::arrivals::Arrivals;
use super::pace::StepTime;
use super::{Outcome, Skipped};
use crate::config::QueueConfig;
use crate::decode::FrameDecoder;
use crate::feed::Feed;
use crate::frame::{FrameJob, RawFrame, ReadyFrame, TakenFrame};
use crate::metrics;
use crate::model::Model;

/// Decoded frames of a file that may wait for the model, so that the model never waits for a decoder.
const READY_FILE: usize = 4;

/// A session that has sent nothing for so long has ended.
const NEWEST_SENDS_WITHIN: Duration = Duration::from_secs(5);

static NEXT_ID: AtomicU64 = AtomicU64::new(0);

/// What the scheduler did with a frame that was enqueued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    Queued,
    /// The frame is queued, and its file's queue is now full: pause the partition until there is room.
    QueuedNowFull,
    /// The frame was dropped because it, or a later one of its session, was enqueued before, or another session is newer.
    Refused,
}

/// A camera's decoder and the frames that it has not returned yet.
#[derive(Debug)]
pub struct LaneDecoder {
    pub decoder: FrameDecoder,
    /// Frames that were given to the decoder, by session and sequence.
    pub in_decoder: HashMap<(u64, u64), FrameJob>,
}

/// The moment of a decision, and what it depends on besides the lane.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment<'a> {
    pub now: Instant,
    pub config: &'a QueueConfig,
    /// Frames of other live cameras wait too, so the model cannot take every frame.
    pub contended: bool,
}

/// The next step for a camera's frames.
#[derive(Debug)]
pub enum Step {
    /// Decode the frame. If the flag is set, prepare its picture for the model at once.
    Decode(FrameJob, LaneDecoder, bool),
    /// Prepare a decoded picture for the model.
    Prepare(RawFrame),
}

/// The queues of one camera: frames that wait for a decoder, and decoded frames that wait for the model.
#[derive(Debug)]
pub(super) struct Lane {
    pub id: u64,
    pub feed: Feed,
    pub partition: Partition,
    /// Number of the camera's last turn at the model. The lane with the smallest number is next.
    pub last_turn: u64,
    /// Number of the camera's last turn at the decoders, for files.
    pub last_decode: u64,
    pub decode_time: StepTime,
    pub prepare_time: StepTime,
    /// Frames that the model took and that are not analysed yet.
    pub in_analysis: usize,
    undecoded: VecDeque<FrameJob>,
    /// `None` while a thread decodes with it.
    decoder: Option<LaneDecoder>,
    /// The newest decoded picture of a live H.264 or H.265 stream.
    raw: Option<RawFrame>,
    /// A thread prepares a picture of `raw`.
    preparing: bool,
    ready: VecDeque<ReadyFrame>,
    /// The live H.264 or H.265 frame that is being decoded for the model; pictures up to it are decoded before it.
    goal: Option<(u64, u64)>,
    arrivals: Arrivals,
    last_arrival: Instant,
    /// Session and sequence of the newest frame.
    newest: Option<(u64, u64)>,
    /// The partition is about to be revoked: start no more frames.
    revoking: bool,
}

impl Lane {
    pub fn new(first: &FrameJob, model: Arc<Model>) -> Self {
        let decoder = LaneDecoder { decoder: FrameDecoder::new(model), in_decoder: HashMap::new() };
        Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            feed: first.feed(),
            partition: first.ticket.partition().clone(),
            last_turn: 0,
            last_decode: 0,
            decode_time: StepTime::default(),
            prepare_time: StepTime::default(),
            in_analysis: 0,
            undecoded: VecDeque::new(),
            decoder: Some(decoder),
            raw: None,
            preparing: false,
            ready: VecDeque::new(),
            goal: None,
            arrivals: Arrivals::default(),
            last_arrival: first.received_at,
            newest: None,
            revoking: false,
        }
    }

    pub fn enqueue(&mut self, job: FrameJob, config: &QueueConfig, skipped: &mut Vec<Skipped>) -> Admission {
        let (session, sequence) = (job.key.session, job.key.sequence);
        match self.newest {
            Some((known, newest)) if known == session && sequence <= newest => {
                skipped.push(Skipped::dropped(job, metrics::DUPLICATE));
                return Admission::Refused;
            }
            // Each camera has one publisher, the newest. Taking turns, two would end each other's tracks with every frame. Where the newer
            // one has ended, or a clock was set back, the older one goes on after a moment.
            Some((known, _))
                if known > session
                    && job.is_live()
                    && job.received_at.saturating_duration_since(self.last_arrival) < NEWEST_SENDS_WITHIN =>
            {
                skipped.push(Skipped::dropped(job, metrics::SUPERSEDED));
                return Admission::Refused;
            }
            Some((known, newest)) => {
                let expected = if known == session { newest + 1 } else { 0 };
                self.count_gap(sequence - expected, job.frame.dropped_before);
            }
            // The first frame of a lane may be in the middle of a session: another worker had the frames before it.
            None => {}
        }
        self.newest = Some((session, sequence));
        self.last_arrival = job.received_at;
        let live = job.is_live();
        if live && job.frame.analyse {
            self.arrivals.count(&job);
        }
        self.undecoded.push_back(job);
        if live {
            self.drop_overflow(config, skipped);
            Admission::Queued
        } else if self.undecoded.len() >= config.file_frames {
            Admission::QueuedNowFull
        } else {
            Admission::Queued
        }
    }

    /// Counts missing frames, less those that ingest reported as dropped.
    fn count_gap(&self, missing: u64, dropped_by_ingest: u32) {
        let unexplained = missing.saturating_sub(u64::from(dropped_by_ingest));
        if unexplained > 0 {
            metrics::SEQUENCE_GAPS.with_label_values(&[self.feed.camera.as_str()]).inc_by(unexplained);
        }
    }

    /// Drops the oldest live frames beyond the queue's limit. H.264 and H.265 pictures depend on each other, so they are
    /// dropped together, up to the next key frame.
    fn drop_overflow(&mut self, config: &QueueConfig, skipped: &mut Vec<Skipped>) {
        let coded = self.undecoded.iter().any(|job| job.codec().is_some());
        let limit = if coded { config.coded_pictures } else { config.live_frames };
        if self.undecoded.len() <= limit {
            return;
        }
        let keep_from = if coded {
            let last_key = self.undecoded.iter().rposition(FrameJob::is_key_frame).filter(|at| *at > 0);
            last_key.unwrap_or(self.undecoded.len())
        } else {
            self.undecoded.len() - limit
        };
        skipped.extend(self.undecoded.drain(..keep_from).map(|job| Skipped::dropped(job, metrics::QUEUE_FULL)));
    }

    /// Whether a live frame waits that is for the model.
    pub fn offers_live(&self) -> bool {
        self.ready.front().is_some_and(|ready| ready.job.is_live())
            || self.raw.is_some()
            || self.live_run().any(is_for_model)
    }

    /// How many decoded frames of a file wait for the model.
    pub fn ready_of_file(&self) -> usize {
        self.ready.iter().filter(|ready| !ready.job.is_live()).count()
    }

    /// The time that this camera's next frame needs before the model can take it.
    pub fn time_to_ready(&self) -> Duration {
        self.decode_time.get() + self.prepare_time.get()
    }

    /// Whether a frame of a file may be decoded now.
    pub fn may_decode_file(&self) -> bool {
        let is_file = self.undecoded.front().is_some_and(|job| !job.is_live());
        is_file && !self.revoking && self.decoder.is_some() && self.ready.len() < READY_FILE
    }

    /// Takes the next frame of a file, with the decoder.
    pub fn decode_file(&mut self) -> Option<Step> {
        let decoder = self.decoder.take()?;
        Some(Step::Decode(self.undecoded.pop_front()?, decoder, true))
    }

    /// Takes the result of a step back: the decoder if the step was to decode, decoded pictures, and frames that are ready for
    /// the model. Returns the frames that are abandoned because the partition is being revoked.
    pub fn finish(&mut self, outcome: Outcome, took: Duration, skipped: &mut Vec<Skipped>) -> Vec<FrameJob> {
        let Outcome { decoder, raw, ready } = outcome;
        if let Some(decoder) = decoder {
            self.decoder = Some(decoder);
            self.decode_time.count(took);
        } else {
            self.preparing = false;
            self.prepare_time.count(took);
        }
        for raw in raw {
            skipped.extend(self.raw.replace(raw).map(|older| Skipped::overtaken(older.job)));
        }
        for ready in ready {
            let replaces = |older: &mut ReadyFrame| older.job.is_live() && ready.picture.is_some();
            skipped.extend(self.ready.pop_front_if(replaces).map(|older| Skipped::overtaken(older.job)));
            self.ready.push_back(ready);
        }
        if self.revoking { self.abandon_unstarted() } else { Vec::new() }
    }

    /// Takes the next frame for the model, if it is of this kind.
    pub fn take_ready(&mut self, live: bool, config: &QueueConfig, skipped: &mut Vec<Skipped>) -> Option<TakenFrame> {
        loop {
            let ready = self.ready.pop_front_if(|ready| ready.job.is_live() == live)?;
            if !live || !ready.job.is_older_than(config.max_age) {
                self.in_analysis += 1;
                return Some(TakenFrame { ready, lane_id: self.id });
            }
            skipped.push(Skipped::dropped(ready.job, metrics::TOO_OLD));
        }
    }

    /// Whether the queue is at most half full, so that a paused partition can be resumed. Always true for a live camera.
    pub fn may_resume(&self, config: &QueueConfig) -> bool {
        self.undecoded.len() <= config.file_frames / 2 || self.undecoded.front().is_some_and(FrameJob::is_live)
    }

    /// Whether no frame waits for a decoder or is being decoded.
    pub fn is_idle(&self) -> bool {
        self.undecoded.is_empty() && self.decoder.is_some() && self.raw.is_none() && !self.preparing
    }

    /// Whether no frame waits at all.
    pub fn is_empty(&self) -> bool {
        self.is_idle() && self.ready.is_empty()
    }

    pub fn update_waiting_metric(&self) {
        let waiting = self.undecoded.len() + usize::from(self.raw.is_some()) + self.ready.len();
        metrics::WAITING.with_label_values(&[self.feed.camera.as_str()]).set(waiting as i64);
    }

    /// Takes out the frames that no thread has started to decode, and those inside the decoder: the decoder returns these
    /// only when later frames follow, and none will. A picture that is decoded and not prepared is taken out as well.
    pub fn abandon_unstarted(&mut self) -> Vec<FrameJob> {
        self.revoking = true;
        let in_decoder = self.decoder.iter_mut().flat_map(|decoder| decoder.in_decoder.drain()).map(|(_, job)| job);
        let mut abandoned: Vec<FrameJob> = in_decoder.collect();
        abandoned.extend(self.raw.take().map(|raw| raw.job));
        abandoned.extend(self.undecoded.drain(..));
        abandoned
    }

    pub fn into_dropped(self) -> Vec<Skipped> {
        let in_decoder = self.decoder.into_iter().flat_map(|decoder| decoder.in_decoder.into_values());
        let decoded = self.raw.into_iter().map(|raw| raw.job).chain(self.ready.into_iter().map(|ready| ready.job));
        let jobs = self.undecoded.into_iter().chain(decoded).chain(in_decoder);
        jobs.map(|job| Skipped::dropped(job, metrics::REVOKED)).collect()
    }
}

/// Whether the frame is for the model. The others are decoded only because later ones depend on them.
pub(super) fn is_for_model(job: &FrameJob) -> bool {
    job.frame.analyse || job.is_end_marker()
}
