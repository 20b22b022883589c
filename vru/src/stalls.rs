//! Which stage stands still although it has work.

use std::time::{Duration, Instant};

use crate::counts::PipelineCounts;

/// A stage that has finished nothing for so long is named.
const NAMED_AFTER: Duration = Duration::from_secs(5);

/// Watches the stages.
#[derive(Debug, Default)]
pub struct Stalls {
    inference: Stage,
    rows: Stage,
}

#[derive(Debug, Default)]
struct Stage {
    finished: u64,
    since: Option<Instant>,
}

impl Stage {
    /// How long the stage has had work and finished nothing, if that is long.
    fn stands_still(&mut self, now: Instant, finished: u64, waiting: u64) -> Option<u64> {
        if waiting == 0 || finished != self.finished {
            (self.finished, self.since) = (finished, None);
            return None;
        }
        let still = now.duration_since(*self.since.get_or_insert(now));
        (still >= NAMED_AFTER).then_some(still.as_secs())
    }
}

impl Stalls {
    /// Adds a reading. Returns what stands still, in words.
    pub fn update(&mut self, now: Instant, counts: &PipelineCounts) -> Vec<String> {
        let total = counts.total();
        let mut stalls = Vec::new();
        let settled = total.settled();
        let waiting = total.published.saturating_sub(settled);
        if let Some(seconds) = self.inference.stands_still(now, settled, waiting) {
            stalls.push(format!("{waiting} frames wait for inference, which has finished none for {seconds} s"));
        }
        let stored = counts.stored_frames + counts.known_frames;
        let waiting = total.inferred.saturating_sub(stored);
        if let Some(seconds) = self.rows.stands_still(now, stored, waiting) {
            stalls.push(format!("{waiting} frames wait for PostgreSQL, which has stored none for {seconds} s"));
        }
        stalls
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counts::CameraCounts;

    fn counts(published: u64, inferred: u64, stored_frames: u64) -> PipelineCounts {
        let camera = CameraCounts { published, inferred, ..CameraCounts::default() };
        PipelineCounts { cameras: [("a".to_owned(), camera)].into(), stored_frames, ..PipelineCounts::default() }
    }

    #[test]
    fn a_stage_with_work_that_finishes_nothing_is_named_until_it_moves() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut stalls = Stalls::default();
        let stages =
            |stalls: Vec<String>| -> Vec<bool> { stalls.iter().map(|text| text.contains("inference")).collect() };
        assert!(stalls.update(at(0), &counts(10, 4, 4)).is_empty());
        assert!(stalls.update(at(4), &counts(10, 4, 4)).is_empty());
        assert_eq!(stages(stalls.update(at(9), &counts(10, 4, 4))), [true]);
        assert!(stalls.update(at(10), &counts(10, 5, 4)).is_empty(), "it moves");
        assert!(stalls.update(at(11), &counts(10, 10, 4)).is_empty());
        assert!(stalls.update(at(14), &counts(10, 10, 4)).is_empty());
        assert_eq!(stages(stalls.update(at(17), &counts(10, 10, 4))), [false], "rows are missing now");
        assert!(stalls.update(at(60), &counts(10, 10, 10)).is_empty(), "without work nothing stands still");
        assert!(stalls.update(at(120), &counts(10, 10, 10)).is_empty());
    }
}
