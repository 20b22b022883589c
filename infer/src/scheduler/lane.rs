//! The waiting frames of one camera.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use vru_proto::CameraId;
use vru_runtime::kafka::Partition;

use super::freshness::Freshness;
use crate::config::QueueConfig;
use crate::decode::FrameDecoder;
use crate::frame::{FrameJob, ReadyFrame};
use crate::metrics;
use crate::model::Model;

/// Decoded frames of one camera that may wait for the model. One of a live camera: a second would be old when its turn comes.
/// A few of a file, so that the model never waits for a decoder.
const READY_LIVE: usize = 1;
const READY_FILE: usize = 4;

static NEXT_ID: AtomicU64 = AtomicU64::new(0);

/// What the scheduler did with a frame that was enqueued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    Queued,
    /// The frame is queued, and its file's queue is now full: pause the partition until there is room.
    QueuedNowFull,
    /// The frame was dropped because it, or a later one of its session, was enqueued before.
    Duplicate,
}

/// A frame that will not be analysed.
#[derive(Debug)]
pub(super) struct Dropped {
    pub job: FrameJob,
    /// A value of the label `reason` of `infer_dropped_frames_total`.
    pub reason: &'static str,
}

impl Dropped {
    pub fn new(job: FrameJob, reason: &'static str) -> Self {
        Self { job, reason }
    }
}

/// A camera's decoder and the frames that it has not returned yet.
#[derive(Debug)]
pub struct LaneDecoder {
    pub decoder: FrameDecoder,
    /// Frames that were given to the decoder, by session and sequence.
    pub in_decoder: HashMap<(u64, u64), FrameJob>,
}

/// Frames whose decoding can be deferred until the model will soon take them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deferrable {
    /// Live JPEGs: no other frame depends on one, so it may even be dropped undecoded.
    LiveJpeg,
    /// Frames of files: they never become too old.
    File,
}

impl Deferrable {
    /// `None` for a live H.264 or H.265 picture: later pictures depend on it, so it is decoded at once.
    fn of(job: &FrameJob) -> Option<Self> {
        match (job.is_live(), job.codec()) {
            (true, None) => Some(Self::LiveJpeg),
            (true, Some(_)) => None,
            (false, _) => Some(Self::File),
        }
    }
}

