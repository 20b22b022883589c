//! How a player shows a picture, from its caps: its colours and the shape of its pixels. Cameras and files often state neither.

use gstreamer as gst;
use gstreamer_video as gst_video;
use gstreamer_video::{VideoColorMatrix, VideoColorRange, VideoColorimetry, VideoTransferFunction};

/// From this width on, or above this height, colours without a stated matrix are BT.709, as players assume.
const HD_WIDTH: u32 = 1_280;
const SD_HEIGHT: u32 = 576;
/// A pixel that is stated to be longer than this many times its other side comes from a broken header.
const MAX_PIXEL_ASPECT: i32 = 10;
/// Codes of a matrix: the three components are red, green and blue; it is not stated.
const RGB: u8 = 0;
const NO_MATRIX: u8 = 2;
const UNSPECIFIED: u32 = NO_MATRIX as u32;
/// Longest side of a picture in a message.
const MAX_SIDE: u32 = 16_384;

/// Colours that a container states for its video. What the video itself states counts more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ContainerColours {
    pub full_range: Option<bool>,
    /// `MatrixCoefficients` of ITU-T H.273. `None` if it is not stated, or is RGB.
    pub matrix: Option<u8>,
}

impl ContainerColours {
    /// Those that a demuxer writes into the caps of the video.
    pub fn of(caps: &gst::CapsRef) -> Self {
        let stated = caps.structure(0).and_then(|caps| caps.get::<&str>("colorimetry").ok());
        let Some(colours) = stated.and_then(|text| text.parse::<VideoColorimetry>().ok()) else {
            return Self::default();
        };
        let full_range = match colours.range() {
            VideoColorRange::Range0_255 => Some(true),
            VideoColorRange::Range16_235 => Some(false),
            _ => None,
        };
        let matrix = colours.matrix();
        Self::new(full_range, if matrix == VideoColorMatrix::Unknown { UNSPECIFIED } else { matrix.to_iso() })
    }

    /// From the code of the matrix.
    pub fn new(full_range: Option<bool>, matrix: u32) -> Self {
        let matrix = u8::try_from(matrix).ok().filter(|code| !matches!(*code, RGB | NO_MATRIX));
        Self { full_range, matrix }
    }

    /// The numbers by which messages name them: the code of the matrix, and the range, 0 if it is not stated, 1 limited, 2 full.
    pub fn numbers(self) -> (u32, i32) {
        (self.matrix.map_or(UNSPECIFIED, u32::from), self.full_range.map_or(0, |full| if full { 2 } else { 1 }))
    }

    /// The colours with these numbers; other numbers state nothing.
    pub fn from_numbers(matrix: u32, range: i32) -> Self {
        let full_range = match range {
            1 => Some(false),
            2 => Some(true),
            _ => None,
        };
        Self::new(full_range, matrix)
    }

    fn matrix(self) -> Option<VideoColorMatrix> {
        let matrix = VideoColorMatrix::from_iso(u32::from(self.matrix?));
        (!matches!(matrix, VideoColorMatrix::Unknown | VideoColorMatrix::Rgb)).then_some(matrix)
    }

    /// As GStreamer writes it into caps; `None` if nothing is stated.
    pub(crate) fn colorimetry(self) -> Option<String> {
        if self == Self::default() {
            return None;
        }
        let range = match self.full_range {
            Some(true) => VideoColorRange::Range0_255,
            Some(false) => VideoColorRange::Range16_235,
            None => VideoColorRange::Unknown,
        };
        let (transfer, primaries) = (VideoTransferFunction::Unknown, gst_video::VideoColorPrimaries::Unknown);
        let matrix = self.matrix().unwrap_or(VideoColorMatrix::Unknown);
        Some(VideoColorimetry::new(range, matrix, transfer, primaries).to_string())
    }
}

/// The caps with colours and shape of pixels as a player shows them. GStreamer's own defaults differ: it ignores a stated range if the matrix
/// is not stated, and takes every picture with 2160 lines for BT.2020. Caps that are not of raw video are returned as they are.
pub fn complete(caps: &gst::CapsRef, container: ContainerColours) -> gst::Caps {
    let mut complete = caps.to_owned();
    let Ok(info) = gst_video::VideoInfo::from_caps(caps) else { return complete };
    let colours = caps.structure(0).and_then(|caps| caps.get::<&str>("colorimetry").ok());
    let stated = colours.and_then(|text| text.parse::<VideoColorimetry>().ok());
    if let Some(fields) = complete.make_mut().structure_mut(0) {
        if !info.is_rgb() {
            fields.set("colorimetry", colours_of(&info, stated, container).to_string());
        }
        fields.set("pixel-aspect-ratio", plausible(info.par()));
    }
    complete
}

/// What players do with pictures and nothing here does: such pictures are seen as they are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unconverted {
    /// Its lines are of two moments: whatever moves has combs.
    Interlaced,
    /// Its brightness is coded for HDR (PQ or HLG): it looks pale.
    HighDynamicRange,
}

