//! A camera session: one connection of a live camera. Its number is part of the identity of the connection's frames.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::Mutex;
use vru_media::Orientation;
use vru_proto::v1::{Delivery, Encoding, Frame};
use vru_proto::{CameraId, FrameKey};
use vru_runtime::clock;

use super::facts::Facts;
use super::unconverted::Notices;
use crate::live_sender::LiveSender;
use crate::metrics;
use crate::timeline::Timeline;

/// Numbers the sessions of one camera. Each number is larger than the one before, even when the clock was set back.
#[derive(Debug, Default)]
pub struct SessionIds {
    last: Option<u64>,
}

impl SessionIds {
    pub fn allocate(&mut self) -> u64 {
        let id = clock::now_us().unsigned_abs().max(self.last.unwrap_or(0) + 1);
        self.last = Some(id);
        id
    }

    pub fn last(&self) -> Option<u64> {
        self.last
    }
}

/// A picture at the end of a live pipeline.
#[derive(Debug)]
pub struct EncodedPicture {
    /// Stream time.
    pub pts_ns: u64,
    /// A JPEG or an access unit.
    pub payload: Bytes,
    pub encoding: Encoding,
    /// Width and height of the picture in the payload.
    pub size: (u32, u32),
    /// Width and height of the camera's picture as a person sees it.
    pub source_size: (u32, u32),
    /// A decoder can start with this picture.
    pub key_frame: bool,
    /// False for an access unit that is published only because later units need it for decoding.
    pub analyse: bool,
    /// How the picture in the payload must be turned.
    pub orientation: Orientation,
}

/// Where the pictures of a connection go.
pub trait FrameSink: std::fmt::Debug + Send + Sync {
    /// The first picture of the connection follows.
    fn opened(&self, session: u64);

    /// Takes a picture; never waits.
    fn push(&self, frame: Frame);

    /// The connection has ended.
    fn closed(&self, session: u64);
}

/// The way of a watched camera: to Kafka, and counted.
impl FrameSink for Arc<LiveSender> {
    fn opened(&self, session: u64) {
        metrics::SESSIONS.with_label_values(&[self.camera().as_str()]).inc();
        metrics::connected(self.camera().as_str(), session);
    }

    fn push(&self, frame: Frame) {
        metrics::RECEIVED.with_label_values(&[self.camera().as_str()]).inc();
        LiveSender::push(self, frame);
    }

    fn closed(&self, session: u64) {
        metrics::disconnected(self.camera().as_str(), session);
    }
}

/// Gives the pictures of one connection their identities and times, and passes them on.
#[derive(Debug)]
pub struct CameraSession {
    camera: CameraId,
    id: u64,
    sink: Box<dyn FrameSink>,
    facts: Arc<Facts>,
    timeline: Mutex<Timeline>,
    progress: Mutex<Progress>,
    opened: Instant,
    waits_for_key_frame: AtomicBool,
    notices: Arc<Notices>,
}

#[derive(Debug, Default)]
struct Progress {
    next_sequence: u64,
    last_picture: Option<Instant>,
}

impl CameraSession {
    pub fn new(camera: CameraId, id: u64, sink: impl FrameSink + 'static, clock_tolerance: Duration) -> Self {
        Self {
            notices: Arc::new(Notices::new(camera.clone(), id)),
            camera,
            id,
            sink: Box::new(sink),
            facts: Arc::default(),
            timeline: Mutex::new(Timeline::new(clock_tolerance)),
            progress: Mutex::default(),
            opened: Instant::now(),
            waits_for_key_frame: AtomicBool::new(false),
        }
    }

    pub fn camera(&self) -> &CameraId {
        &self.camera
    }

    pub fn id(&self) -> u64 {
        self.id
    }

    /// What the connection has shown of the camera.
    pub fn facts(&self) -> Arc<Facts> {
        self.facts.clone()
    }

