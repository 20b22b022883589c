//! Selects pictures of a stream in which pictures come before others that are shown earlier (B-frames).

use std::collections::VecDeque;

/// Pictures are shown at most this much earlier than one that came before them. A larger step back is a jump in time.
const MAX_BACK_NS: u64 = 3_000_000_000;
/// Longer than any group of reordered pictures.
const MEMORY: usize = 64;

/// Time is divided into slots of one interval, and the first picture of a slot is kept, because pictures in another order cannot follow a
/// schedule.
#[derive(Debug)]
pub(super) struct Reordered {
    interval: u64,
    /// Times in nanoseconds, in the order of arrival.
    seen: VecDeque<u64>,
    kept: VecDeque<u64>,
    found: bool,
}

impl Reordered {
    pub(super) fn new(interval: u64) -> Self {
        Self { interval, seen: VecDeque::new(), kept: VecDeque::new(), found: false }
    }

    /// Records a picture, and tells whether the stream is a reordered one, as far as is known.
    pub(super) fn sees(&mut self, time_ns: u64) -> bool {
        let newest = self.seen.iter().max().copied().unwrap_or(time_ns);
        if newest.saturating_sub(time_ns) > MAX_BACK_NS {
            *self = Self::new(self.interval);
        }
        // The same time again is no earlier one.
        self.found |= time_ns < newest && newest - time_ns <= MAX_BACK_NS;
        remember(&mut self.seen, time_ns);
        self.found
    }

    pub(super) fn keep(&mut self, time_ns: u64) {
        remember(&mut self.kept, time_ns);
    }

    pub(super) fn wants(&mut self, time_ns: u64) -> bool {
        let nearest =
            |times: &VecDeque<u64>| times.iter().map(|time| time.abs_diff(time_ns)).filter(|by| *by > 0).min();
        // Times vary a little, so a picture may stray into the slot of its neighbour.
        let tolerance = nearest(&self.seen).unwrap_or(0).min(self.interval) / 8;
        let slot = |time: u64| time / self.interval;
        let has_slot = self.kept.iter().any(|kept| slot(*kept) == slot(time_ns));
        let least = if has_slot { self.interval } else { self.interval / 2 };
        let wanted = nearest(&self.kept).is_none_or(|by| by >= least - tolerance);
        if wanted {
            self.keep(time_ns);
        }
        wanted
    }
}

fn remember(times: &mut VecDeque<u64>, time_ns: u64) {
    if times.len() == MEMORY {
        times.pop_front();
    }
    times.push_back(time_ns);
}

#[cfg(test)]
mod tests {
    use super::super::Sampler;

    /// How many pictures a second are kept of a stream whose groups come in this order.
    fn rate(max_fps: f64, fps: f64, order: &[u64]) -> f64 {
        const GROUPS: u64 = 400;
        let size = order.len() as u64;
        let mut sampler = Sampler::new(max_fps);
        let numbers = (0..GROUPS).flat_map(|group| order.iter().map(move |picture| group * size + picture));
        let jitter = |number: u64| (number * 7 % 5) as i64 * 200_000;
        let times = numbers.map(|number| ((number as f64 * 1e9 / fps) as i64 + jitter(number)) as u64);
        let kept = times.filter(|time| sampler.wants(*time)).count();
        kept as f64 * fps / (GROUPS * size) as f64
    }

    #[test]
    fn pictures_that_come_late_are_kept_as_often_as_others() {
        for order in [&[2, 0, 1][..], &[3, 1, 0, 2], &[7, 3, 1, 0, 2, 5, 4, 6]] {
            for (max_fps, fps, least, most) in [
                (25.0, 25.0, 24.5, 25.1),
                (240.0, 25.0, 24.5, 25.1),
                (10.0, 30.0, 9.0, 10.1),
                (10.0, 25.0, 8.0, 10.1),
                (5.0, 25.0, 4.5, 5.1),
            ] {
                let rate = rate(max_fps, fps, order);
                assert!((least..=most).contains(&rate), "{max_fps} of {fps} in {order:?}: {rate}");
            }
        }
    }
}