impl Unconverted {
    /// Those of decoded pictures with this format.
    pub fn of(info: &gst_video::VideoInfo) -> impl Iterator<Item = Self> + use<> {
        let transfer = info.colorimetry().transfer();
        let hdr = matches!(transfer, VideoTransferFunction::Smpte2084 | VideoTransferFunction::AribStdB67);
        let both = [(info.is_interlaced(), Self::Interlaced), (hdr, Self::HighDynamicRange)];
        both.into_iter().filter_map(|(found, kind)| found.then_some(kind))
    }

    /// The label of metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Interlaced => "interlaced",
            Self::HighDynamicRange => "hdr",
        }
    }
}

impl std::fmt::Display for Unconverted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Interlaced => {
                "the pictures are interlaced; they are used without deinterlacing, and whatever moves has combs"
            }
            Self::HighDynamicRange => "the pictures are HDR; they are used without tone mapping, and look pale",
        })
    }
}

/// The size in square pixels at which a player shows pictures with these caps, raw or encoded. The number of lines stays.
pub fn displayed_size(caps: &gst::CapsRef) -> Option<(u32, u32)> {
    let caps = caps.structure(0)?;
    let side = |name: &str| caps.get::<i32>(name).ok().filter(|side| *side > 0);
    let (width, height) = (side("width")?, side("height")?);
    let par = caps.get::<gst::Fraction>("pixel-aspect-ratio").unwrap_or(gst::Fraction::new(1, 1));
    Some((displayed_width(u32::try_from(width).ok()?, par), u32::try_from(height).ok()?))
}

/// The width in square pixels.
pub(crate) fn displayed_width(width: u32, par: gst::Fraction) -> u32 {
    let par = plausible(par);
    let (n, d) = (i64::from(par.numer()), i64::from(par.denom()));
    let shown = (i64::from(width) * n + d / 2) / d;
    u32::try_from(shown).ok().filter(|shown| (1..=MAX_SIDE).contains(shown)).unwrap_or(width)
}

fn colours_of(
    info: &gst_video::VideoInfo,
    stated: Option<VideoColorimetry>,
    container: ContainerColours,
) -> VideoColorimetry {
    let unknown = VideoColorimetry::new(
        VideoColorRange::Unknown,
        VideoColorMatrix::Unknown,
        VideoTransferFunction::Unknown,
        gst_video::VideoColorPrimaries::Unknown,
    );
    let stated = stated.unwrap_or(unknown);
    // As in ffmpeg, a range that only the container states does not hold for H.265: its decoder states the limited one.
    let full = match stated.range() {
        VideoColorRange::Range0_255 => true,
        VideoColorRange::Range16_235 => false,
        _ => container.full_range == Some(true),
    };
    let range = if full { VideoColorRange::Range0_255 } else { VideoColorRange::Range16_235 };
    // The transfer function for 12 bits, with fewer bits: hardware decoders state this default of GStreamer, and no encoder does.
    let default = stated.transfer() == VideoTransferFunction::Bt202012 && info.comp_depth(0) < 12;
    let unstated = || container.matrix().unwrap_or_else(|| by_size(info));
    let matrix = match stated.matrix() {
        VideoColorMatrix::Unknown | VideoColorMatrix::Rgb => unstated(),
        VideoColorMatrix::Bt2020 if default => unstated(),
        matrix => matrix,
    };
    VideoColorimetry::new(range, matrix, stated.transfer(), stated.primaries())
}

fn by_size(info: &gst_video::VideoInfo) -> VideoColorMatrix {
    let hd = info.width() >= HD_WIDTH || info.height() > SD_HEIGHT;
    if hd { VideoColorMatrix::Bt709 } else { VideoColorMatrix::Bt601 }
}

