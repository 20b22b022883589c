//! Which pictures are wanted: at most so many a second, evenly spaced by their own times.

/// Picks pictures by their time stamps. The long-run rate is never above the target.
///
/// A picture may come early by half the time between the camera's own pictures, for then it is the nearest to when one was
/// due; so 10 of 10.01 frames a second do not become 5, and jitter costs nothing.
#[derive(Debug)]
pub struct Sampler {
    // All in nanoseconds.
    interval: u64,
    /// When the next picture is due.
    due: Option<u64>,
    last: Option<u64>,
    /// Time between the camera's pictures, smoothed.
    gap: Option<u64>,
}

impl Sampler {
    /// At most `max_fps` pictures a second; all when it is not above 0.
    pub fn new(max_fps: f64) -> Self {
        let interval = if max_fps > 0.0 { (1e9 / max_fps) as u64 } else { 0 };
        Self { interval, due: None, last: None, gap: None }
    }

    /// Whether the picture with this time is wanted. Times may jump: both ways the next picture is taken and counting starts
    /// from it.
    pub fn wants(&mut self, time_ns: u64) -> bool {
        if self.interval == 0 {
            return true;
        }
        let early_ns = self.early(time_ns);
        match self.due {
            // A little back is a reordered picture, far back another time.
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

    /// By how much this picture may be early.
    fn early(&mut self, time_ns: u64) -> u64 {
        let gap = self.last.replace(time_ns).and_then(|last| time_ns.checked_sub(last));
        if let Some(gap) = gap.filter(|gap| *gap > 0 && *gap < self.interval * 4) {
            self.gap = Some(self.gap.map_or(gap, |smoothed| (smoothed * 7 + gap) / 8));
        }
        self.gap.unwrap_or(0).min(self.interval) / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(max_fps: f64, fps: f64, seconds: f64) -> usize {
        let mut sampler = Sampler::new(max_fps);
        (0..(fps * seconds) as u64).filter(|index| sampler.wants((*index as f64 * 1e9 / fps) as u64)).count()
    }

    #[test]
    fn rates_are_met_whatever_the_camera_sends() {
        for (max_fps, fps, expected) in [
            (10.0, 30.0, 1_000),
            (10.0, 25.0, 1_000),
            (10.0, 10.0, 1_000),
            (10.0, 10.01, 1_000),
            (10.0, 12.5, 1_000),
            (2.5, 30.0, 250),
        ] {
            let count = taken(max_fps, fps, 100.0);
            assert!(count.abs_diff(expected) <= 2, "{fps} → {max_fps}: {count}");
        }
        assert_eq!(taken(10.0, 5.0, 100.0), 500);
        assert_eq!(taken(0.0, 30.0, 10.0), 300);
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
    fn after_a_jump_in_time_pictures_go_on() {
        let mut sampler = Sampler::new(10.0);
        let second = 1_000_000_000;
        assert!(sampler.wants(3_600 * second));
        assert!(sampler.wants(5 * second), "back");
        assert!(!sampler.wants(5 * second + 30_000_000));
        assert!(sampler.wants(9_000 * second), "forth");
        assert!(!sampler.wants(9_000 * second + 30_000_000), "no burst to catch up");
    }
}
