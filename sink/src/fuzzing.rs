//! The private parser of what subscribers send, for `fuzz/`. Feature `fuzzing`; no service uses it.

pub use crate::alerts::fuzzing::{decode_token, encode_token};
