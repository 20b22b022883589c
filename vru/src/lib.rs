//! The all-in-one command: every service in one process on embedded servers (`vru demo`, `vru up`), and the same detection,
//! tracking and rules offline on a video file (`vru analyse`).
//!
//! - [`demo`], [`up`]: the commands; [`run`] holds what both share;
//! - [`stack`]: all services, started from the sink upstream and stopped from the source downstream;
//! - [`embedded`]: broker, database, object store and cameras in this process or as its children;
//! - [`known_cameras`]: which cameras there are;
//! - [`status`]: counts, rates and troubles of the run, from [`counts`], [`rates`], [`subscriber`] and [`latency`]; [`stalls`] tells which
//!   stage stands still;
//! - [`display`] shows it on the terminal; [`annotate`] draws on pictures;
//! - [`account`]: what became of every frame, printed at the end;
//! - [`data`]: the data folder; [`certificate`]: the one that `vru up` makes for HTTPS; [`config`]: the configuration of `vru up`;
//! - [`analyse`]: a video file, offline; [`evaluate`]: tracks against ground truth.

pub mod account;
pub mod analyse;
pub mod annotate;
pub mod certificate;
pub mod config;
pub mod counts;
pub mod data;
pub mod demo;
pub mod display;
pub mod embedded;
pub mod evaluate;
pub mod known_cameras;
pub mod latency;
pub mod rates;
pub mod run;
pub mod stack;
pub mod stalls;
pub mod status;
pub mod subscriber;
pub mod up;
