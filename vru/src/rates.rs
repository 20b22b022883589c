//! Frames per second of each camera, from successive readings of the counts.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::counts::PipelineCounts;

/// Readings that are closer together are skipped: they hold too few frames.
const LEAST_SECONDS: f64 = 0.5;
/// Share of a new value in the smoothed one. A second holds few frames: without smoothing the number jumps.
const SMOOTHING: f64 = 0.4;

/// The current rates.
#[derive(Debug, Default)]
pub struct Rates {
    last: Option<(Instant, PipelineCounts)>,
    rates: BTreeMap<String, Rate>,
}

/// Frames per second.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize)]
pub struct Rate {
    /// Into ingest.
    pub fps_in: f64,
    /// Out of inference.
    pub fps_out: f64,
}

impl Rates {
    /// Adds a reading. A reading less than half a second after the last one is ignored.
    pub fn update(&mut self, now: Instant, counts: &PipelineCounts) {
        let Some((then, last)) = &self.last else {
            self.last = Some((now, counts.clone()));
            return;
        };
        let seconds = now.duration_since(*then).as_secs_f64();
        if seconds < LEAST_SECONDS {
            return;
        }
        for (camera, new) in &counts.cameras {
            let old = last.cameras.get(camera).cloned().unwrap_or_default();
            let per_second = |new: u64, old: u64| new.saturating_sub(old) as f64 / seconds;
            let fps_in = per_second(new.frames_in, old.frames_in);
            let fps_out = per_second(new.inferred, old.inferred);
            let rate = self.rates.entry(camera.clone()).or_insert(Rate { fps_in, fps_out });
            rate.fps_in += (fps_in - rate.fps_in) * SMOOTHING;
            rate.fps_out += (fps_out - rate.fps_out) * SMOOTHING;
        }
        self.rates.retain(|camera, _| counts.cameras.contains_key(camera));
        self.last = Some((now, counts.clone()));
    }

    /// The rate of one camera; zero when it has sent nothing.
    pub fn of(&self, camera: &str) -> Rate {
        self.rates.get(camera).copied().unwrap_or_default()
    }

    /// The sum over all cameras.
    pub fn total(&self) -> Rate {
        self.rates.values().fold(Rate::default(), |sum, rate| Rate {
            fps_in: sum.fps_in + rate.fps_in,
            fps_out: sum.fps_out + rate.fps_out,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::counts::CameraCounts;

    #[test]
    fn rates_come_from_two_readings() {
        let counts = |frames_in, inferred| {
            let camera = CameraCounts { frames_in, inferred, ..CameraCounts::default() };
            PipelineCounts { cameras: [("gate".to_owned(), camera)].into(), ..PipelineCounts::default() }
        };
        let start = Instant::now();
        let mut rates = Rates::default();
        rates.update(start, &counts(100, 90));
        rates.update(start + Duration::from_millis(100), &counts(150, 90));
        assert_eq!(rates.total(), Rate::default());
        rates.update(start + Duration::from_secs(2), &counts(120, 100));
        assert_eq!(rates.of("gate"), Rate { fps_in: 10.0, fps_out: 5.0 });
    }
}
