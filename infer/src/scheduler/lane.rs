//! The waiting frames of one camera.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use vru_proto::CameraId;
use vru_runtime::kafka::Partition;

use crate::config::QueueConfig;
use crate::decode::FrameDecoder;
use crate::frame::{Job, Ready};
use crate::metrics;
use crate::model::Model;

/// Decoded frames that may wait for the model. Of a live camera one: a second would be old when its turn comes. Of a file a
/// few, so that the model never waits for a decoder.
const READY_LIVE: usize = 1;
const READY_FILE: usize = 4;

static NEXT_ID: AtomicU64 = AtomicU64::new(0);

/// What became of a frame that was offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offered {
    /// It waits.
    Queued,
    /// It waits, and no more of its partition should be read until there is room.
    Full,
    /// It was analysed already, or waits already.
    Duplicate,
}

/// A frame that will not be analysed.
#[derive(Debug)]
pub(super) struct Dropped {
    pub job: Job,
    pub reason: &'static str,
}

impl Dropped {
    pub fn new(job: Job, reason: &'static str) -> Self {
        Self { job, reason }
    }
}

/// A camera's decoder, and the frames that are inside it.
#[derive(Debug)]
pub struct LaneDecoder {
    /// Decodes.
    pub frames: FrameDecoder,
    /// Session and sequence → the frame that was given to the decoder.
    pub inside: HashMap<(u64, u64), Job>,
}

/// Whether live frames are still worth their turn.
#[derive(Debug)]
struct Freshness {
    max_age: Duration,
    overtake_after: Duration,
}

impl Freshness {
    fn new(config: &QueueConfig) -> Self {
        Self { max_age: config.max_age, overtake_after: config.overtake_after }
    }

    /// Why a frame that waits since then is not, if it is not. The age at ingest rests on two machines' clocks, so it is a last
    /// resort; what was waited here rests on ours alone.
    fn outdated(&mut self, job: &Job, since: Instant, newer: bool) -> Option<&'static str> {
        if job.is_older_than(self.max_age) {
            Some(metrics::TOO_OLD)
        } else if newer && since.elapsed() >= self.overtake_after {
            // Where one gives way, all do but the newest: what comes next would be as late again soon.
            self.overtake_after = Duration::ZERO;
            Some(metrics::OVERTAKEN)
        } else {
            None
        }
    }
}

/// Frames that may be decoded late, when the model is soon ready for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patient {
    /// Live stills: nothing builds on one, and it may be decoded never.
    Still,
    /// Frames of files and uploads: none is ever too old.
    File,
}

impl Patient {
    /// None for a live camera's coded picture: later ones build on it.
    fn of(job: &Job) -> Option<Self> {
        match (job.is_live(), job.codec()) {
            (true, None) => Some(Self::Still),
            (true, Some(_)) => None,
            (false, _) => Some(Self::File),
        }
    }
}

/// One camera.
#[derive(Debug)]
pub(super) struct Lane {
    pub id: u64,
    pub camera: CameraId,
    pub partition: Partition,
    /// When it last had its turn at the model; the least is next.
    pub turn: u64,
    incoming: VecDeque<Job>,
    /// None while a thread decodes with it.
    decoder: Option<LaneDecoder>,
    ready: VecDeque<Ready>,
    /// Session and sequence of the newest frame.
    newest: Option<(u64, u64)>,
    /// The partition will soon be another worker's.
    withdrawn: bool,
}

