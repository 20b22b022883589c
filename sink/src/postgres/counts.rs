//! What this process has stored, for programs that run the sink in their own process.

use crate::metrics::{DUPLICATE_FRAMES, POSTGRES_SINK, STORED_FRAMES};

/// Frames since the process started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PostgresCounts {
    /// Frames that got a row.
    pub stored_frames: u64,
    /// Frames that were left out because they had a row.
    pub duplicate_frames: u64,
}

/// The counts of the PostgreSQL sink.
pub fn counts() -> PostgresCounts {
    PostgresCounts {
        stored_frames: STORED_FRAMES.with_label_values(&[POSTGRES_SINK]).get(),
        duplicate_frames: DUPLICATE_FRAMES.with_label_values(&[POSTGRES_SINK]).get(),
    }
}
