//! Reads frames from Kafka, validates them, hands them to the scheduler, and commits offsets. Each topic of frames has a member of the group
//! of its own: one that reads both would get its share of all partitions together, perhaps those of one topic only.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use prost::Message as _;
use tokio_util::sync::CancellationToken;
use vru_proto::validate::{self, ReadError};
use vru_proto::{CameraId, FrameKey, v1};
use vru_runtime::kafka::{
    Assignment, ConsumerOptions, Event, GroupConsumer, KafkaConfig, KafkaFailure, Partition, Record, Revocation, Topics,
};
use vru_runtime::{report, trace};

use crate::analyst::{FramesForAnalysis, Known};
use crate::config::QueueConfig;
use crate::counts;
use crate::feed::{Feed, FeedKind};
use crate::frame::FrameJob;
use crate::history;
use crate::known_cameras::KnownCameras;
use crate::lease::Member;
use crate::metrics::{ASSIGNED, ERRORS, PAUSED, RECEIVED, UNREADABLE, count_dropped};
use crate::offsets::{GopInfo, Offsets};
use crate::presence::Presence;
use crate::publisher::{PublisherHandle, RejectedRecord};
use crate::scheduler::{Admission, FrameScheduler};
use crate::silence::LeftAlerts;

/// How long the commit at the end of a revocation may take. It comes on top of `queue.revoke_deadline`.
const COMMIT_DEADLINE: Duration = Duration::from_secs(3);
/// How often state and metrics of cameras that are gone are removed.
const SWEEP_INTERVAL: Duration = Duration::from_secs(10);
/// A camera whose last frame came so long ago, and which is configured no more or was moved, is forgotten. Prometheus must read the last
/// counts before, and a scrape may fail.
const GONE_AFTER: Duration = Duration::from_mins(10);
/// How many cameras without a configuration are remembered.
const MAX_WITHOUT_CONFIGURATION: usize = 10_000;

/// What a [`FrameConsumer`] works with.
#[derive(Clone)]
pub struct FrameConsumerContext {
    /// Which frames are read.
    pub kind: FeedKind,
    pub kafka: KafkaConfig,
    /// The consumer group.
    pub group: String,
    pub queue: QueueConfig,
    pub scheduler: Arc<FrameScheduler>,
    pub offsets: Arc<Offsets>,
    /// Receives the records that cannot be read.
    pub publisher: PublisherHandle,
    /// Is told the published history of assigned partitions, and the cameras of revoked ones.
    pub analysis: Arc<FramesForAnalysis>,
    /// Is told the alerts that go on in assigned partitions.
    pub left: LeftAlerts,
    /// The cameras whose rules are known.
    pub cameras: KnownCameras,
    /// The cameras that frames came of.
    pub presence: Arc<Presence>,
    /// Cancelled when the consumer must stop.
    pub soft: CancellationToken,
}

/// The service's member of the consumer group for one topic of frames.
pub struct FrameConsumer {
    cx: FrameConsumerContext,
    topics: Topics,
    group: GroupConsumer,
    assigned: Vec<Partition>,
    /// Partitions that are paused because the queue of a file is full.
    paused: HashSet<Partition>,
    /// Cameras that have no configuration.
    without_configuration: HashSet<CameraId>,
    /// By camera: frames before its next one that became dead letters.
    unreadable: HashMap<CameraId, u32>,
}

impl FrameConsumer {
    /// Joins the group.
    pub fn start(cx: FrameConsumerContext) -> Result<Self, KafkaFailure> {
        let topics = cx.kafka.topics();
        let mut options = ConsumerOptions::new(&cx.group, &[cx.kind.topic(&topics)]);
        options.rebalance_deadline = cx.queue.revoke_deadline + COMMIT_DEADLINE;
        let group = GroupConsumer::start(&cx.kafka, &options)?;
        Ok(Self {
            cx,
            topics,
            group,
            assigned: Vec::new(),
            paused: HashSet::new(),
            without_configuration: HashSet::new(),
            unreadable: HashMap::new(),
        })
    }

    /// This group member, for the lease.
    pub fn member(&self) -> Member {
        Member { topic: self.cx.kind.topic(&self.topics).to_owned(), committer: self.group.committer() }
    }