/// The queues of one camera: frames that wait for a decoder, and decoded frames that wait for the model.
#[derive(Debug)]
pub(super) struct Lane {
    pub id: u64,
    pub camera: CameraId,
    pub partition: Partition,
    /// Number of the camera's last turn at the model. The lane with the smallest number is next.
    pub last_turn: u64,
    undecoded: VecDeque<FrameJob>,
    /// `None` while a thread decodes with it.
    decoder: Option<LaneDecoder>,
    ready: VecDeque<ReadyFrame>,
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
            camera: first.key.camera.clone(),
            partition: first.ticket.partition().clone(),
            last_turn: 0,
            undecoded: VecDeque::new(),
            decoder: Some(decoder),
            ready: VecDeque::new(),
            newest: None,
            revoking: false,
        }
    }

    pub fn enqueue(&mut self, job: FrameJob, config: &QueueConfig, dropped: &mut Vec<Dropped>) -> Admission {
        let (session, sequence) = (job.key.session, job.key.sequence);
        match self.newest {
            Some((known, newest)) if known == session && sequence <= newest => {
                dropped.push(Dropped::new(job, metrics::DUPLICATE));
                return Admission::Duplicate;
            }
            Some((known, newest)) => {
                let expected = if known == session { newest + 1 } else { 0 };
                self.count_gap(sequence - expected, job.frame.dropped_before);
            }
            // The first frame of a lane may be in the middle of a session: another worker had the frames before it.
            None => {}
        }
        self.newest = Some((session, sequence));
        let live = job.is_live();
        self.undecoded.push_back(job);
        if live {
            self.drop_overflow(config, dropped);
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
            metrics::SEQUENCE_GAPS.with_label_values(&[self.camera.as_str()]).inc_by(unexplained);
        }
    }

    /// Drops the oldest live frames beyond the queue's limit. H.264 and H.265 pictures depend on each other, so they are
    /// dropped together, up to the next key frame.
    fn drop_overflow(&mut self, config: &QueueConfig, dropped: &mut Vec<Dropped>) {
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
        dropped.extend(self.undecoded.drain(..keep_from).map(|job| Dropped::new(job, metrics::QUEUE_FULL)));
    }

    /// How many decoded frames of this kind wait for the model.
    pub fn decoded_waiting(&self, kind: Deferrable) -> usize {
        self.ready.iter().filter(|ready| Deferrable::of(&ready.job) == Some(kind)).count()
    }

    /// The kind of the next frame to decode. `None` if it must be decoded at once, or if there is none.
    pub fn next_deferrable(&self) -> Option<Deferrable> {
        self.undecoded.front().and_then(Deferrable::of)
    }

    /// Takes the next frame to decode, with the decoder. `None` if no frame waits, the decoder is in use, or enough decoded
    /// frames wait for the model.
    pub fn start_decoding(
        &mut self,
        config: &QueueConfig,
        dropped: &mut Vec<Dropped>,
    ) -> Option<(FrameJob, LaneDecoder)> {
        self.decoder.as_ref()?;
        let mut freshness = Freshness::new(config);
        loop {
            let next = self.undecoded.front()?;
            let live = next.is_live();
            let limit = if live { READY_LIVE } else { READY_FILE };
            // Live H.264 and H.265 pictures are always decoded, because later ones depend on them. The decoded pictures may
            // be dropped.
            let always = live && next.codec().is_some();
            if self.ready.len() >= limit && !always {
                return None;
            }
            let job = self.undecoded.pop_front()?;
            if live && job.codec().is_none() {
                let newer_waits = self.undecoded.front().is_some_and(FrameJob::is_live);
                if let Some(reason) = freshness.drop_reason(&job, job.received_at, newer_waits) {
                    dropped.push(Dropped::new(job, reason));
                    continue;
                }
            }
            return Some((job, self.decoder.take()?));
        }
    }

    /// Takes the decoder back, with the frames that are ready for the model. Returns the frames that are abandoned because
    /// the partition is being revoked.
    pub fn finish_decoding(
        &mut self,
        decoder: LaneDecoder,
        ready: Vec<ReadyFrame>,
        config: &QueueConfig,
        dropped: &mut Vec<Dropped>,
    ) -> Vec<FrameJob> {
        self.decoder = Some(decoder);
        for ready in ready {
            let live = ready.job.is_live();
            self.ready.push_back(ready);
            while live && self.ready.len() > config.live_frames {
                let oldest = self.ready.pop_front().expect("longer than the limit");
                dropped.push(Dropped::new(oldest.job, metrics::QUEUE_FULL));
            }
        }
        if self.revoking { self.abandon_unstarted() } else { Vec::new() }
    }

    /// Takes the next frame for the model.
    pub fn take_ready(&mut self, config: &QueueConfig, dropped: &mut Vec<Dropped>) -> Option<ReadyFrame> {
        let mut freshness = Freshness::new(config);
        loop {
            let ready = self.ready.pop_front()?;
            if ready.job.is_live() {
                let waiting_since = ready.picture.as_ref().map_or(ready.job.received_at, |picture| picture.ready_at);
                let newer_waits = self.ready.front().is_some_and(|next| next.job.is_live());
                if let Some(reason) = freshness.drop_reason(&ready.job, waiting_since, newer_waits) {
                    dropped.push(Dropped::new(ready.job, reason));
                    continue;
                }
            }
            return Some(ready);
        }
    }

    /// Whether the queue is at most half full, so that a paused partition can be resumed. Always true for a live camera.
    pub fn may_resume(&self, config: &QueueConfig) -> bool {
        self.undecoded.len() <= config.file_frames / 2 || self.undecoded.front().is_some_and(FrameJob::is_live)
    }

    /// False if the next frame is live. A paused partition never waits for such a queue.
    pub fn next_is_not_live(&self) -> bool {
        self.undecoded.front().is_none_or(|job| !job.is_live())
    }

    /// Whether no frame waits for a decoder or is being decoded.
    pub fn is_idle(&self) -> bool {
        self.undecoded.is_empty() && self.decoder.is_some()
    }

    /// Whether no frame waits at all.
    pub fn is_empty(&self) -> bool {
        self.is_idle() && self.ready.is_empty()
    }

    pub fn update_waiting_metric(&self) {
        let waiting = self.undecoded.len() + self.ready.len();
        metrics::WAITING.with_label_values(&[self.camera.as_str()]).set(waiting as i64);
    }

    /// Takes out the frames that no thread has started to decode, and those inside the decoder: the decoder returns these
    /// only when later frames follow, and none will.
    pub fn abandon_unstarted(&mut self) -> Vec<FrameJob> {
        self.revoking = true;
        let in_decoder = self.decoder.iter_mut().flat_map(|decoder| decoder.in_decoder.drain()).map(|(_, job)| job);
        let mut abandoned: Vec<FrameJob> = in_decoder.collect();
        abandoned.extend(self.undecoded.drain(..));
        abandoned
    }

    pub fn into_dropped(self) -> Vec<Dropped> {
        let in_decoder = self.decoder.into_iter().flat_map(|decoder| decoder.in_decoder.into_values());
        let ready = self.ready.into_iter().map(|ready| ready.job);
        let jobs = self.undecoded.into_iter().chain(ready).chain(in_decoder);
        jobs.map(|job| Dropped::new(job, metrics::REVOKED)).collect()
    }
}
