//! Ingest with real cameras: gst-rtsp-server in this process, ffmpeg and rtspclientsink as others. Frames stay in memory but
//! for `kafka`, which has a real broker.

#![expect(clippy::unwrap_used, reason = "a test stops where its world is broken")]

mod file;
mod kafka;
mod pull;
mod push;
mod support;