    /// Runs until the soft stop. Then it takes no new frames, waits for those in progress, commits, and leaves the group. An error if the
    /// member ends without being stopped.
    pub async fn run(mut self) -> anyhow::Result<()> {
        let mut commit = tokio::time::interval(self.cx.queue.commit_every);
        commit.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut sweep = tokio::time::interval(SWEEP_INTERVAL);
        sweep.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let soft = self.cx.soft.clone();
        let mut stopping = false;
        loop {
            tokio::select! {
                () = soft.cancelled(), if !stopping => {
                    stopping = true;
                    self.group.stop();
                }
                event = self.group.next() => match event {
                    None if stopping => break,
                    None => anyhow::bail!("the member of the consumer group ended"),
                    Some(Event::Assigned(assignment)) => self.take_over(&assignment).await,
                    Some(Event::Revoked(revocation)) => self.give_back(revocation).await,
                    // Fetched, but not started: the next owner of the partition reads it again.
                    Some(Event::Record(_)) if stopping => {}
                    Some(Event::Record(record)) => self.record(record).await,
                },
                _ = commit.tick() => {
                    let assigned = self.assigned.clone();
                    self.commit(&assigned, false).await;
                }
                _ = sweep.tick() => self.forget_absent(),
                () = self.cx.scheduler.room_freed(), if self.cx.kind == FeedKind::File => self.resume(),
            }
        }
        // Leaving the group joins a thread, which blocks.
        if tokio::task::spawn_blocking(move || drop(self.group)).await.is_err() {
            tracing::error!("leaving the consumer group panicked");
        }
        Ok(())
    }

    async fn take_over(&mut self, assignment: &Assignment) {
        self.assigned.extend(assignment.partitions.iter().cloned());
        for partition in &assignment.partitions {
            self.cx.offsets.assigned(partition);
        }
        let (history, marks) =
            history::read(&self.cx.kafka, &assignment.partitions, self.cx.queue.lookback_frames).await;
        for (feed, published) in history {
            self.cx.analysis.know(&feed, Known::History(published));
        }
        // Frames do not wait for it.
        let (partitions, offsets) = (assignment.partitions.clone(), self.cx.offsets.clone());
        tokio::spawn(self.cx.left.clone().look(self.cx.kafka.clone(), partitions, marks, offsets));
        for partition in &assignment.partitions {
            ASSIGNED.with_label_values(&[&partition.topic]).inc();
        }
    }

    async fn give_back(&mut self, revocation: Revocation) {
        let partitions = revocation.partitions.clone();
        // Frames of a deleted topic have no next owner that would read them again.
        if !revocation.recreated {
            self.cx.scheduler.abandon_unstarted(&partitions);
        }
        if !revocation.lost {
            if !self.cx.offsets.drained(&partitions, self.cx.queue.revoke_deadline).await {
                let in_progress = self.cx.offsets.in_progress(&partitions);
                tracing::warn!(in_progress, "partitions revoked before all their frames were complete");
            }
            self.commit(&partitions, true).await;
        }
        self.assigned.retain(|partition| !partitions.contains(partition));
        self.cx.offsets.revoked(&partitions);
        for partition in &partitions {
            ASSIGNED.with_label_values(&[&partition.topic]).dec();
        }
        let feeds = self.cx.scheduler.remove_feeds(&partitions);
        self.cx.presence.moved(feeds.iter().map(|feed| feed.camera.clone()));
        self.cx.analysis.forget(&feeds);
        self.paused.retain(|partition| !partitions.contains(partition));
        self.update_paused_metric();
        // Dropping the revocation lets the rebalance continue.
        drop(revocation);
    }

    async fn record(&mut self, record: Record) {
        let Some(ticket) = self.cx.offsets.register(&record.partition, record.offset) else {
            tracing::debug!(partition = %record.partition, "record of a partition that is not assigned");
            return;
        };
        let (key, mut frame) = match read(&record, &self.topics) {
            Ok(read) => read,
            Err(reason) => {
                ERRORS.with_label_values(&["read_frame"]).inc();
                self.count_unreadable(&record);
                self.cx.publisher.reject(RejectedRecord { record, ticket, kind: "unreadable", reason }).await;
                return;
            }
        };
        if !self.learn_configuration(&key.camera).await {
            return self.cx.offsets.abandon(&ticket);
        }
        if let Some(unreadable) = self.unreadable.remove(&key.camera) {
            // Their gap in the sequence is counted already.
            frame.dropped_before = frame.dropped_before.saturating_add(unreadable);
        }
        RECEIVED.with_label_values(&[key.camera.as_str()]).inc();
        self.cx.presence.saw(&key.camera);
        if matches!(frame.encoding(), v1::Encoding::H264 | v1::Encoding::H265) {
            let (camera, key_frame, end_of_stream) = (key.camera.clone(), frame.key_frame, frame.end_of_stream);
            self.cx.offsets.set_gop(&ticket, GopInfo { camera, key_frame, end_of_stream });
        }
        let span = tracing::debug_span!("infer_frame", frame = %key);
        trace::set_parent(&span, record.traceparent());
        let partition = record.partition.clone();
        let job = FrameJob { frame, key, ticket, record, received_at: Instant::now(), span };
        if self.cx.scheduler.enqueue(job) == Admission::QueuedNowFull {
            self.pause(partition);
        }
    }

    /// Counts a dead letter as a drop of its camera. Only of cameras that exist: anybody's key must not become a label.
    fn count_unreadable(&mut self, record: &Record) {
        // Bytes that are no frame at all did not come from ingest, and are in no account.
        let frame = record.payload.clone().and_then(|payload| v1::Frame::decode(payload).ok());
        let Some(id) = frame.and_then(|frame| frame.id) else { return };
        let Ok(camera) = id.camera_id.parse::<CameraId>() else { return };
        if record.key.as_deref() == Some(camera.as_str().as_bytes()) && self.cx.cameras.contains(&camera) {
            count_dropped(camera.as_str(), UNREADABLE, 1);
            self.cx.presence.saw_unreadable(&camera);
            *self.unreadable.entry(camera).or_default() += 1;
        }
    }

