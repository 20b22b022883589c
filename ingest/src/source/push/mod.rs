//! Cameras that connect to us: an RTSP server that takes ANNOUNCE, SETUP (interleaved in the TCP connection only) and RECORD.
//!
//! It is our own rather than gst-rtsp-server because its answers matter: a path that no camera has is 404, wrong or missing
//! credentials are 401, a second publisher on a live path is 409, UDP is 461 (ffmpeg then asks for TCP; rtspclientsink
//! must be told `protocols=tcp`, as 1.22 goes on to multicast and gives up there);
//! sound is accepted and thrown away; and what a peer can make us keep in memory is bounded everywhere.
//!
//! ```text
//! server ─▶ connection (framing) ─▶ exchange (requests → answers) ─▶ Hub: path → camera
//!                │ RTP, RTCP                                             │
//!                └──────▶ packets with times ─▶ Publication ─────────────┴─▶ stream: appsrc ─▶ the usual branch
//! ```

mod auth;
mod connection;
mod exchange;
mod framing;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod hub;
mod ingress;
mod response;
mod rtp;
mod sdp;
mod server;

pub use hub::Hub;
pub use ingress::stream;
pub use server::{ServeError, serve};
