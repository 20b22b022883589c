//! Which frame of the file a decoded picture is. A decoder that fails on a unit is silent about it, and the pictures after it would
//! move up. So the units that enter the decoder are compared with the pictures that leave it.

use std::collections::VecDeque;

/// A decoder delays fewer pictures than this. A unit that is further behind gives no picture any more.
const MAX_PENDING: usize = 128;

/// A unit of compressed video that enters the decoder.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit {
    /// Its number in the order of decoding.
    pub(super) index: u64,
    pub(super) pts_ns: Option<u64>,
    /// Decoding can start here.
    pub(super) key: bool,
}

/// Numbers the pictures by display order, with a gap where a unit gave no picture.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    entered: u64,
    pending: VecDeque<Unit>,
    next: u64,
    lost: u64,
}

impl Numbering {
    /// A unit enters the decoder. Returns its index.
    pub(super) fn enter(&mut self, pts_ns: Option<u64>, key: bool) -> u64 {
        let index = self.entered;
        self.entered += 1;
        self.pending.push_back(Unit { index, pts_ns, key });
        if self.pending.len() > MAX_PENDING {
            self.pending.pop_front();
            self.skip(1);
        }
        index
    }

    /// The second half of a unit enters the decoder. Returns the index of the unit.
    pub(super) fn enter_half(&self) -> u64 {
        self.entered.saturating_sub(1)
    }

    /// A picture leaves the decoder, in display order. `index` is that of its unit, where the decoder tells it. Returns the number of
    /// the frame, counted from 0.
    pub(super) fn leave(&mut self, pts_ns: Option<u64>, index: Option<u64>) -> u64 {
        let by_index = index.and_then(|index| self.pending.iter().position(|unit| unit.index == index));
        let by_time = || {
            let pts_ns = pts_ns?;
            self.pending.iter().position(|unit| unit.pts_ns == Some(pts_ns))
        };
        let at = by_index.or_else(by_time);
        let Some(unit) = at.and_then(|at| self.pending.remove(at)) else {
            // The decoder changes times and names no unit: only the count can be compared, at the end of the file.
            self.pending.pop_front();
            return self.give();
        };
        let timed = unit.pts_ns.is_some() && self.pending.iter().all(|unit| unit.pts_ns.is_some());
        let before = self.pending.len();
        if timed {
            // Pictures leave in display order, so what is displayed earlier is lost.
            self.pending.retain(|other| other.pts_ns > unit.pts_ns);
        } else if unit.key {
            // Without times the display order is not known. But a picture that was sent before a key picture is displayed before it.
            self.pending.retain(|other| other.index > unit.index);
        }
        self.skip((before - self.pending.len()) as u64);
        self.give()
    }

    /// The file has ended: what is still in the decoder gives no picture.
    pub(super) fn end(&mut self) {
        let left = self.pending.len() as u64;
        self.pending.clear();
        self.skip(left);
    }

    /// The number of the frame that would follow.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Units that gave no picture.
    pub(super) fn lost(&self) -> u64 {
        self.lost
    }

    fn skip(&mut self, units: u64) {
        self.next += units;
        self.lost += units;
    }

    fn give(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(numbering: &mut Numbering, pictures: &[(Option<u64>, Option<u64>)]) -> Vec<u64> {
        pictures.iter().map(|&(pts, index)| numbering.leave(pts, index)).collect()
    }

    #[test]
    fn lost_units_leave_a_gap_also_where_pictures_are_reordered() {
        let mut numbering = Numbering::default();
        // Sent as I P B B, displayed as I B B P; the second B is damaged.
        for (pts, key) in [(0, true), (3, false), (1, false), (2, false), (4, false)] {
            numbering.enter(Some(pts), key);
        }
        assert_eq!(numbers(&mut numbering, &[(Some(0), None), (Some(1), None), (Some(3), None)]), [0, 1, 3]);
        assert_eq!(numbering.lost(), 1);
        numbering.end();
        assert_eq!(numbering.lost(), 2, "the unit at 4 gave no picture");
    }

    #[test]
    fn without_times_the_number_is_right_again_at_the_next_key_picture() {
        let mut numbering = Numbering::default();
        for index in 0..12 {
            numbering.enter(None, index % 4 == 0);
        }
        // Units 5 to 7 are damaged. Units 9 and 10 are displayed in the other order.
        let pictures = [0, 1, 2, 3, 4, 8, 10, 9, 11].map(|index| (None, Some(index)));
        assert_eq!(numbers(&mut numbering, &pictures), [0, 1, 2, 3, 4, 8, 9, 10, 11]);
        assert_eq!(numbering.lost(), 3);
    }

    #[test]
    fn a_decoder_that_names_no_unit_gives_an_unbroken_count_and_the_right_sum() {
        let mut numbering = Numbering::default();
        for _ in 0..5 {
            numbering.enter(None, false);
        }
        assert_eq!(numbers(&mut numbering, &[(Some(7), None), (Some(7), None), (Some(7), None)]), [0, 1, 2]);
        numbering.end();
        assert_eq!(numbering.lost(), 2);
    }

    #[test]
    fn a_decoder_that_gives_nothing_uses_bounded_memory() {
        let mut numbering = Numbering::default();
        for index in 0..1_000 {
            numbering.enter(Some(index), index == 0);
        }
        assert_eq!(numbering.pending.len(), MAX_PENDING);
        assert_eq!(numbering.leave(Some(999), None), 999);
        assert_eq!(numbering.lost(), 999);
    }
}
