//! Ingest with real cameras: gst-rtsp-server in this process, ffmpeg and rtspclientsink in processes of their own. Frames are
//! published to memory, except in `kafka`, `positions…` and `camera_tests`, which use a real broker.

#![expect(clippy::unwrap_used, reason = "a test fails where its environment does")]

mod camera_faults;
mod camera_tests;
mod dialogues;
mod file;
mod file_faults;
mod intra_refresh;
mod kafka;
mod objects;
mod positions;
mod positions_read;
mod pull;
mod pull_changes;
mod pull_jpeg;
mod pull_keep_alive;
mod pull_login;
mod pull_secrets;
mod pull_sources;
mod pull_times;
mod pull_tls;
mod push;
mod push_attacks;
mod push_client;
mod push_faults;
mod recordings;
mod scripted;
mod support;
