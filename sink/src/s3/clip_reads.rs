//! Reads the frames of clips from Kafka. A partition holds the frames of many cameras, and a broker cannot return those of one, so a read
//! covers as little time as possible, and serves all clips that overlap in it.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio_util::sync::CancellationToken;
use vru_proto::validate::read_frame;
use vru_runtime::kafka::{
    KafkaConfig, KafkaFailure, Partition, RangeReader, ReadKeys, Record, Visited, admin, partition_of,
};

use super::clip_frames::ClipFrames;
use super::clip_window::ClipWindow;
use super::config::ClipConfig;
use crate::error::SinkError;
use crate::metrics::{CLIP_READ_BYTES, CLIP_READS, S3_SINK};
use crate::supervise::blocking;

const METADATA_DEADLINE: Duration = Duration::from_secs(10);
/// Bounds one read, with all its requests to Kafka, besides the wait for late frames.
const READ_DEADLINE: Duration = Duration::from_mins(1);
/// How long a clip that could be read waits for others to share the read: what happens on a road raises several alerts.
const GATHER: Duration = Duration::from_secs(2);
/// Clips that share a read.
const MAX_CLIPS: usize = 16;
/// How far reading goes back at first, if it started too late. Each further step is twice as long.
const FIRST_STEP_US: i64 = 2_000_000;
/// A partition with at most this many records is read from its beginning if the start cannot be found by time: the embedded broker
/// cannot search by time.
const SMALL_PARTITION_RECORDS: i64 = 2_000;
/// The number of partitions changes rarely.
const COUNT_VALID_FOR: Duration = Duration::from_mins(1);

/// The frames of one clip. They are in memory, so their read's place is taken until the permit is dropped.
#[derive(Debug)]
pub(crate) struct HeldFrames {
    pub(super) frames: ClipFrames,
    pub(super) permit: Arc<OwnedSemaphorePermit>,
}

struct Request {
    id: u64,
    partition: Partition,
    window: ClipWindow,
    reply: oneshot::Sender<Result<HeldFrames, Arc<KafkaFailure>>>,
}

/// Reads for all clips of a consumer.
pub(crate) struct ClipReads {
    kafka: KafkaConfig,
    max_bytes: usize,
    slack: Duration,
    /// Clips whose frames should be in Kafka and that no read has taken.
    waiting: Mutex<Vec<Request>>,
    next_id: AtomicU64,
    /// Reads at a time, each with at most `max_bytes` of frames.
    reads: Arc<Semaphore>,
    /// By topic: its number of partitions, and since when it is known.
    partitions: Mutex<HashMap<String, (i32, Instant)>>,
    cancel: CancellationToken,
}

impl ClipReads {
    pub(crate) fn new(kafka: &KafkaConfig, config: &ClipConfig, cancel: CancellationToken) -> Self {
        Self {
            kafka: kafka.clone(),
            max_bytes: config.max_bytes,
            slack: config.slack,
            waiting: Mutex::default(),
            next_id: AtomicU64::new(0),
            reads: Arc::new(Semaphore::new(config.concurrency)),
            partitions: Mutex::default(),
            cancel,
        }
    }

