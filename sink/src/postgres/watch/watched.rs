//! Which of the time between frames was watched.

use std::collections::BTreeMap;

pub(super) const MINUTE_US: i64 = 60_000_000;
pub(super) const QUARTER_US: i64 = 15 * MINUTE_US;

/// A stored frame. Frames of a camera follow each other in the order of these fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    /// Capture time, microseconds since the Unix epoch.
    pub(super) at_us: i64,
    pub(super) session: i64,
    pub(super) sequence: i64,
    pub(super) watch: i64,
    pub(super) max_gap_us: i64,
}

/// Microseconds by begin of the minute, and by what the frames at both ends were watched for.
pub(super) type Minutes = BTreeMap<(i64, (i64, i64)), i64>;

/// Adds what was watched between the frames of a chain, `times` times.
pub(super) fn add(minutes: &mut Minutes, chain: &[Moment], times: i64) {
    for pair in chain.windows(2) {
        let [before, after] = pair else { continue };
        let gap_us = after.at_us - before.at_us;
        if before.session != after.session || gap_us > after.max_gap_us {
            continue;
        }
        let mut from_us = before.at_us;
        while from_us < after.at_us {
            let minute = from_us.div_euclid(MINUTE_US) * MINUTE_US;
            let to_us = after.at_us.min(minute + MINUTE_US);
            *minutes.entry((minute, (before.watch, after.watch))).or_default() += times * (to_us - from_us);
            from_us = to_us;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(at_us: i64) -> Moment {
        Moment { at_us, session: 1, sequence: 0, watch: 7, max_gap_us: 2_000_000 }
    }

    fn watched(chain: &[Moment]) -> Vec<(i64, i64)> {
        let mut minutes = Minutes::new();
        add(&mut minutes, chain, 1);
        minutes.into_iter().map(|((minute, _), us)| (minute / MINUTE_US, us)).collect()
    }

    #[test]
    fn a_gap_counts_up_to_the_bound_and_is_divided_at_the_minute() {
        assert_eq!(watched(&[moment(0), moment(2_000_000)]), [(0, 2_000_000)]);
        assert_eq!(watched(&[moment(0), moment(2_000_001)]), []);
        assert_eq!(watched(&[moment(59_500_000), moment(61_000_000)]), [(0, 500_000), (1, 1_000_000)]);
        assert_eq!(watched(&[moment(59_000_000), moment(60_000_000)]), [(0, 1_000_000)]);
        let long = Moment { max_gap_us: 600_000_000, ..moment(150_000_000) };
        assert_eq!(watched(&[moment(30_000_000), long]), [(0, 30_000_000), (1, 60_000_000), (2, 30_000_000)]);
        assert_eq!(watched(&[moment(0), moment(0)]), []);
    }

    #[test]
    fn tracks_do_not_go_on_in_another_session() {
        assert_eq!(
            watched(&[moment(0), Moment { session: 2, ..moment(1_000) }, Moment { session: 2, ..moment(3_000) }]),
            [(0, 2_000)]
        );
    }
}
