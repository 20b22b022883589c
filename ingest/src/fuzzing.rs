//! The parsers of what pushing cameras send, for `fuzz/`. Feature `fuzzing`; no service uses it.

pub use crate::source::push::fuzzing::{Served, announcement, packet_times, serve};
