//! Frames from Kafka onto the board, and offsets back.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use vru_proto::validate::{self, ReadError};
use vru_proto::{FrameKey, v1};
use vru_runtime::kafka::{
    Assignment, Committer, ConsumerOptions, Event, GroupConsumer, KafkaConfig, KafkaFailure, Partition, Record,
    Revocation,
};
use vru_runtime::{report, trace};

use crate::analyst::ToAnalyst;
use crate::board::{Board, Offered};
use crate::config::QueueConfig;
use crate::frame::Job;
use crate::history;
use crate::metrics::{ASSIGNED, ERRORS, PAUSED, RECEIVED};
use crate::offsets::{Coded, Offsets};
use crate::publisher::{Outbox, Reject};

/// A commit follows the drain within the rebalance.
const COMMIT_TIME: Duration = Duration::from_secs(3);

/// What the consumer works with.
pub struct ConsumerContext {
    /// Where frames come from.
    pub kafka: KafkaConfig,
    /// The consumer group.
    pub group: String,
    /// How long to drain, how often to commit.
    pub queue: QueueConfig,
    /// Takes the frames.
    pub board: Arc<Board>,
    /// Knows what may be committed.
    pub offsets: Arc<Offsets>,
    /// Takes what cannot be read.
    pub outbox: Outbox,
    /// Told whose cameras come and go.
    pub analyst: mpsc::Sender<ToAnalyst>,
    /// When to stop.
    pub soft: CancellationToken,
}

/// The service's member of the group.
pub struct Consumer {
    cx: ConsumerContext,
    group: GroupConsumer,
    held: HashSet<Partition>,
}

impl Consumer {
    /// Joins the group.
    pub fn start(cx: ConsumerContext) -> Result<Self, KafkaFailure> {
        let topics = cx.kafka.topics();
        let mut options = ConsumerOptions::new(&cx.group, &[&topics.frames]);
        options.rebalance_deadline = cx.queue.revoke_deadline + COMMIT_TIME;
        let group = GroupConsumer::start(&cx.kafka, &options)?;
        Ok(Self { cx, group, held: HashSet::new() })
    }

    /// Commits as the member that it is.
    pub fn committer(&self) -> Committer {
        self.group.committer()
    }

    /// Until asked to stop: then takes nothing new, finishes what was taken, commits, and leaves the group.
    pub async fn run(mut self) {
        let mut commit = tokio::time::interval(self.cx.queue.commit_every);
        commit.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let soft = self.cx.soft.clone();
        let mut stopping = false;
        loop {
            tokio::select! {
                () = soft.cancelled(), if !stopping => {
                    stopping = true;
                    self.group.stop();
                }
                event = self.group.next() => match event {
                    None => break,
                    Some(Event::Assigned(assignment)) => self.assigned(&assignment).await,
                    Some(Event::Revoked(revocation)) => self.revoked(revocation).await,
                    // What was read ahead and not looked at is read again by whoever comes next.
                    Some(Event::Record(_)) if stopping => {}
                    Some(Event::Record(record)) => self.record(record).await,
                },
                _ = commit.tick() => self.commit(None, false).await,
                () = self.cx.board.room() => self.release(),
            }
        }
        // Leaving the group joins a thread.
        if tokio::task::spawn_blocking(move || drop(self.group)).await.is_err() {
            tracing::error!("leaving the group panicked");
        }
    }

    async fn assigned(&mut self, assignment: &Assignment) {
        for partition in &assignment.partitions {
            self.cx.offsets.assigned(partition);
        }
        let history = history::read(&self.cx.kafka, &assignment.partitions, self.cx.queue.lookback_frames).await;
        self.tell(ToAnalyst::History(history)).await;
        for partition in &assignment.partitions {
            ASSIGNED.with_label_values(&[&partition.topic]).inc();
        }
    }

    async fn revoked(&mut self, revocation: Revocation) {
        let partitions = revocation.partitions.clone();
        self.cx.board.withdraw(&partitions);
        if !revocation.lost {
            if !self.cx.offsets.drained(&partitions, self.cx.queue.revoke_deadline).await {
                let open = self.cx.offsets.open(&partitions);
                tracing::warn!(open, "partitions are given up before all their frames are done");
            }
            self.commit(Some(&partitions), true).await;
        }
        self.cx.offsets.revoked(&partitions);
        for partition in &partitions {
            ASSIGNED.with_label_values(&[&partition.topic]).dec();
        }
        let cameras = self.cx.board.forget(&partitions);
        self.tell(ToAnalyst::Forget(cameras)).await;
        self.held.retain(|partition| !partitions.contains(partition));
        self.note_held();
        // The rebalance goes on when this is dropped.
        drop(revocation);
    }

