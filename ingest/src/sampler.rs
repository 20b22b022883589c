//! Selects at most `max_fps` pictures a second, evenly spaced by their time stamps.

mod reordered;

use reordered::Reordered;

/// Selects pictures by their time stamps. The long-run rate is never above the target.
///
/// A picture is selected if it is early by no more than half the interval between the camera's own pictures, because it is then
/// the nearest one to the due time. So a camera with 10.01 frames a second does not drop to 5 with `max_fps = 10`, and jitter
/// costs no pictures.
#[derive(Debug)]
pub struct Sampler {
    // All in nanoseconds.
    interval: u64,
    /// When the next picture is due.
    due: Option<u64>,
    last: Option<u64>,
    /// Smoothed interval between the camera's pictures.
    camera_interval: Option<u64>,
    reordered: Reordered,
}

impl Sampler {
    /// With `max_fps` of 0 or less, every picture is selected.
    pub fn new(max_fps: f64) -> Self {
        let interval = if max_fps > 0.0 { (1e9 / max_fps) as u64 } else { 0 };
        Self { interval, due: None, last: None, camera_interval: None, reordered: Reordered::new(interval) }
    }

    /// Whether to keep the picture with this time stamp. After a jump in time, forwards or backwards, the next picture is
    /// kept and the schedule starts from it.
    pub fn wants(&mut self, time_ns: u64) -> bool {
        if self.interval == 0 {
            return true;
        }
        if self.reordered.sees(time_ns) {
            return self.reordered.wants(time_ns);
        }
        let wanted = self.wants_in_order(time_ns);
        if wanted {
            self.reordered.keep(time_ns);
        }
        wanted
    }

    fn wants_in_order(&mut self, time_ns: u64) -> bool {
        let early_ns = self.allowed_early(time_ns);
        match self.due {
            // A small step back is a reordered picture, a large one is a jump in time.
            Some(due) if time_ns + early_ns < due && due - time_ns <= self.interval * 4 => false,
            Some(due) if time_ns + early_ns >= due && time_ns < due + self.interval => {
                self.due = Some(due + self.interval);
                true
            }
            _ => {
                self.due = Some(time_ns + self.interval);
                true
            }
        }
    }

    /// By how much this picture may come before the due time.
    fn allowed_early(&mut self, time_ns: u64) -> u64 {
        let gap = self.last.replace(time_ns).and_then(|last| time_ns.checked_sub(last));
        if let Some(gap) = gap.filter(|gap| *gap > 0 && *gap < self.interval * 4) {
            self.camera_interval = Some(self.camera_interval.map_or(gap, |smoothed| (smoothed * 7 + gap) / 8));
        }
        self.camera_interval.unwrap_or(0).min(self.interval) / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(max_fps: f64, fps: f64, seconds: f64) -> usize {
        let mut sampler = Sampler::new(max_fps);
        (0..(fps * seconds) as u64).filter(|index| sampler.wants((*index as f64 * 1e9 / fps) as u64)).count()
    }

    #[test]
    fn the_target_rate_is_met_at_any_camera_rate() {
        for (max_fps, fps, expected) in [
            (10.0, 30.0, 1_000),
            (10.0, 25.0, 1_000),
            (10.0, 10.0, 1_000),
            (10.0, 10.01, 1_000),
            (10.0, 12.5, 1_000),
            (2.5, 30.0, 250),
        ] {
            let count = selected(max_fps, fps, 100.0);
            assert!(count.abs_diff(expected) <= 2, "{fps} → {max_fps}: {count}");
        }
        assert_eq!(selected(10.0, 5.0, 100.0), 500);
        assert_eq!(selected(0.0, 30.0, 10.0), 300);
    }

    #[test]
    fn jitter_does_not_halve_the_rate() {
        let mut sampler = Sampler::new(10.0);
        let jitter = [0, 15, -15, 8, -20, 20, -3];
        let count = (1..=700_i64)
            .filter(|index| sampler.wants(((index * 100 + jitter[*index as usize % 7]) * 1_000_000) as u64))
            .count();
        assert!(count >= 690, "{count}");
    }

    #[test]
    fn sampling_goes_on_after_a_jump_in_time() {
        let mut sampler = Sampler::new(10.0);
        let second = 1_000_000_000;
        assert!(sampler.wants(3_600 * second));
        assert!(sampler.wants(5 * second), "backwards");
        assert!(!sampler.wants(5 * second + 30_000_000));
        assert!(sampler.wants(9_000 * second), "forwards");
        assert!(!sampler.wants(9_000 * second + 30_000_000), "it must not catch up in a burst");
    }
}
