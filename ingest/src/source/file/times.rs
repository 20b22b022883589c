//! The times of a file's frames, from the start of the file. They rise from frame to frame, whatever the file says.

/// Of a file that states no rate: what most cameras use.
const DEFAULT_INTERVAL_NS: u64 = 1_000_000_000 / 25;
/// A stated rate beyond this is a mistake in the file.
const MAX_FPS: f64 = 1_000.0;

/// Replaces times that are missing, equal or run backwards by the nominal rate. The file's times apply again as soon as they rise.
#[derive(Debug)]
pub(super) struct FrameTimes {
    interval_ns: u64,
    has_rate: bool,
    /// Number and time of the frame before.
    last: Option<(u64, u64)>,
    /// The file's time of the frame before, and what is added to the file's times.
    last_pts_ns: Option<i128>,
    shift_ns: i128,
    replaced: u64,
}

impl Default for FrameTimes {
    fn default() -> Self {
        Self {
            interval_ns: DEFAULT_INTERVAL_NS,
            has_rate: false,
            last: None,
            last_pts_ns: None,
            shift_ns: 0,
            replaced: 0,
        }
    }
}

impl FrameTimes {
    /// The rate that the file states.
    pub(super) fn set_rate(&mut self, frames: i32, seconds: i32) {
        let fps = f64::from(frames) / f64::from(seconds.max(1));
        if frames > 0 && fps <= MAX_FPS {
            self.interval_ns = (1e9 / fps) as u64;
            self.has_rate = true;
        }
    }

    pub(super) fn interval_ns(&self) -> u64 {
        self.interval_ns
    }

    /// How many frames are in a stretch of time, if the file tells its rate.
    pub(super) fn frames_in(&self, millis: u64) -> Option<u64> {
        let frames = (u128::from(millis) * 1_000_000 + u128::from(self.interval_ns) / 2) / u128::from(self.interval_ns);
        self.has_rate.then(|| u64::try_from(frames).unwrap_or(u64::MAX)).filter(|&frames| frames > 0)
    }

    /// Frames whose time was replaced.
    pub(super) fn replaced(&self) -> u64 {
        self.replaced
    }

    /// The time of a frame whose time in the file is `pts_ns`. The first frame has 0.
    pub(super) fn next(&mut self, number: u64, pts_ns: Option<u64>) -> u64 {
        let pts_ns = pts_ns.map(i128::from);
        let Some((last_number, last_ns)) = self.last else {
            // Frames before the first picture were lost: they have their part of the time.
            let time_ns = number * self.interval_ns;
            self.shift_ns = i128::from(time_ns) - pts_ns.unwrap_or(0);
            return self.keep(number, time_ns, pts_ns);
        };
        let nominal_ns = last_ns + self.interval_ns * number.saturating_sub(last_number).max(1);
        let backwards = matches!((pts_ns, self.last_pts_ns), (Some(pts), Some(last)) if pts < last);
        if backwards && let Some(pts) = pts_ns {
            // Another recording follows in the same file, or its clock was set: its times apply from here on.
            self.shift_ns = i128::from(nominal_ns) - pts;
        }
        let stated = pts_ns.filter(|pts| self.last_pts_ns.is_none_or(|last| *pts > last));
        let stated =
            stated.and_then(|pts| u64::try_from(pts + self.shift_ns).ok()).filter(|time_ns| *time_ns > last_ns);
        if stated.is_none() {
            self.replaced += 1;
        }
        self.keep(number, stated.unwrap_or(nominal_ns), pts_ns)
    }

    /// The time of an access unit, in the order of decoding: where pictures are reordered, times do not rise from unit to unit.
    pub(super) fn next_unit(&mut self, number: u64, pts_ns: Option<u64>) -> u64 {
        let pts_ns = pts_ns.map(i128::from);
        let nominal_ns = self.last.map_or(0, |(_, last_ns)| last_ns + self.interval_ns);
        let repeats = pts_ns.is_some() && pts_ns == self.last_pts_ns;
        let stated = pts_ns.filter(|_| !repeats).and_then(|pts| u64::try_from(pts).ok());
        self.replaced += u64::from(stated.is_none());
        self.keep(number, stated.unwrap_or(nominal_ns), pts_ns)
    }

    fn keep(&mut self, number: u64, time_ns: u64, pts_ns: Option<i128>) -> u64 {
        self.last = Some((number, time_ns));
        self.last_pts_ns = pts_ns.or(self.last_pts_ns);
        time_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn times(fps: i32, given_ms: &[Option<u64>]) -> (Vec<u64>, u64) {
        let mut times = FrameTimes::default();
        times.set_rate(fps, 1);
        let numbered = (0_u64..).zip(given_ms);
        let found = numbered.map(|(number, pts)| times.next(number, pts.map(|ms| ms * MS)) / MS).collect();
        (found, times.replaced())
    }

    #[test]
    fn rising_times_are_kept_and_the_first_frame_is_the_start() {
        let given = [400, 500, 530, 9_000].map(Some);
        assert_eq!(times(10, &given), (vec![0, 100, 130, 8_600], 0));
    }

    #[test]
    fn missing_and_equal_times_follow_the_stated_rate_or_25_a_second() {
        assert_eq!(times(0, &[None; 4]), (vec![0, 40, 80, 120], 3));
        assert_eq!(times(10, &[Some(7); 4]), (vec![0, 100, 200, 300], 3));
        assert_eq!(times(50, &[Some(0), None, None, Some(60)]), (vec![0, 20, 40, 60], 2));
    }

    #[test]
    fn times_that_run_backwards_begin_a_new_part() {
        let given = [0, 100, 200, 0, 100, 200].map(Some);
        assert_eq!(times(10, &given), (vec![0, 100, 200, 300, 400, 500], 1));
    }

    #[test]
    fn lost_frames_keep_their_time() {
        let mut times = FrameTimes::default();
        times.set_rate(10, 1);
        let found: Vec<_> = [2, 3, 6].into_iter().map(|number| times.next(number, None) / MS).collect();
        assert_eq!(found, [200, 300, 600]);
    }

    #[test]
    fn a_stretch_of_time_has_so_many_frames_if_the_rate_is_known() {
        let mut times = FrameTimes::default();
        assert_eq!(times.frames_in(10_000), None);
        times.set_rate(30_000, 1001);
        assert_eq!([0, 10_010, 60_060].map(|millis| times.frames_in(millis)), [None, Some(300), Some(1800)]);
    }

    #[test]
    fn an_impossible_rate_is_not_used() {
        for (frames, seconds) in [(0, 1), (-5, 1), (90_000, 1), (5, 0)] {
            let mut times = FrameTimes::default();
            times.set_rate(frames, seconds);
            let wanted = if (frames, seconds) == (5, 0) { 200 * MS } else { DEFAULT_INTERVAL_NS };
            assert_eq!(times.interval_ns(), wanted, "{frames}/{seconds}");
        }
    }
}