    /// Forgets cameras that were removed, or moved to another worker a while ago: their state and their metrics.
    fn forget_absent(&mut self) {
        let presence = &self.cx.presence;
        self.without_configuration.retain(|camera| presence.has(camera));
        if self.cx.kind != FeedKind::Live {
            // Once for both kinds.
            return;
        }
        let gone = presence.gone(GONE_AFTER, |camera| self.cx.cameras.contains(camera));
        let gone = self.cx.scheduler.remove_idle(&gone);
        if !gone.is_empty() {
            tracing::info!(cameras = gone.len(), "cameras that were removed are forgotten");
            presence.forget(&gone);
            self.cx.analysis.forget(&gone.iter().flat_map(Feed::all_of).collect::<Vec<_>>());
            counts::forget(&gone.iter().map(CameraId::to_string).collect());
        }
    }

    /// Makes sure that the camera's rules are known before its first frame is analysed: the configuration comes on another topic than the
    /// frames, and may be later. A camera may have none. False if stopped before: the next owner reads the frame again.
    async fn learn_configuration(&mut self, camera: &CameraId) -> bool {
        if self.cx.cameras.contains(camera) {
            self.without_configuration.remove(camera);
            return true;
        }
        if self.without_configuration.contains(camera) {
            return true;
        }
        tokio::select! {
            () = self.cx.cameras.refresh() => {}
            () = self.cx.soft.cancelled() => return false,
        }
        if !self.cx.cameras.contains(camera) {
            if self.without_configuration.len() >= MAX_WITHOUT_CONFIGURATION {
                self.without_configuration.clear();
            }
            tracing::info!(camera = %camera, "the camera has no configuration: its frames are analysed without rules");
            self.without_configuration.insert(camera.clone());
        }
        true
    }

    /// Pauses a partition because the queue of a file is full; the other partitions continue. The records that still come
    /// after the pause ([`GroupConsumer::pause`] bounds their number) are enqueued all the same.
    fn pause(&mut self, partition: Partition) {
        if self.paused.contains(&partition) {
            return;
        }
        self.group.pause(&partition);
        self.paused.insert(partition);
        self.update_paused_metric();
    }

    /// Resumes the paused partitions whose files have room again.
    fn resume(&mut self) {
        let with_room: Vec<Partition> =
            self.paused.iter().filter(|paused| self.cx.scheduler.may_resume(paused)).cloned().collect();
        for partition in with_room {
            self.group.resume(&partition);
            self.paused.remove(&partition);
        }
        self.update_paused_metric();
    }

    async fn commit(&mut self, of: &[Partition], wait: bool) {
        // Also a fallback for a wake-up from the scheduler that came while nothing waited for it.
        if !self.paused.is_empty() {
            self.resume();
        }
        let next = self.cx.offsets.take_committable(Some(of));
        if next.is_empty() {
            return;
        }
        let committer = self.group.committer();
        let offsets = next.clone();
        let committed = if wait {
            let commit = tokio::task::spawn_blocking(move || committer.commit(&offsets, true));
            let Ok(Ok(result)) = tokio::time::timeout(COMMIT_DEADLINE, commit).await else {
                tracing::warn!("commit timed out, its frames will be read again");
                return;
            };
            result
        } else {
            committer.commit(&offsets, false)
        };
        if let Err(error) = committed {
            ERRORS.with_label_values(&["commit"]).inc();
            tracing::warn!(error = %report::chain(&error), "commit failed, its frames may be read again");
            self.cx.offsets.commit_failed(&next);
        }
    }

    fn update_paused_metric(&self) {
        PAUSED.with_label_values(&[self.cx.kind.topic(&self.topics)]).set(self.paused.len() as i64);
    }
}

fn read(record: &Record, topics: &Topics) -> Result<(FrameKey, v1::Frame), String> {
    let payload = record.payload.clone().ok_or("the record has no payload")?;
    let (key, frame) = validate::read_frame(payload).map_err(|error: ReadError| report::chain(&error).to_string())?;
    // The key decides the partition. Under another key, the frames of one camera would be in two partitions and in no
    // defined order.
    match &record.key {
        Some(given) if given.as_ref() != key.camera.as_str().as_bytes() => {
            return Err(format!("the record's key is not its camera, {}", key.camera));
        }
        _ => {}
    }
    // A file waits for its consumers, so its partition is paused: no live frame may be in it.
    let topic = topics.of_frames(frame.delivery());
    if *record.partition.topic != *topic {
        return Err(format!(
            "a frame with the delivery {} belongs on the topic {topic}",
            frame.delivery().as_str_name()
        ));
    }
    Ok((key, frame))
}