impl Lane {
    pub fn new(first: &Job, model: Arc<Model>) -> Self {
        let decoder = LaneDecoder { frames: FrameDecoder::new(model), inside: HashMap::new() };
        Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            camera: first.key.camera.clone(),
            partition: first.ticket.partition().clone(),
            turn: 0,
            incoming: VecDeque::new(),
            decoder: Some(decoder),
            ready: VecDeque::new(),
            newest: None,
            withdrawn: false,
        }
    }

    pub fn offer(&mut self, job: Job, config: &QueueConfig, dropped: &mut Vec<Dropped>) -> Offered {
        let (session, sequence) = (job.key.session, job.key.sequence);
        match self.newest {
            Some((known, newest)) if known == session && sequence <= newest => {
                dropped.push(Dropped::new(job, metrics::DUPLICATE));
                return Offered::Duplicate;
            }
            Some((known, newest)) => {
                let expected = if known == session { newest + 1 } else { 0 };
                self.count_gap(sequence - expected, job.frame.dropped_before);
            }
            // Where a session is joined in the middle, what came before was another worker's.
            None => {}
        }
        self.newest = Some((session, sequence));
        let live = job.is_live();
        self.incoming.push_back(job);
        if live {
            self.make_room(config, dropped);
            Offered::Queued
        } else if self.incoming.len() >= config.file_frames {
            Offered::Full
        } else {
            Offered::Queued
        }
    }

    fn count_gap(&self, missing: u64, known: u32) {
        let unexplained = missing.saturating_sub(u64::from(known));
        if unexplained > 0 {
            metrics::SEQUENCE_GAPS.with_label_values(&[self.camera.as_str()]).inc_by(unexplained);
        }
    }

    /// Freshest first. Pictures that build on earlier ones go together, up to where a decoder can start again.
    fn make_room(&mut self, config: &QueueConfig, dropped: &mut Vec<Dropped>) {
        let coded = self.incoming.iter().any(|job| job.codec().is_some());
        let limit = if coded { config.coded_pictures } else { config.live_frames };
        if self.incoming.len() <= limit {
            return;
        }
        let keep_from = if coded {
            let last_key = self.incoming.iter().rposition(Job::is_key_frame).filter(|at| *at > 0);
            last_key.unwrap_or(self.incoming.len())
        } else {
            self.incoming.len() - limit
        };
        dropped.extend(self.incoming.drain(..keep_from).map(|job| Dropped::new(job, metrics::QUEUE_FULL)));
    }

    /// Decoded frames of the kind that wait for the model.
    pub fn ahead(&self, kind: Patient) -> usize {
        self.ready.iter().filter(|ready| Patient::of(&ready.job) == Some(kind)).count()
    }

    /// Of which kind its next frame is; none where it must be decoded at once, or there is none.
    pub fn next_patient(&self) -> Option<Patient> {
        self.incoming.front().and_then(Patient::of)
    }

    /// The next frame for a decoder, if there is one and its turn has come.
    pub fn start_decoding(&mut self, config: &QueueConfig, dropped: &mut Vec<Dropped>) -> Option<(Job, LaneDecoder)> {
        self.decoder.as_ref()?;
        let mut freshness = Freshness::new(config);
        loop {
            let next = self.incoming.front()?;
            let live = next.is_live();
            let limit = if live { READY_LIVE } else { READY_FILE };
            // A live camera's coded pictures are always decoded: later ones build on them, and the pictures can be dropped.
            let always = live && next.codec().is_some();
            if self.ready.len() >= limit && !always {
                return None;
            }
            let job = self.incoming.pop_front()?;
            if live && job.codec().is_none() {
                let newer = self.incoming.front().is_some_and(Job::is_live);
                if let Some(reason) = freshness.outdated(&job, job.received, newer) {
                    dropped.push(Dropped::new(job, reason));
                    continue;
                }
            }
            return Some((job, self.decoder.take()?));
        }
    }

    /// Takes a started frame back, as if it had not been taken.
    #[cfg(test)]
    pub fn undo_start(&mut self, job: Job, decoder: LaneDecoder) {
        self.incoming.push_front(job);
        self.decoder = Some(decoder);
    }

    /// Takes a decoder back with what it gave. Returns what is left to the partition's next owner.
    pub fn finish_decoding(
        &mut self,
        decoder: LaneDecoder,
        ready: Vec<Ready>,
        config: &QueueConfig,
        dropped: &mut Vec<Dropped>,
    ) -> Vec<Job> {
        self.decoder = Some(decoder);
        for ready in ready {
            let live = ready.job.is_live();
            self.ready.push_back(ready);
            while live && self.ready.len() > config.live_frames {
                let oldest = self.ready.pop_front().expect("longer than the limit");
                dropped.push(Dropped::new(oldest.job, metrics::QUEUE_FULL));
            }
        }
        if self.withdrawn { self.withdraw() } else { Vec::new() }
    }

    pub fn take_ready(&mut self, config: &QueueConfig, dropped: &mut Vec<Dropped>) -> Option<Ready> {
        let mut freshness = Freshness::new(config);
        loop {
            let ready = self.ready.pop_front()?;
            if ready.job.is_live() {
                let since = ready.seen.as_ref().map_or(ready.job.received, |seen| seen.since);
                let newer = self.ready.front().is_some_and(|next| next.job.is_live());
                if let Some(reason) = freshness.outdated(&ready.job, since, newer) {
                    dropped.push(Dropped::new(ready.job, reason));
                    continue;
                }
            }
            return Some(ready);
        }
    }

    /// Whether a file's queue is short enough for its partition to be read again.
    pub fn is_below_half(&self, config: &QueueConfig) -> bool {
        self.incoming.len() <= config.file_frames / 2 || self.incoming.front().is_some_and(Job::is_live)
    }

    /// Whether somebody who waits for room should look.
    pub fn has_room(&self) -> bool {
        self.incoming.front().is_none_or(|job| !job.is_live())
    }

    /// No frame waits for a decoder or is being decoded.
    pub fn is_idle(&self) -> bool {
        self.incoming.is_empty() && self.decoder.is_some()
    }

    /// No frame waits at all.
    pub fn is_empty(&self) -> bool {
        self.is_idle() && self.ready.is_empty()
    }

    pub fn note_waiting(&self) {
        let waiting = self.incoming.len() + self.ready.len();
        metrics::WAITING.with_label_values(&[self.camera.as_str()]).set(waiting as i64);
    }

    /// The frames that nobody has begun to decode, and those inside the decoder: these come out only when others follow,
    /// and none will.
    pub fn withdraw(&mut self) -> Vec<Job> {
        self.withdrawn = true;
        let inside = self.decoder.iter_mut().flat_map(|decoder| decoder.inside.drain()).map(|(_, job)| job);
        let mut withdrawn: Vec<Job> = inside.collect();
        withdrawn.extend(self.incoming.drain(..));
        withdrawn
    }

    pub fn into_dropped(self) -> Vec<Dropped> {
        let inside = self.decoder.into_iter().flat_map(|decoder| decoder.inside.into_values());
        let jobs = self.incoming.into_iter().chain(self.ready.into_iter().map(|ready| ready.job)).chain(inside);
        jobs.map(|job| Dropped::new(job, metrics::REVOKED)).collect()
    }
}
