//! The quantisation tables of a picture.

use super::segments::segment;
use super::standard_tables;

/// Precisions (a bit per table), and the tables one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tables {
    pub(super) precisions: u8,
    pub(super) bytes: Vec<u8>,
}

impl Tables {
    pub(super) fn of_quality(quality: u8) -> Self {
        Self { precisions: 0, bytes: standard_tables::quantisation(quality) }
    }

    fn length(&self, number: usize) -> usize {
        64 << (self.precisions >> number & 1)
    }

    /// How many tables there are; 0 if they do not end where they should.
    pub(super) fn count(&self) -> usize {
        let ends = [self.length(0), self.length(0) + self.length(1)];
        ends.iter().position(|end| *end == self.bytes.len()).map_or(0, |at| at + 1)
    }

    pub(super) fn segment(&self) -> Vec<u8> {
        let mut rest = self.bytes.as_slice();
        let mut content = Vec::new();
        for number in 0..self.count() {
            let (table, after) = rest.split_at(self.length(number));
            content.push((self.precisions >> number & 1) << 4 | number as u8);
            content.extend_from_slice(table);
            rest = after;
        }
        segment(0xdb, &content)
    }
}
