//! The parsers of the push server and of pulled cameras, for `fuzz/`. Only with the feature `fuzzing`, which no service uses.

pub use crate::source::pull::fuzzing::{Linked, link};
pub use crate::source::push::fuzzing::{Served, announcement, authorization, decoded_path, packet_times, serve};
