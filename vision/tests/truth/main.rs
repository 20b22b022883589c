//! The truth suite of the pure parts: inputs whose right answer is known.

#![expect(clippy::unwrap_used, reason = "a failure here fails the test")]

mod crowd;
mod layouts;
mod metrics;
mod rules;
mod tracking;
