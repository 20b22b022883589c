//! Cameras that connect to ingest: an RTSP server that accepts ANNOUNCE, SETUP (interleaved in the TCP connection only) and
//! RECORD. Such a camera is called a publisher here, as in RTSP.
//!
//! The server is our own instead of gst-rtsp-server because its responses matter. Who has not logged in gets 401, whether the path is
//! a camera's or not; a second publisher on a path in use gets 409, and UDP gets 461 (ffmpeg then asks for TCP; rtspclientsink must
//! be given `protocols=tcp`, because version 1.22 asks for multicast next and then gives up). Audio is accepted and discarded.
//!
//! Anyone can connect, so what a peer can do before it sends is bounded: the time, the requests and bytes, the connections of an
//! address, and the attempts to log in across connections. A connection reserves its path no sooner than RECORD. What is refused is
//! counted by reason, and logged at a limited rate without anything that the peer has chosen.
//!
//! ```text
//! server (Admission) ─▶ connection (framing) ─▶ RequestHandler: request → response ─▶ PathRegistry: path → camera, LoginThrottle
//!                           │ RTP, RTCP                                                  │
//!                           └──────▶ packets with times ─▶ Publication ──────────────────┴─▶ stream: appsrc ─▶ RtpBranch
//! ```

mod address;
mod admission;
mod auth;
mod authorization;
mod claims;
mod connection;
mod door;
mod framing;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod password;
mod path;
mod path_registry;
mod receive;
mod refusal;
mod request_handler;
mod response;
mod rtp;
mod sdp;
mod server;
mod throttle;
mod track;

pub use path_registry::PathRegistry;
pub use receive::stream;
pub use server::{ServeError, serve};
