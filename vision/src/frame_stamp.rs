//! Identifies a frame within its session.

/// Which frame of the session, and when it was captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameStamp {
    pub sequence: u64,
    /// In microseconds.
    pub captured_at_us: i64,
}
