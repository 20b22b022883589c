//! Converts pictures to the colours that a JPEG has: YCbCr in full range with the matrix of BT.601 (JFIF). Encoders write the numbers that
//! they get, so a picture in the limited range of video would be washed out, and one in BT.709 has wrong hues.
//!
//! GStreamer converts between matrices with 8 bits and is off by up to 10 of 255; this works in place and is off by 2 at most. The inner loops
//! are compiled for AVX2 too, with which they are six times as fast as with what every x86-64 processor has.

use gstreamer as gst;
use gstreamer_video as gst_video;
use gstreamer_video::prelude::*;
use gstreamer_video::{VideoColorMatrix, VideoColorRange};
use multiversion::multiversion;

/// Fractional bits of the factors, which then fit into 16 bits: the compiler has fast code for that.
const BITS: u32 = 13;
const HALF: i32 = 1 << (BITS - 1);
const CENTRE: i32 = 128;

/// The conversion for pictures of one format.
#[derive(Debug, Clone)]
pub struct JpegColours {
    info: gst_video::VideoInfo,
    factors: Factors,
    /// Of the line that is converted: its chroma, and what this adds to luma.
    cb: Vec<u8>,
    cr: Vec<u8>,
    shift: Vec<i32>,
}

/// The picture cannot be converted: its format is none of 8 bits, or its matrix is unknown.
#[derive(Debug, Clone, thiserror::Error)]
#[error("pictures of format {format} with colours {colours} cannot be converted to those of JPEG")]
pub struct JpegColoursError {
    format: String,
    colours: String,
}

/// With `BITS` fractional bits: what a step of an input component changes in the outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Factors {
    black: i16,
    y_y: i16,
    y_cb: i16,
    y_cr: i16,
    cb_cb: i16,
    cb_cr: i16,
    cr_cb: i16,
    cr_cr: i16,
}

impl JpegColours {
    /// `None` if pictures with these caps have the colours of JPEG already, or are RGB, which encoders convert or mark.
    pub fn new(caps: &gst::CapsRef) -> Result<Option<Self>, JpegColoursError> {
        let fail = |format: &str, colours: String| Err(JpegColoursError { format: format.to_owned(), colours });
        let Ok(info) = gst_video::VideoInfo::from_caps(caps) else {
            return fail("unknown", caps.to_string());
        };
        let colours = info.colorimetry();
        let full = colours.range() == VideoColorRange::Range0_255;
        if info.is_rgb() || (full && (info.is_gray() || colours.matrix() == VideoColorMatrix::Bt601)) {
            return Ok(None);
        }
        let system_memory = caps.features(0).is_none_or(|features| {
            features.is_equal(gst::CapsFeatures::new([gst::CAPS_FEATURE_MEMORY_SYSTEM_MEMORY]).as_ref())
        });
        let bytes = (0..info.n_components()).all(|component| info.comp_depth(component as u8) == 8);
        let kr_kb = if info.is_gray() { Ok((0.299, 0.114)) } else { colours.matrix().kr_kb() };
        match kr_kb {
            Ok(kr_kb) if bytes && system_memory && matches!(info.n_components(), 1 | 3) => Ok(Some(Self {
                factors: Factors::new(full, kr_kb),
                info,
                cb: Vec::new(),
                cr: Vec::new(),
                shift: Vec::new(),
            })),
            _ => fail(info.name(), colours.to_string()),
        }
    }

    /// Converts a picture in place. `None` if it does not have the format that was announced.
    pub fn convert(&mut self, buffer: &mut gst::BufferRef) -> Option<()> {
        let mut frame = gst_video::VideoFrameRef::from_buffer_ref_writable(buffer, &self.info).ok()?;
        let (width, height) = (self.info.width() as usize, self.info.height() as usize);
        let components = self.info.n_components();
        let parts: Vec<Part> = (0..components).map(|component| Part::of(&frame, component)).collect::<Option<_>>()?;
        let format = self.info.format_info();
        // Once for the whole picture: it takes longer than to convert a line.
        let mut planes = frame.planes_data_mut();
        let factors = self.factors;
        let [luma, chroma @ ..] = parts.as_slice() else { return None };
        let [cb, cr] = chroma else {
            self.shift.clear();
            self.shift.resize(width, factors.gray());
            return (0..height).try_for_each(|line| {
                convert_luma(&factors, luma.line(&mut planes, line, width)?, luma.step, &self.shift);
                Some(())
            });
        };
        let (columns, lines) = (*format.w_sub().get(1)?, *format.h_sub().get(1)?);
        let chroma_width = width.div_ceil(1 << columns);
        let pixels = 1 << columns;
        self.shift.resize(chroma_width * pixels, 0);
        for chroma_line in 0..height.div_ceil(1 << lines) {
            cb.read(&mut planes, chroma_line, chroma_width, &mut self.cb)?;
            cr.read(&mut planes, chroma_line, chroma_width, &mut self.cr)?;
            convert_chroma(&factors, &mut self.cb, &mut self.cr, &mut self.shift, pixels);
            cb.write(&mut planes, chroma_line, &self.cb)?;
            cr.write(&mut planes, chroma_line, &self.cr)?;
            for line in (chroma_line << lines)..((chroma_line + 1) << lines).min(height) {
                convert_luma(&factors, luma.line(&mut planes, line, width)?, luma.step, &self.shift);
            }
        }
        Some(())
    }
}

/// Where the bytes of a component are.
#[derive(Debug, Clone, Copy)]
struct Part {
    plane: usize,
    /// Of the first pixel.
    offset: usize,
    stride: usize,
    /// Bytes from one pixel to the next.
    step: usize,
}