    pub(super) fn notices(&self) -> Arc<Notices> {
        self.notices.clone()
    }

    /// Records an incoming packet with its arrival time, see [`Timeline::record_packet`].
    pub fn record_packet(&self, pts_ns: u64, camera_us: Option<i64>) {
        let now_us = clock::now_us();
        self.facts.packet(pts_ns, now_us, camera_us);
        let news = self.timeline.lock().record_packet(pts_ns, now_us, camera_us);
        let camera = self.camera.as_str();
        if let Some(by_us) = news.set_by_us {
            metrics::CLOCK_JUMPS.with_label_values(&[camera]).inc();
            // Capture times still follow the stream time, so the jump is not visible downstream.
            let seconds = by_us as f64 / 1e6;
            tracing::warn!(camera, session = self.id, seconds, "the camera's clock was set during the connection");
        }
        if let Some(by_us) = news.ahead_by_us {
            metrics::IMPOSSIBLE_TIMES.with_label_values(&[camera]).inc();
            let seconds = by_us as f64 / 1e6;
            tracing::debug!(
                camera,
                session = self.id,
                seconds,
                "the camera's clock is ahead: its times were corrected"
            );
        }
    }

    /// Records that the stream's RTP clock is not the same any more. Capture times follow arrivals until the next sender report.
    pub fn record_restart(&self) {
        let camera = self.camera.as_str();
        metrics::RTP_RESTARTS.with_label_values(&[camera]).inc();
        tracing::warn!(
            camera,
            session = self.id,
            "the camera's RTP clock jumped: its mapping to the wall clock starts again"
        );
    }

    /// Whether packets were lost, and no picture can be decoded before the next key frame.
    pub fn set_waits_for_key_frame(&self, waits: bool) {
        self.waits_for_key_frame.store(waits, Ordering::Relaxed);
    }

    pub fn waits_for_key_frame(&self) -> bool {
        self.waits_for_key_frame.load(Ordering::Relaxed)
    }

    /// The number of pictures so far.
    pub fn pictures(&self) -> u64 {
        self.progress.lock().next_sequence
    }

    /// Time since the last picture, or since the session was opened.
    pub fn silence(&self) -> Duration {
        self.progress.lock().last_picture.unwrap_or(self.opened).elapsed()
    }

    /// Sends a picture; never waits.
    pub fn add_picture(&self, picture: EncodedPicture) {
        let now_us = clock::now_us();
        let capture = self.timeline.lock().capture(picture.pts_ns, now_us);
        let mut progress = self.progress.lock();
        let sequence = progress.next_sequence;
        progress.next_sequence += 1;
        progress.last_picture = Some(Instant::now());
        drop(progress);
        let key = FrameKey { camera: self.camera.clone(), session: self.id, sequence };
        let camera = self.camera.as_str();
        if sequence == 0 {
            self.sink.opened(self.id);
            // GStreamer's thread is outside of the camera's span, so the fields name the camera.
            tracing::info!(
                camera,
                session = self.id,
                encoding = picture.encoding.as_str_name(),
                width = picture.source_size.0,
                height = picture.source_size.1,
                "first frame received"
            );
        }
        self.sink.push(Frame {
            id: Some((&key).into()),
            captured_at_us: capture.at_us,
            clock_source: capture.clock as i32,
            ingested_at_us: now_us,
            width: picture.size.0,
            height: picture.size.1,
            source_width: picture.source_size.0,
            source_height: picture.source_size.1,
            encoding: picture.encoding as i32,
            key_frame: picture.key_frame,
            delivery: Delivery::Live as i32,
            dropped_before: 0,
            end_of_stream: false,
            analyse: picture.analyse,
            payload: picture.payload,
            orientation: i32::from(picture.orientation.number()),
            // RTP has no container.
            container_colours: None,
        });
    }
}

impl Drop for CameraSession {
    fn drop(&mut self) {
        self.sink.closed(self.id);
    }
}