    /// The frames of the window that Kafka holds.
    pub(crate) async fn frames(&self, window: &ClipWindow) -> Result<HeldFrames, SinkError> {
        loop {
            let partition = self.partition(window).await?;
            let id = self.next_id.fetch_add(1, Ordering::Relaxed);
            let (reply, mut answer) = oneshot::channel();
            self.waiting.lock().push(Request { id, partition, window: window.clone(), reply });
            let permit = tokio::select! {
                biased;
                // Another clip's read has included this one.
                answered = &mut answer => match answered {
                    Ok(answered) => return answered.map_err(SinkError::Shared),
                    // There was no room for it, or the read panicked.
                    Err(_) => continue,
                },
                permit = self.permit() => permit?,
            };
            if let Some(group) = self.take(id) {
                self.read(group, permit).await?;
            } else {
                drop(permit);
            }
            if let Ok(answered) = answer.await {
                return answered.map_err(SinkError::Shared);
            }
        }
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, SinkError> {
        tokio::time::sleep(GATHER).await;
        self.reads.clone().acquire_owned().await.map_err(|_| SinkError::MemberEnded)
    }

    async fn partition(&self, window: &ClipWindow) -> Result<Partition, SinkError> {
        let topic = self.kafka.topics().of_frames(window.delivery).to_owned();
        let known = self.partitions.lock().get(&topic).copied();
        let count = match known {
            Some((count, since)) if since.elapsed() < COUNT_VALID_FOR => count,
            _ => {
                let (kafka, name) = (self.kafka.clone(), topic.clone());
                let count = blocking(move || admin::partition_count(&kafka, &name, METADATA_DEADLINE)).await??;
                self.partitions.lock().insert(topic.clone(), (count, Instant::now()));
                count
            }
        };
        Ok(Partition::new(&topic, partition_of(window.camera.as_bytes(), count)))
    }

    /// Takes the request with those that it can share its read with; `None` if another read has taken it.
    fn take(&self, id: u64) -> Option<Vec<Request>> {
        let mut waiting = self.waiting.lock();
        waiting.retain(|request| !request.reply.is_closed());
        let position = waiting.iter().position(|request| request.id == id)?;
        let mut group = vec![waiting.remove(position)];
        let mut index = 0;
        while index < waiting.len() && group.len() < MAX_CLIPS {
            let candidate = &waiting[index];
            if candidate.partition == group[0].partition && candidate.window.overlaps(&group[0].window) {
                group.push(waiting.remove(index));
            } else {
                index += 1;
            }
        }
        Some(group)
    }

    /// Reads on a thread that may block, and answers the requests.
    async fn read(&self, group: Vec<Request>, permit: OwnedSemaphorePermit) -> Result<(), SinkError> {
        let (kafka, max_bytes, slack, cancel) = (self.kafka.clone(), self.max_bytes, self.slack, self.cancel.clone());
        blocking(move || {
            let windows = group.iter().map(|request| request.window.clone()).collect();
            let mut members = Members::new(windows, max_bytes);
            let partition = group[0].partition.clone();
            let read = GroupRead { kafka: &kafka, partition, slack, cancel: &cancel };
            let result = read.run(&mut members).map_err(Arc::new);
            let permit = Arc::new(permit);
            for (request, frames) in group.into_iter().zip(members.frames) {
                let answer = match (&result, frames) {
                    (Err(failure), _) => Err(failure.clone()),
                    (Ok(()), Some(frames)) => Ok(HeldFrames { frames, permit: permit.clone() }),
                    // There was no room. It asks again when it finds that nobody answers.
                    (Ok(()), None) => continue,
                };
                // Nobody waits for the answer if the sink is stopping.
                drop(request.reply.send(answer));
            }
        })
        .await
    }
}

/// The clips that share a read, with their frames; `None` for a clip that had to leave because there was no room.
struct Members {
    frames: Vec<Option<ClipFrames>>,
    max_bytes: usize,
}

impl Members {
    fn new(windows: Vec<ClipWindow>, max_bytes: usize) -> Self {
        let frames = windows.into_iter().map(|window| Some(ClipFrames::new(window, max_bytes))).collect();
        Self { frames, max_bytes }
    }

    fn present(&self) -> impl Iterator<Item = &ClipFrames> {
        self.frames.iter().flatten()
    }

    fn add(&mut self, record: Record) {
        let Some(Ok((key, frame))) = record.payload.map(read_frame) else { return };
        for frames in self.frames.iter_mut().flatten() {
            frames.add(&key, &frame);
        }
        self.make_room();
    }

    /// The last clips leave until the others have room. The first clip stays, because its own limit is the same.
    fn make_room(&mut self) {
        let mut bytes: usize = self.present().map(|frames| frames.bytes).sum();
        for frames in self.frames.iter_mut().skip(1).rev() {
            if bytes <= self.max_bytes {
                return;
            }
            if let Some(left) = frames.take() {
                bytes -= left.bytes;
            }
        }
    }