    async fn record(&mut self, record: Record) {
        let Some(ticket) = self.cx.offsets.register(&record.partition, record.offset) else {
            tracing::debug!(partition = %record.partition, "record of a partition that is not ours");
            return;
        };
        let (key, frame) = match read(&record) {
            Ok(read) => read,
            Err(reason) => {
                ERRORS.with_label_values(&["read_frame"]).inc();
                self.cx.outbox.reject(Reject { record, ticket, kind: "unreadable", reason }).await;
                return;
            }
        };
        RECEIVED.with_label_values(&[key.camera.as_str()]).inc();
        if matches!(frame.encoding(), v1::Encoding::H264 | v1::Encoding::H265) {
            let (camera, key_frame, end_of_stream) = (key.camera.clone(), frame.key_frame, frame.end_of_stream);
            self.cx.offsets.coded(&ticket, Coded { camera, key_frame, end_of_stream });
        }
        let span = tracing::debug_span!("infer_frame", frame = %key);
        trace::set_parent(&span, record.traceparent());
        let partition = record.partition.clone();
        let job = Job { frame, key, ticket, record, received: Instant::now(), span };
        if self.cx.board.offer(job) == Offered::Full {
            self.hold(partition);
        }
    }

    /// A file's queue is full: its partition waits, the others go on. What is on its way already, at most the channel's
    /// length, is still taken in.
    fn hold(&mut self, partition: Partition) {
        if self.held.contains(&partition) {
            return;
        }
        match self.group.hold(&partition) {
            Ok(()) => {
                self.held.insert(partition);
                self.note_held();
            }
            // Without the pause more is taken in than wanted, until the next frame tries again.
            Err(error) => tracing::warn!(error = %report::chain(&error), "cannot hold a partition back"),
        }
    }

    fn release(&mut self) {
        let ready: Vec<Partition> = self.held.iter().filter(|held| self.cx.board.has_room(held)).cloned().collect();
        for partition in ready {
            match self.group.release(&partition) {
                Ok(()) => {
                    self.held.remove(&partition);
                }
                Err(error) => tracing::warn!(error = %report::chain(&error), "cannot read on"),
            }
        }
        self.note_held();
    }

    async fn commit(&mut self, of: Option<&[Partition]>, wait: bool) {
        // Also a moment to look whether there is room: a wake-up that came while nobody waited is made up for.
        if !self.held.is_empty() {
            self.release();
        }
        let next = self.cx.offsets.take_committable(of);
        if next.is_empty() {
            return;
        }
        let committer = self.group.committer();
        let given = next.clone();
        let committed = if wait {
            let commit = tokio::task::spawn_blocking(move || committer.commit(&given, true));
            let Ok(Ok(result)) = tokio::time::timeout(COMMIT_TIME, commit).await else {
                tracing::warn!("a commit was not answered in time; its frames will be seen again");
                return;
            };
            result
        } else {
            committer.commit(&given, false)
        };
        if let Err(error) = committed {
            ERRORS.with_label_values(&["commit"]).inc();
            tracing::warn!(error = %report::chain(&error), "a commit failed; its frames may be seen again");
            self.cx.offsets.uncommitted(&next);
        }
    }

    async fn tell(&self, event: ToAnalyst) {
        if self.cx.analyst.send(event).await.is_err() {
            tracing::debug!("the analyst has ended");
        }
    }

    fn note_held(&self) {
        PAUSED.with_label_values(&[self.cx.kafka.topics().frames.as_str()]).set(self.held.len() as i64);
    }
}

fn read(record: &Record) -> Result<(FrameKey, v1::Frame), String> {
    let payload = record.payload.clone().ok_or("the record has no payload")?;
    let (key, frame) = validate::read_frame(payload).map_err(|error: ReadError| report::chain(&error).to_string())?;
    // The key decides the partition: a camera under another key would have two orders.
    match &record.key {
        Some(given) if given.as_ref() != key.camera.as_str().as_bytes() => {
            Err(format!("the record's key is not its camera, {}", key.camera))
        }
        _ => Ok((key, frame)),
    }
}
