use std::time::Instant;

/// How many messages a client may send at once, and then in a second.
const BURST: f64 = 20.0;
const PER_SECOND: f64 = 2.0;

/// Bounds how often a client says what it watches.
#[derive(Debug)]
pub(super) struct Bucket {
    left: f64,
    at: Instant,
}

impl Bucket {
    pub(super) fn new() -> Self {
        Self { left: BURST, at: Instant::now() }
    }

    /// False if there were too many.
    pub(super) fn take(&mut self) -> bool {
        let now = Instant::now();
        self.left = (self.left + now.duration_since(self.at).as_secs_f64() * PER_SECOND).min(BURST);
        self.at = now;
        self.left -= 1.0;
        self.left >= 0.0
    }
}