    /// Empty collectors for the records before those that were read, for the clips whose start was not found.
    fn earlier(&self) -> Self {
        let max_bytes = self.max_bytes;
        let earlier =
            |frames: &ClipFrames| (!frames.has_start).then(|| ClipFrames::new(frames.window.clone(), max_bytes));
        Self { frames: self.frames.iter().map(|frames| frames.as_ref().and_then(earlier)).collect(), max_bytes }
    }

    fn prepend(&mut self, earlier: Self) {
        for (frames, earlier) in self.frames.iter_mut().zip(earlier.frames) {
            match (frames.as_mut(), earlier) {
                (Some(frames), Some(earlier)) => frames.prepend(earlier),
                (Some(found), None) if !found.has_start => *frames = None,
                _ => {}
            }
        }
        self.make_room();
    }

    fn has_ends(&self) -> bool {
        self.present().all(|frames| frames.has_end)
    }

    /// Whether all frames of the windows precede a record with this Kafka timestamp.
    fn precede(&self, timestamp_ms: i64, slack: Duration) -> bool {
        let slack_us = slack.as_micros() as i64;
        self.present().filter(|frames| !frames.has_end).all(|frames| {
            frames.window.latest_us.is_some_and(|latest| timestamp_ms.saturating_mul(1_000) > latest + slack_us)
        })
    }
}

struct GroupRead<'a> {
    kafka: &'a KafkaConfig,
    partition: Partition,
    slack: Duration,
    cancel: &'a CancellationToken,
}

impl GroupRead<'_> {
    fn run(&self, members: &mut Members) -> Result<(), KafkaFailure> {
        let windows = || members.present().map(|frames| &frames.window);
        let cameras: BTreeSet<String> = windows().map(|window| window.camera.clone()).collect();
        let start_us = windows().map(|window| window.start_us).min().unwrap_or_default();
        let reader =
            RangeReader::open(self.kafka, "vru-sink-clip", self.partition.clone(), READ_DEADLINE + self.slack)?;
        let (low, high) = (reader.offsets().start, reader.offsets().end);
        let start = match reader.offset_at(start_us.max(0) / 1_000)? {
            Some(offset) => offset.max(low),
            // No record is that new, or the broker cannot search by time.
            None if high - low <= SMALL_PARTITION_RECORDS => low,
            None => high,
        };
        CLIP_READS.with_label_values(&[S3_SINK]).inc();
        let wanted = |key: &[u8]| std::str::from_utf8(key).is_ok_and(|key| cameras.contains(key));
        let read = |offsets, follow_until| ReadKeys { offsets, wanted: &wanted, follow_until, cancel: self.cancel };
        // The frames should be in Kafka already; late ones may arrive within the slack.
        let follow_until = Instant::now() + self.slack;
        let bytes = reader.read_keys(&read(start..i64::MAX, follow_until), |visited| {
            match visited {
                Visited::Wanted(record) => members.add(record),
                Visited::Other { timestamp_ms: Some(time) } if members.precede(time, self.slack) => {
                    return ControlFlow::Break(());
                }
                Visited::Other { .. } => {}
            }
            if members.has_ends() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        CLIP_READ_BYTES.with_label_values(&[S3_SINK]).inc_by(bytes);
        // Back from the start, in steps.
        let (mut end, mut end_us, mut step) = (start, start_us, FIRST_STEP_US);
        loop {
            let missing = members.present().filter(|frames| !frames.has_start).map(|frames| frames.window.earliest_us);
            let Some(earliest) = missing.min().filter(|earliest| *earliest < end_us && end > low) else {
                return Ok(());
            };
            let from_us = (end_us - step).max(earliest);
            let from = reader.offset_at(from_us.max(0) / 1_000)?.unwrap_or(end).clamp(low, end);
            let mut earlier = members.earlier();
            let bytes = reader.read_keys(&read(from..end, Instant::now()), |visited| {
                if let Visited::Wanted(record) = visited {
                    earlier.add(record);
                }
                ControlFlow::Continue(())
            })?;
            CLIP_READ_BYTES.with_label_values(&[S3_SINK]).inc_by(bytes);
            members.prepend(earlier);
            (end, end_us, step) = (from, from_us, step * 2);
        }
    }
}
