//! The state of rules and of the tracker as bytes: numbers with 7 bits in each byte, times and sequence numbers relative to the frame that
//! carries the state.

use crate::frame_stamp::FrameStamp;
use crate::geometry::Rect;
use crate::road_user::RoadUserClass;

/// Why a saved state cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// Saved by another version of this program.
    #[error("the state has version {0}")]
    Version(u8),
    #[error("the state is damaged")]
    Damaged,
}

/// Writes a state.
#[derive(Debug)]
pub(crate) struct StateWriter {
    bytes: Vec<u8>,
    base: FrameStamp,
}

impl StateWriter {
    pub fn new(base: FrameStamp) -> Self {
        Self { bytes: Vec::new(), base }
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub fn byte(&mut self, value: u8) -> &mut Self {
        self.bytes.push(value);
        self
    }

    pub fn number(&mut self, mut value: u64) -> &mut Self {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.byte(value as u8)
    }

    pub fn time(&mut self, us: i64) -> &mut Self {
        let before = self.base.captured_at_us.wrapping_sub(us);
        // The sign in the lowest bit, so that small differences of both signs are short.
        self.number(((before << 1) ^ (before >> 63)) as u64)
    }

    pub fn stamp(&mut self, stamp: FrameStamp) -> &mut Self {
        self.number(self.base.sequence.wrapping_sub(stamp.sequence)).time(stamp.captured_at_us)
    }

    pub fn text(&mut self, text: &str) -> &mut Self {
        self.block(text.as_bytes())
    }

    pub fn block(&mut self, bytes: &[u8]) -> &mut Self {
        self.number(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
        self
    }

    pub fn rect(&mut self, rect: Rect) -> &mut Self {
        self.reals(&[rect.left, rect.top, rect.width, rect.height])
    }

    /// To the bit.
    pub fn reals(&mut self, values: &[f32]) -> &mut Self {
        for value in values {
            self.bytes.extend_from_slice(&value.to_le_bytes());
        }
        self
    }

    pub fn flag(&mut self, value: bool) -> &mut Self {
        self.byte(u8::from(value))
    }

    pub fn class(&mut self, class: RoadUserClass) -> &mut Self {
        self.byte(class as u8)
    }

    /// An empty writer for the same frame.
    pub fn nested(&self) -> Self {
        Self::new(self.base)
    }
}

/// Reads a state.
#[derive(Debug)]
pub(crate) struct StateReader<'a> {
    bytes: &'a [u8],
    base: FrameStamp,
}

impl<'a> StateReader<'a> {
    pub fn new(bytes: &'a [u8], base: FrameStamp) -> Self {
        Self { bytes, base }
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub fn byte(&mut self) -> Result<u8, StateError> {
        let (&first, rest) = self.bytes.split_first().ok_or(StateError::Damaged)?;
        self.bytes = rest;
        Ok(first)
    }

    pub fn number(&mut self) -> Result<u64, StateError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return Err(StateError::Damaged);
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(StateError::Damaged)
    }

    pub fn small(&mut self) -> Result<u32, StateError> {
        u32::try_from(self.number()?).map_err(|_| StateError::Damaged)
    }