impl Part {
    fn of<T>(frame: &gst_video::VideoFrameRef<T>, component: u32) -> Option<Self> {
        let index = usize::try_from(component).ok()?;
        let number = u8::try_from(component).ok()?;
        let plane = usize::try_from(*frame.format_info().plane().get(index)?).ok()?;
        let stride = usize::try_from(*frame.plane_stride().get(plane)?).ok()?;
        let info = frame.info();
        let step = usize::try_from(info.comp_pstride(number)).ok().filter(|step| *step > 0)?;
        Some(Self { plane, offset: info.comp_poffset(number) as usize, stride, step })
    }

    /// From the first to the last pixel of a line.
    fn line<'a>(&self, planes: &'a mut [&mut [u8]; 4], line: usize, pixels: usize) -> Option<&'a mut [u8]> {
        let start = self.offset + line * self.stride;
        planes.get_mut(self.plane)?.get_mut(start..start + (pixels.checked_sub(1)?) * self.step + 1)
    }

    fn read(&self, planes: &mut [&mut [u8]; 4], line: usize, pixels: usize, into: &mut Vec<u8>) -> Option<()> {
        let bytes = self.line(planes, line, pixels)?;
        into.clear();
        if self.step == 1 {
            into.extend_from_slice(bytes);
        } else {
            into.extend(bytes.iter().step_by(self.step));
        }
        Some(())
    }

    fn write(&self, planes: &mut [&mut [u8]; 4], line: usize, values: &[u8]) -> Option<()> {
        let bytes = self.line(planes, line, values.len())?;
        if self.step == 1 {
            bytes.copy_from_slice(values);
        } else {
            bytes.iter_mut().step_by(self.step).zip(values).for_each(|(to, from)| *to = *from);
        }
        Some(())
    }
}

impl Factors {
    fn new(full: bool, (kr, kb): (f64, f64)) -> Self {
        let (black, luma_range, chroma_range) = if full { (0, 255.0, 255.0) } else { (16, 219.0, 224.0) };
        let kg = 1.0 - kr - kb;
        // Red, green and blue of one unit of Cb or Cr.
        let cb = [0.0, -2.0 * kb * (1.0 - kb) / kg, 2.0 * (1.0 - kb)];
        let cr = [2.0 * (1.0 - kr), -2.0 * kr * (1.0 - kr) / kg, 0.0];
        let y = |[r, g, b]: [f64; 3]| 0.299 * r + 0.587 * g + 0.114 * b;
        let fixed = |value: f64, range: f64| (value * 255.0 / range * f64::from(1 << BITS)).round() as i16;
        let chroma = |value: f64| fixed(value, chroma_range);
        Self {
            black,
            y_y: fixed(1.0, luma_range),
            y_cb: chroma(y(cb)),
            y_cr: chroma(y(cr)),
            cb_cb: chroma((cb[2] - y(cb)) / 1.772),
            cb_cr: chroma((cr[2] - y(cr)) / 1.772),
            cr_cb: chroma((cb[0] - y(cb)) / 1.402),
            cr_cr: chroma((cr[0] - y(cr)) / 1.402),
        }
    }

    /// What is added to luma in a picture without colours.
    fn gray(&self) -> i32 {
        HALF - i32::from(self.black) * i32::from(self.y_y)
    }
}

/// Converts a row of chroma. `shift` becomes what is added to luma, for each of its pixels: 1, 2 or 4 for each of chroma.
#[multiversion(targets("x86_64+avx2"))]
fn convert_chroma(factors: &Factors, cb: &mut [u8], cr: &mut [u8], shift: &mut [i32], pixels: usize) {
    match pixels {
        1 => chroma::<1>(factors, cb, cr, shift),
        2 => chroma::<2>(factors, cb, cr, shift),
        _ => chroma::<4>(factors, cb, cr, shift),
    }
}

/// The number of pixels is known when this is compiled: the compiler has no fast code for a loop over few pixels.
#[inline(always)]
#[expect(clippy::inline_always, reason = "code of its own for each caller's processor features")]
fn chroma<const PIXELS: usize>(factors: &Factors, cb: &mut [u8], cr: &mut [u8], shift: &mut [i32]) {
    let Factors { y_cb, y_cr, cb_cb, cb_cr, cr_cb, cr_cr, .. } = *factors;
    let [y_cb, y_cr, cb_cb, cb_cr, cr_cb, cr_cr] = [y_cb, y_cr, cb_cb, cb_cr, cr_cb, cr_cr].map(i32::from);
    let gray = factors.gray();
    let (shifts, _) = shift.as_chunks_mut::<PIXELS>();
    for ((cb, cr), shift) in cb.iter_mut().zip(cr).zip(shifts) {
        let (b, r) = (i32::from(*cb) - CENTRE, i32::from(*cr) - CENTRE);
        *cb = byte(((cb_cb * b + cb_cr * r + HALF) >> BITS) + CENTRE);
        *cr = byte(((cr_cb * b + cr_cr * r + HALF) >> BITS) + CENTRE);
        *shift = [y_cb * b + y_cr * r + gray; PIXELS];
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn convert_luma(factors: &Factors, row: &mut [u8], step: usize, shift: &[i32]) {
    let factor = i32::from(factors.y_y);
    let convert = |value: &mut u8, shift: &i32| *value = byte((i32::from(i16::from(*value)) * factor + shift) >> BITS);
    if step == 1 {
        row.iter_mut().zip(shift).for_each(|(value, shift)| convert(value, shift));
    } else {
        row.iter_mut().step_by(step).zip(shift).for_each(|(value, shift)| convert(value, shift));
    }
}

fn byte(value: i32) -> u8 {
    value.clamp(0, 255) as u8
}

#[cfg(test)]
mod tests;
