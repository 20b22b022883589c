//! Cameras that connect to ingest: an RTSP server that accepts ANNOUNCE, SETUP (interleaved in the TCP connection only) and
//! RECORD. Such a camera is called a publisher here, as in RTSP.
//!
//! The server is our own instead of gst-rtsp-server because its responses matter. A path that no camera has gets 404, wrong or
//! missing credentials get 401, a second publisher on a path in use gets 409, and UDP gets 461 (ffmpeg then asks for TCP;
//! rtspclientsink must be given `protocols=tcp`, because version 1.22 asks for multicast next and then gives up). Audio is
//! accepted and discarded. The memory that a peer can make the server use is bounded everywhere.
//!
//! ```text
//! server ─▶ connection (framing) ─▶ RequestHandler (request → response) ─▶ PathRegistry: path → camera
//!                │ RTP, RTCP                                                  │
//!                └──────▶ packets with times ─▶ Publication ──────────────────┴─▶ stream: appsrc ─▶ RtpBranch
//! ```

mod auth;
mod connection;
mod framing;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod path_registry;
mod receive;
mod request_handler;
mod response;
mod rtp;
mod sdp;
mod server;

pub use path_registry::PathRegistry;
pub use receive::stream;
pub use server::{ServeError, serve};