fn plausible(par: gst::Fraction) -> gst::Fraction {
    let (n, d) = (par.numer(), par.denom());
    let fits = n > 0 && d > 0 && n / MAX_PIXEL_ASPECT <= d && d / MAX_PIXEL_ASPECT <= n;
    if fits { par } else { gst::Fraction::new(1, 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caps(size: (i32, i32), more: &str) -> gst::Caps {
        crate::init().unwrap();
        let (width, height) = size;
        format!("video/x-raw,format=I420,width={width},height={height},framerate=0/1{more}").parse().unwrap()
    }

    fn colours(size: (i32, i32), more: &str) -> (bool, VideoColorMatrix) {
        colours_with(size, more, ContainerColours::default())
    }

    fn colours_with(size: (i32, i32), more: &str, container: ContainerColours) -> (bool, VideoColorMatrix) {
        let info = gst_video::VideoInfo::from_caps(&complete(&caps(size, more), container)).unwrap();
        (info.colorimetry().range() == VideoColorRange::Range0_255, info.colorimetry().matrix())
    }

    #[test]
    fn unstated_colours_are_those_that_players_assume() {
        use VideoColorMatrix::{Bt601, Bt709, Bt2020};
        assert_eq!(colours((720, 576), ""), (false, Bt601));
        assert_eq!(colours((1280, 544), ""), (false, Bt709));
        assert_eq!(colours((704, 577), ""), (false, Bt709));
        assert_eq!(colours((3840, 2160), ""), (false, Bt709));
        assert_eq!(colours((3840, 2160), ",colorimetry=bt2020"), (false, Bt709));
        assert_eq!(colours((3840, 2160), ",colorimetry=bt2020-10"), (false, Bt2020));
        assert_eq!(colours((1920, 1080), ",colorimetry=1:0:0:0"), (true, Bt709));
        assert_eq!(colours((640, 480), ",colorimetry=1:0:0:0"), (true, Bt601));
        assert_eq!(colours((640, 480), ",colorimetry=bt709"), (false, Bt709));
        assert_eq!(colours((1920, 1080), ",colorimetry=1:4:0:0"), (true, Bt601));
        assert_eq!(colours((640, 480), ",colorimetry=0:6:0:0"), (false, Bt2020));
        assert_eq!(colours((640, 480), ",colorimetry=nonsense"), (false, Bt601));
    }

    #[test]
    fn what_the_container_states_holds_where_the_video_states_nothing() {
        use VideoColorMatrix::{Bt601, Bt709, Bt2020};
        let sd = (640, 480);
        let full = ContainerColours::new(Some(true), 1);
        assert_eq!(colours_with(sd, "", full), (true, Bt709));
        assert_eq!(colours_with(sd, ",colorimetry=2:0:0:0", full), (false, Bt709));
        assert_eq!(colours_with(sd, ",colorimetry=2:6:0:0", full), (false, Bt2020));
        assert_eq!(colours_with(sd, ",colorimetry=bt601", full), (false, Bt601));
        let limited = ContainerColours::new(Some(false), 9);
        assert_eq!(colours_with(sd, ",colorimetry=1:0:0:0", limited), (true, Bt2020));
        assert_eq!(colours_with(sd, "", ContainerColours::new(None, 1)), (false, Bt709));
        for unstated in [0, 2, 3, 255, 256] {
            assert_eq!(colours_with(sd, "", ContainerColours::new(Some(true), unstated)), (true, Bt601), "{unstated}");
        }
    }

    #[test]
    fn what_the_container_states_survives_caps() {
        for full_range in [Some(true), Some(false)] {
            for matrix in [1, 2, 4, 6, 7, 9] {
                let stated = ContainerColours::new(full_range, matrix);
                let more = format!(",colorimetry={}", stated.colorimetry().unwrap());
                let read = ContainerColours::of(&caps((640, 480), &more));
                let same = |code| if code == 5 { 6 } else { code };
                assert_eq!(read.full_range, full_range, "{more}");
                assert_eq!(same(read.numbers().0), matrix, "{more}");
                let (matrix, range) = stated.numbers();
                assert_eq!(ContainerColours::from_numbers(matrix, range), stated);
            }
        }
        assert_eq!(ContainerColours::of(&caps((640, 480), "")), ContainerColours::default());
    }

    #[test]
    fn what_is_not_converted_is_told_apart() {
        let of = |more: &str| {
            let caps = complete(&caps((640, 480), more), ContainerColours::default());
            Unconverted::of(&gst_video::VideoInfo::from_caps(&caps).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(of(",interlace-mode=progressive,colorimetry=bt709"), []);
        assert_eq!(of(",interlace-mode=interleaved"), [Unconverted::Interlaced]);
        assert_eq!(
            of(",interlace-mode=mixed,colorimetry=bt2100-hlg"),
            [Unconverted::Interlaced, Unconverted::HighDynamicRange]
        );
        assert_eq!(of(",colorimetry=bt2100-pq"), [Unconverted::HighDynamicRange]);
        assert_eq!(
            of(",colorimetry=1:0:14:0"),
            [Unconverted::HighDynamicRange],
            "neither matrix nor primaries are stated"
        );
    }

    #[test]
    fn pixels_that_are_not_square_change_the_width() {
        let shown = |size, par: &str| displayed_size(&caps(size, &format!(",pixel-aspect-ratio={par}"))).unwrap();
        assert_eq!(shown((720, 576), "64/45"), (1024, 576));
        assert_eq!(shown((720, 576), "16/15"), (768, 576));
        assert_eq!(shown((720, 480), "8/9"), (640, 480));
        assert_eq!(shown((720, 480), "1/1"), (720, 480));
        assert_eq!(shown((720, 480), "1/1000"), (720, 480), "a broken header");
        assert_eq!(shown((8000, 480), "9/1"), (8000, 480), "longer than a picture can be");
        assert_eq!(displayed_size(&caps((720, 480), "")), Some((720, 480)));
    }
}
