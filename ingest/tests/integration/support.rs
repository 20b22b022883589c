use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use vru_ingest::IngestConfig;
use vru_ingest::camera::{self, CameraContext};
use vru_ingest::publisher::{
    Behind, Consumed, Delivered, FramePublisher, LastPublished, PublishError, Published, Reply,
};
use vru_ingest::source::push::PathRegistry;
use vru_ingest::source::{HangLimits, PipelineShutdowns};
use vru_media::pipeline_set::PipelineSet;
use vru_proto::CameraId;
use vru_proto::v1::{CameraConfig, Encoding, FileFault, FilePosition, Frame, Output, camera_config};
use vru_runtime::kafka::TopicId;
use vru_runtime::metrics;
use vru_runtime::test_util::eventually;
use vru_storage::s3::Bucket;

/// How long a test waits for what must happen. It is long because the machine may be busy.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// A camera stops within 5 s: 3 s for its pipeline to shut down and 2 s to send its queue. The rest is for a busy machine.
const STOP_DEADLINE: Duration = Duration::from_secs(10);

/// More than all cameras of a test have in flight.
const MAX_ANSWERS: usize = 100_000;

/// The place of a position, which is not counted among the acknowledged frames.
const NOT_COUNTED: Delivered = Delivered { partition: 1, offset: 0 };

/// The consumer group that files wait for.
pub const GROUP: &str = "the-group";

/// Whether Kafka would refuse a frame.
pub type Refuses = fn(&Frame) -> bool;

/// Keeps frames in memory. While `down`, it acknowledges nothing; when it is up again, it acknowledges every frame, like a Kafka
/// that hung.
#[derive(Debug)]
pub struct MemoryPublisher {
    /// A thread answers. A task would be dropped by a runtime that ends, and its reply would come during `send`, which must not be.
    answers: std::sync::mpsc::SyncSender<(Reply, Delivered)>,
    pub frames: Mutex<Vec<Frame>>,
    /// The positions of files.
    pub positions: Mutex<Vec<FilePosition>>,
    /// What is wrong with files.
    pub faults: Mutex<Vec<FileFault>>,
    /// It refuses positions.
    pub refuses_positions: AtomicBool,
    /// How many frames it has acknowledged.
    acknowledged: Arc<AtomicI64>,
    pub down: watch::Sender<bool>,
    /// An acknowledgement was overdue.
    pub overdue: AtomicBool,
    /// The offset that the consumers have committed.
    pub committed: AtomicI64,
    /// Files wait for the consumers.
    pub has_consumers: AtomicBool,
    pub topic: Mutex<TopicId>,
    /// Frames that it refuses as too large.
    pub too_large: Mutex<Option<Refuses>>,
}

#[async_trait]
impl FramePublisher for MemoryPublisher {
    fn send(&self, frame: Frame, reply: Reply) -> Result<(), PublishError> {
        if self.too_large.lock().is_some_and(|too_large| too_large(&frame)) {
            reply.discard();
            return Err(PublishError::TooLarge { bytes: frame.payload.len() });
        }
        let mut frames = self.frames.lock();
        frames.push(frame);
        let delivered = Delivered { partition: 0, offset: frames.len() as i64 - 1 };
        self.answers.send((reply, delivered)).expect("the thread lives as long as the publisher");
        Ok(())
    }

    fn acknowledgement_is_overdue(&self) {
        self.overdue.store(true, Ordering::Relaxed);
    }

    async fn consumed(&self, _partition: i32) -> Result<Consumed, PublishError> {
        let has_committed = self.committed.load(Ordering::Relaxed) > 0;
        let behind = Some(Behind { group: GROUP.to_owned(), has_committed });
        let up_to = self.has_consumers.load(Ordering::Relaxed).then(|| self.committed.load(Ordering::Relaxed));
        Ok(Consumed { topic: *self.topic.lock(), up_to, behind })
    }

    async fn last_published(&self, camera: &CameraId, session: u64) -> Result<Published, PublishError> {
        let id = |frame: &Frame| frame.id.clone().unwrap_or_default();
        let mine = |frame: &Frame| id(frame).camera_id == camera.as_str() && id(frame).session == session;
        let last = self.frames.lock().iter().enumerate().rfind(|(_, frame)| mine(frame)).map(|(offset, frame)| {
            let is_recorded = self.positions.lock().iter().any(|position| position.frame_id == frame.id);
            let delivered = Delivered { partition: 0, offset: offset as i64 };
            let (sequence, end_of_stream) = (id(frame).sequence, frame.end_of_stream);
            LastPublished { sequence, end_of_stream, delivered, is_recorded }
        });
        Ok(Published { topic: *self.topic.lock(), last })
    }

