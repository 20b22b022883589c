use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::Mutex;
use vru_proto::v1::{Delivery, Encoding, Frame};
use vru_proto::{CameraId, FrameKey};
use vru_runtime::clock;

use crate::metrics;
use crate::queue::LiveQueue;
use crate::timeline::Timeline;

/// What leaves a live pipeline.
#[derive(Debug)]
pub struct Picture {
    /// Stream time.
    pub pts_ns: u64,
    /// JPEG or access unit.
    pub payload: Bytes,
    /// Which of the two.
    pub encoding: Encoding,
    /// Pixels of the payload's picture.
    pub size: (u32, u32),
    /// Pixels of the camera's picture.
    pub source_size: (u32, u32),
    /// A decoder can start here.
    pub key_frame: bool,
    /// Not only for decoding.
    pub analyse: bool,
}

/// The end of a live connection's pipeline: gives each picture its identity and its times, and puts it into the queue.
#[derive(Debug)]
pub struct Outlet {
    camera: CameraId,
    session: u64,
    queue: Arc<LiveQueue>,
    timeline: Mutex<Timeline>,
    state: Mutex<State>,
    opened: Instant,
}

#[derive(Debug, Default)]
struct State {
    sequence: u64,
    last: Option<Instant>,
}

impl Outlet {
    /// The outlet of one connection.
    pub fn new(camera: CameraId, session: u64, queue: Arc<LiveQueue>, clock_tolerance: Duration) -> Self {
        Self {
            camera,
            session,
            queue,
            timeline: Mutex::new(Timeline::new(clock_tolerance)),
            state: Mutex::default(),
            opened: Instant::now(),
        }
    }

    /// Which camera.
    pub fn camera(&self) -> &CameraId {
        &self.camera
    }

    /// Notes a packet that came in, see [`Timeline::packet`].
    pub fn packet(&self, pts_ns: u64, camera_us: Option<i64>) {
        let jump = self.timeline.lock().packet(pts_ns, clock::now_us(), camera_us);
        if let Some(by_us) = jump {
            let name = self.camera.as_str();
            metrics::CLOCK_JUMPS.with_label_values(&[name]).inc();
            // The stream's own time goes on, so nobody behind us sees it.
            let seconds = by_us as f64 / 1e6;
            tracing::warn!(camera = name, session = self.session, seconds, "the camera's clock was set in mid-stream");
        }
    }

    /// How many pictures came.
    pub fn pictures(&self) -> u64 {
        self.state.lock().sequence
    }

    /// How long nothing has come: since the last picture, or since the connection was begun.
    pub fn silence(&self) -> Duration {
        self.state.lock().last.unwrap_or(self.opened).elapsed()
    }

    /// Takes a picture; never waits.
    pub fn picture(&self, picture: Picture) {
        let now_us = clock::now_us();
        let capture = self.timeline.lock().capture(picture.pts_ns, now_us);
        let mut state = self.state.lock();
        let key = FrameKey { camera: self.camera.clone(), session: self.session, sequence: state.sequence };
        state.sequence += 1;
        state.last = Some(Instant::now());
        let first = state.sequence == 1;
        drop(state);
        let name = self.camera.as_str();
        metrics::RECEIVED.with_label_values(&[name]).inc();
        if first {
            metrics::SESSIONS.with_label_values(&[name]).inc();
            metrics::CONNECTED.with_label_values(&[name]).set(1);
            // This is GStreamer's thread: the camera's span is not here.
            tracing::info!(
                camera = name,
                session = self.session,
                encoding = picture.encoding.as_str_name(),
                width = picture.source_size.0,
                height = picture.source_size.1,
                "frames flow"
            );
        }
        self.queue.push(Frame {
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
        });
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        metrics::CONNECTED.with_label_values(&[self.camera.as_str()]).set(0);
    }
}