    pub fn flag(&mut self) -> Result<bool, StateError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(StateError::Damaged),
        }
    }

    pub fn time(&mut self) -> Result<i64, StateError> {
        let folded = self.number()?;
        let before = (folded >> 1) as i64 ^ -((folded & 1) as i64);
        Ok(self.base.captured_at_us.wrapping_sub(before))
    }

    /// A time that is not negative, and not after the frame.
    pub fn past(&mut self) -> Result<i64, StateError> {
        let us = self.time()?;
        if (0..=self.base.captured_at_us).contains(&us) { Ok(us) } else { Err(StateError::Damaged) }
    }

    pub fn stamp(&mut self) -> Result<FrameStamp, StateError> {
        let sequence = self.base.sequence.wrapping_sub(self.number()?);
        Ok(FrameStamp { sequence, captured_at_us: self.time()? })
    }

    pub fn text(&mut self) -> Result<&'a str, StateError> {
        std::str::from_utf8(self.take_block()?).map_err(|_| StateError::Damaged)
    }

    pub fn block(&mut self) -> Result<Self, StateError> {
        Ok(Self::new(self.take_block()?, self.base))
    }

    pub fn rect(&mut self) -> Result<Rect, StateError> {
        let [left, top, width, height] = self.reals()?;
        let rect = Rect { left, top, width, height };
        if rect.is_valid() { Ok(rect) } else { Err(StateError::Damaged) }
    }

    /// Numbers that are finite.
    pub fn reals<const N: usize>(&mut self) -> Result<[f32; N], StateError> {
        let mut values = [0.0; N];
        for value in &mut values {
            let (bytes, rest) = self.bytes.split_first_chunk().ok_or(StateError::Damaged)?;
            self.bytes = rest;
            *value = f32::from_le_bytes(*bytes);
        }
        if values.iter().all(|value| value.is_finite()) { Ok(values) } else { Err(StateError::Damaged) }
    }

    pub fn class(&mut self) -> Result<RoadUserClass, StateError> {
        let index = usize::from(self.byte()?);
        RoadUserClass::ALL.get(index).copied().ok_or(StateError::Damaged)
    }

    /// A block whose times are relative to another frame.
    pub fn block_of(&mut self, base: FrameStamp) -> Result<Self, StateError> {
        Ok(Self::new(self.take_block()?, base))
    }

    fn take_block(&mut self) -> Result<&'a [u8], StateError> {
        let length = usize::try_from(self.number()?).map_err(|_| StateError::Damaged)?;
        let (block, rest) = self.bytes.split_at_checked(length).ok_or(StateError::Damaged)?;
        self.bytes = rest;
        Ok(block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: FrameStamp = FrameStamp { sequence: 1000, captured_at_us: 1_700_000_000_000_000 };

    #[test]
    fn what_was_written_is_read() {
        let rect = Rect { left: -3.5, top: 0.0, width: 20.0, height: 50.25 };
        let stamps = [
            BASE,
            FrameStamp { sequence: 7, captured_at_us: 0 },
            FrameStamp { sequence: u64::MAX, captured_at_us: i64::MIN },
        ];
        let mut writer = StateWriter::new(BASE);
        for number in [0, 127, 128, u64::MAX] {
            writer.number(number);
        }
        for stamp in stamps {
            writer.stamp(stamp);
        }
        writer.text("zone ä").rect(rect).class(RoadUserClass::Truck).byte(1);
        let bytes = writer.into_bytes();
        let mut reader = StateReader::new(&bytes, BASE);
        for number in [0, 127, 128, u64::MAX] {
            assert_eq!(reader.number(), Ok(number));
        }
        for stamp in stamps {
            assert_eq!(reader.stamp(), Ok(stamp));
        }
        assert_eq!((reader.text(), reader.rect(), reader.class()), (Ok("zone ä"), Ok(rect), Ok(RoadUserClass::Truck)));
        assert_eq!(reader.flag(), Ok(true));
        assert!(reader.is_empty());
    }

    #[test]
    fn times_close_to_the_frame_are_short() {
        let mut writer = StateWriter::new(BASE);
        writer.time(BASE.captured_at_us - 1_000_000);
        assert_eq!(writer.into_bytes().len(), 3);
    }

    #[test]
    fn damaged_numbers_and_blocks_are_refused() {
        for bytes in [&[][..], &[0x80], &[0xff; 10], &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]] {
            assert_eq!(StateReader::new(bytes, BASE).number(), Err(StateError::Damaged), "{bytes:?}");
        }
        assert_eq!(StateReader::new(&[3, b'a'], BASE).text(), Err(StateError::Damaged));
        assert!(StateReader::new(&[0xff; 9], BASE).block().is_err());
        assert!(StateReader::new(&[0; 16], BASE).rect().is_err());
        assert!(StateReader::new(&[6], BASE).class().is_err());
        assert!(StateReader::new(&[2], BASE).flag().is_err());
    }
}