    fn record(&self, position: FilePosition, reply: Reply) -> Result<(), PublishError> {
        if self.refuses_positions.load(Ordering::Relaxed) {
            reply.discard();
            return Err(PublishError::QueueFull);
        }
        let acknowledged = self.acknowledged.load(Ordering::Acquire);
        assert!(position.offset < acknowledged, "{position:?} is ahead of {acknowledged} acknowledged records");
        self.positions.lock().push(position);
        self.answers.send((reply, NOT_COUNTED)).expect("the thread lives as long as the publisher");
        Ok(())
    }

    fn report(&self, fault: FileFault, reply: Reply) -> Result<(), PublishError> {
        self.faults.lock().push(fault);
        self.answers.send((reply, NOT_COUNTED)).expect("the thread lives as long as the publisher");
        Ok(())
    }
}

impl Default for MemoryPublisher {
    fn default() -> Self {
        let (answers, pending) = std::sync::mpsc::sync_channel::<(Reply, Delivered)>(MAX_ANSWERS);
        let down = watch::Sender::default();
        let mut is_down = down.subscribe();
        let acknowledged = Arc::new(AtomicI64::default());
        let count = acknowledged.clone();
        std::thread::spawn(move || {
            for (reply, delivered) in pending {
                let up = futures::executor::block_on(is_down.wait_for(|down| !down)).is_ok();
                count.fetch_add(i64::from(delivered != NOT_COUNTED), Ordering::Release);
                reply.send(if up { Ok(delivered) } else { Err(PublishError::Closed) });
            }
        });
        Self {
            answers,
            frames: Mutex::default(),
            positions: Mutex::default(),
            faults: Mutex::default(),
            refuses_positions: AtomicBool::default(),
            acknowledged,
            down,
            overdue: AtomicBool::default(),
            committed: AtomicI64::default(),
            has_consumers: AtomicBool::default(),
            topic: Mutex::default(),
            too_large: Mutex::default(),
        }
    }
}

impl MemoryPublisher {
    pub fn count(&self) -> usize {
        self.frames.lock().len()
    }

    pub fn all(&self) -> Vec<Frame> {
        self.frames.lock().clone()
    }

    /// Waits until it has `count` frames.
    pub async fn wait(&self, count: usize) {
        eventually(DEADLINE, &format!("{count} frames"), async || {
            let have = self.count();
            if have >= count { Ok(()) } else { Err(format!("{have} frames")) }
        })
        .await;
    }
}

/// Runs cameras that publish to memory.
pub struct Rig {
    pub publisher: Arc<MemoryPublisher>,
    pub push_paths: Arc<PathRegistry>,
    pub config: Arc<IngestConfig>,
    pub stop: CancellationToken,
    /// Where files are that are objects.
    pub objects: Option<Bucket>,
}

impl Rig {
    pub fn new(config: IngestConfig) -> Self {
        vru_media::init().unwrap();
        Self {
            publisher: Arc::default(),
            push_paths: Arc::new(PathRegistry::default()),
            config: Arc::new(config),
            stop: CancellationToken::new(),
            objects: None,
        }
    }

    /// Starts the camera.
    pub fn run(&self, id: &str, source: camera_config::Source, output: Output) -> JoinHandle<()> {
        self.run_until(id, source, output, self.stop.clone())
    }

    /// Like [`Rig::run`], with its own stop token.
    pub fn run_until(
        &self,
        id: &str,
        source: camera_config::Source,
        output: Output,
        stop: CancellationToken,
    ) -> JoinHandle<()> {
        let context = context(self.config.clone(), self.publisher.clone(), self.push_paths.clone());
        run_camera(id, source, output, CameraContext { objects: self.objects.clone(), ..context }, stop)
    }

    /// Stops the camera and returns its frames.
    pub async fn finish(self, task: JoinHandle<()>) -> Vec<Frame> {
        self.stop.cancel();
        tokio::time::timeout(STOP_DEADLINE, task).await.expect("the camera stops in time").unwrap();
        self.publisher.all()
    }
}

/// What cameras run with, without a bucket.
pub fn context(
    config: Arc<IngestConfig>,
    publisher: Arc<dyn FramePublisher>,
    push_paths: Arc<PathRegistry>,
) -> CameraContext {
    let shutdowns = PipelineShutdowns::new(
        HangLimits::default(),
        vru_runtime::admin::Readiness::default().part("pipelines"),
        vru_runtime::failure::Failure::default(),
    );
    let pipelines = Arc::new(PipelineSet::embedded());
    CameraContext { shutdowns, config, publisher, push_paths, pipelines, objects: None }
}

