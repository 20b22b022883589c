//! Ingest with real cameras: gst-rtsp-server in this process, ffmpeg and rtspclientsink as others. Frames stay in memory but
//! for `kafka`, which has a real broker.

#![expect(clippy::unwrap_used, reason = "a test stops where its world is broken")]

mod camera_faults;
mod file;
mod kafka;
mod publisher_faults;
mod pull;
mod push;
mod recordings;
mod scripted;
mod support;
