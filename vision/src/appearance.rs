//! What a road user looks like, in a few bytes: histograms of brightness and colour of the upper and the lower half of the box.

use crate::geometry::Rect;
use crate::image::{CHANNELS, ImageRef};
use crate::state_codec::{StateError, StateReader, StateWriter};

const BINS: usize = 8;
const HISTOGRAMS: usize = 6;
/// Length of a descriptor in bytes.
pub const APPEARANCE_LEN: usize = HISTOGRAMS * BINS;

// Points per half. More points change the descriptor of a pedestrian of 100 pixels by less than the noise between two frames.
const COLUMNS: usize = 8;
const ROWS: usize = 10;

/// Histograms of luma and both chroma channels, first of the upper half. The bins of each sum up to about 255.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appearance {
    pub bins: [u8; APPEARANCE_LEN],
}

impl Appearance {
    /// A descriptor that was sent; `None` if it is of another length.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self { bins: bytes.try_into().ok()? })
    }

    /// The descriptor of a box in pixels of the picture. `None` if less than a few pixels of it are inside.
    pub fn of(image: ImageRef<'_>, rect: &Rect) -> Option<Self> {
        let rect = rect.clamped(image.width as f32, image.height as f32)?;
        if image.check().is_err() || rect.width < 4.0 || rect.height < 8.0 {
            return None;
        }
        let mut counts = [0.0_f32; APPEARANCE_LEN];
        for half in 0..2 {
            for row in 0..ROWS {
                // Without head and feet, and without the background at the sides.
                let down = 0.1 + 0.4 * (half as f32 + (row as f32 + 0.5) / ROWS as f32);
                let y = ((rect.top + rect.height * down) as usize).min(image.height as usize - 1);
                for column in 0..COLUMNS {
                    let right = 0.2 + 0.6 * (column as f32 + 0.5) / COLUMNS as f32;
                    let x = ((rect.left + rect.width * right) as usize).min(image.width as usize - 1);
                    let at = (y * image.width as usize + x) * CHANNELS;
                    let [red, green, blue] = [0, 1, 2].map(|channel| f32::from(image.data[at + channel]));
                    let luma = 0.299 * red + 0.587 * green + 0.114 * blue;
                    // Chroma of clothes is mostly near grey, so the bins are four times as narrow as those of luma.
                    let channels = [luma, 128.0 + (blue - luma) * 2.0, 128.0 + (red - luma) * 2.0];
                    for (channel, value) in channels.into_iter().enumerate() {
                        add(&mut counts[(half * 3 + channel) * BINS..][..BINS], value);
                    }
                }
            }
        }
        let scale = 255.0 / (ROWS * COLUMNS) as f32;
        Some(Self { bins: counts.map(|count| (count * scale + 0.5) as u8) })
    }
}

/// What a track looks like: the mean of its detections, with the last ones weighted most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    bins: [f32; APPEARANCE_LEN],
    seen: u32,
}

// Weight of a new detection once there are many.
const LEARN: f32 = 0.1;

impl Look {
    pub fn of(first: &Appearance) -> Self {
        Self { bins: first.bins.map(f32::from), seen: 1 }
    }

    pub fn learn(&mut self, next: &Appearance) {
        self.seen = self.seen.saturating_add(1);
        let weight = (1.0 / self.seen as f32).max(LEARN);
        for (mean, &bin) in self.bins.iter_mut().zip(&next.bins) {
            *mean += (f32::from(bin) - *mean) * weight;
        }
    }

    pub(crate) fn save(&self, state: &mut StateWriter) {
        state.number(u64::from(self.seen)).reals(&self.bins);
    }

    pub(crate) fn read(state: &mut StateReader<'_>) -> Result<Self, StateError> {
        let (seen, bins) = (state.small()?, state.reals()?);
        // A mean of bins, each of one byte.
        if bins.iter().all(|bin| (0.0..=255.0).contains(bin)) {
            Ok(Self { bins, seen })
        } else {
            Err(StateError::Damaged)
        }
    }

    /// How alike track and detection are, 0 to 1: the mean Bhattacharyya coefficient of their histograms.
    pub fn likeness(&self, other: &Appearance) -> f32 {
        let both: f32 = self.bins.iter().zip(&other.bins).map(|(a, &b)| (a * f32::from(b)).sqrt()).sum();
        (both / (255.0 * HISTOGRAMS as f32)).min(1.0)
    }
}

/// Adds a value to the two nearest bins, so that a small change of light does not move all of a histogram by a bin.
fn add(histogram: &mut [f32], value: f32) {
    let place = (value / 256.0 * BINS as f32 - 0.5).clamp(0.0, (BINS - 1) as f32);
    let low = place as usize;
    let high = (low + 1).min(BINS - 1);
    let share = place - low as f32;
    histogram[low] += 1.0 - share;
    histogram[high] += share;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Image;

    const PERSON: Rect = Rect { left: 10.0, top: 10.0, width: 20.0, height: 60.0 };

    /// Somebody with a jacket and trousers of these colours.
    fn dressed(jacket: [u8; 3], trousers: [u8; 3]) -> Appearance {
        let mut image = Image::filled(40, 80, [120, 120, 120]);
        for y in 10..70 {
            for x in 10..30 {
                let at = (y * 40 + x) * CHANNELS;
                image.data[at..at + CHANNELS].copy_from_slice(if y < 40 { &jacket } else { &trousers });
            }
        }
        Appearance::of(image.view(), &PERSON).unwrap()
    }

    #[test]
    fn other_clothes_are_less_alike_and_so_are_jacket_and_trousers_exchanged() {
        let (red, blue, dark) = ([180, 30, 30], [30, 40, 160], [30, 30, 30]);
        let look = Look::of(&dressed(red, dark));
        let same = look.likeness(&dressed([170, 35, 35], [40, 38, 36]));
        assert!(same > 0.9, "{same}");
        for other in [dressed(blue, dark), dressed(dark, red), dressed([200; 3], dark)] {
            assert!(look.likeness(&other) < same - 0.1, "{}", look.likeness(&other));
        }
    }

    #[test]
    fn a_look_follows_a_slow_change() {
        let mut look = Look::of(&dressed([200, 200, 200], [30, 30, 30]));
        let later = dressed([90, 90, 90], [30, 30, 30]);
        let before = look.likeness(&later);
        for _ in 0..30 {
            look.learn(&later);
        }
        assert!(look.likeness(&later) > 0.95 && before < 0.9, "{before}");
    }

    #[test]
    fn a_box_that_is_tiny_outside_or_not_finite_has_no_appearance() {
        let image = Image::filled(40, 80, [1, 2, 3]);
        let rect = |left: f32, width: f32| Rect { left, top: 0.0, width, height: 40.0 };
        for rect in [rect(50.0, 10.0), rect(0.0, 2.0), rect(f32::NAN, 10.0), rect(39.0, 10.0)] {
            assert_eq!(Appearance::of(image.view(), &rect), None, "{rect:?}");
        }
        assert!(Appearance::of(image.view(), &rect(0.0, f32::MAX)).is_some());
        assert!(Appearance::from_bytes(&[0; 3]).is_none());
    }
}