/// Runs a camera until it is stopped.
pub fn run_camera(
    id: &str,
    source: camera_config::Source,
    output: Output,
    context: CameraContext,
    stop: CancellationToken,
) -> JoinHandle<()> {
    let id: CameraId = id.parse().unwrap();
    let camera = CameraConfig {
        id: id.to_string(),
        enabled: true,
        source: Some(source),
        output: Some(output),
        ..CameraConfig::default()
    };
    tokio::spawn(camera::run(id, Arc::new(camera), context, stop))
}

/// Settings that notice faults soon and reconnect soon. On a busy machine a healthy camera may pause for a second or two, so
/// the stall timeout is longer, and the queue holds many frames where drops are not what a test is about.
pub fn quick() -> IngestConfig {
    let mut config = IngestConfig::default();
    config.live.queue_frames = 1_000;
    config.live.stall_timeout = Duration::from_secs(5);
    config.live.backoff.initial = Duration::from_millis(50);
    config.live.backoff.max = Duration::from_millis(200);
    config.pull.open_timeout = Duration::from_secs(5);
    config.pull.allow_this_host = true;
    config.pull.login_backoff_initial = Duration::from_millis(100);
    config.pull.login_backoff_max = Duration::from_millis(200);
    config
}

/// The sessions in the frames, each with its number of frames. Sequence numbers must have no gaps.
pub fn sessions(frames: &[Frame]) -> Vec<(u64, u64)> {
    let mut sessions: Vec<(u64, u64)> = Vec::new();
    for frame in frames {
        let id = frame.id.clone().unwrap();
        match sessions.last_mut() {
            Some((session, count)) if *session == id.session => {
                assert_eq!(id.sequence, *count, "a gap in session {session}");
                *count += 1;
            }
            before => {
                assert!(before.is_none_or(|(session, _)| *session < id.session), "sessions go back");
                assert_eq!(id.sequence, 0, "a session does not begin at 0");
                sessions.push((id.session, 1));
            }
        }
    }
    sessions
}

/// The frames of one camera, in the order in which they were sent.
pub fn frames_of(publisher: &MemoryPublisher, camera: &str) -> Vec<Frame> {
    let mut frames = publisher.all();
    frames.retain(|frame| frame.id.as_ref().is_some_and(|id| id.camera_id == camera));
    frames
}

/// Checks that every frame of a stopped camera is accounted for: gaps in the sequence are drops that were counted and reported.
/// Returns the number of sessions.
pub fn assert_accounted_for(camera: &str, frames: &[Frame]) -> usize {
    let mut sessions: Vec<(u64, u64)> = Vec::new();
    let mut missing = 0;
    for frame in frames {
        let id = frame.id.clone().unwrap();
        let expected = match sessions.last() {
            Some((session, next)) if *session == id.session => *next,
            before => {
                assert!(before.is_none_or(|(session, _)| *session < id.session), "{camera}: sessions go back");
                sessions.push((id.session, 0));
                0
            }
        };
        assert!(id.sequence >= expected, "{camera}: {} after {expected}", id.sequence);
        missing += id.sequence - expected;
        sessions.last_mut().unwrap().1 = id.sequence + 1;
    }
    let reported: u64 = frames.iter().map(|frame| u64::from(frame.dropped_before)).sum();
    let dropped = metrics::counter_sum("ingest_dropped_frames_total", |labels| labels.contains(&("camera", camera)));
    let received = vru_ingest::metrics::RECEIVED.with_label_values(&[camera]).get();
    let consistent = reported >= missing && reported <= dropped;
    assert!(consistent, "{camera}: {missing} frames are missing, {reported} reported, {dropped} counted");
    assert_eq!(received, frames.len() as u64 + dropped, "{camera}: frames are unaccounted for");
    sessions.len()
}

/// The part of a payload that the picture is decoded from: with H.264, from the first slice on. The units before it may be missing
/// in the first picture, because packets lost before the first received one leave no gap in the sequence numbers.
pub fn slices(encoding: Encoding, payload: &Bytes) -> Bytes {
    let is_slice = |part: &[u8]| part[..3] == [0, 0, 1] && matches!(part[3] & 0x1f, 1 | 5);
    match encoding {
        Encoding::H264 => payload.slice(payload.windows(4).position(is_slice).expect("a slice")..),
        _ => payload.clone(),
    }
}

/// Frames per second by capture time.
pub fn rate(frames: &[Frame]) -> f64 {
    let span = frames.last().unwrap().captured_at_us - frames[0].captured_at_us;
    (frames.len() - 1) as f64 * 1e6 / span as f64
}
