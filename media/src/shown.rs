//! How a player shows a picture, from its caps: its colours and the shape of its pixels. Cameras and files often state neither.

use gstreamer as gst;
use gstreamer_video as gst_video;
use gstreamer_video::{VideoColorMatrix, VideoColorRange, VideoColorimetry, VideoTransferFunction};

/// From this width on, or above this height, colours without a stated matrix are BT.709, as players assume.
const HD_WIDTH: u32 = 1_280;
const SD_HEIGHT: u32 = 576;
/// A pixel that is stated to be longer than this many times its other side comes from a broken header.
const MAX_PIXEL_ASPECT: i32 = 10;
/// Longest side of a picture in a message.
const MAX_SIDE: u32 = 16_384;

/// The caps with colours and shape of pixels as a player shows them. GStreamer's own defaults differ: it ignores a stated range if the matrix
/// is not stated, and takes every picture with 2160 lines for BT.2020. Caps that are not of raw video are returned as they are.
pub fn complete(caps: &gst::CapsRef) -> gst::Caps {
    let mut complete = caps.to_owned();
    let Ok(info) = gst_video::VideoInfo::from_caps(caps) else { return complete };
    let colours = caps.structure(0).and_then(|caps| caps.get::<&str>("colorimetry").ok());
    let stated = colours.and_then(|text| text.parse::<VideoColorimetry>().ok());
    if let Some(fields) = complete.make_mut().structure_mut(0) {
        if !info.is_rgb() {
            fields.set("colorimetry", colours_of(&info, stated).to_string());
        }
        fields.set("pixel-aspect-ratio", plausible(info.par()));
    }
    complete
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

fn colours_of(info: &gst_video::VideoInfo, stated: Option<VideoColorimetry>) -> VideoColorimetry {
    let unknown = VideoColorimetry::new(
        VideoColorRange::Unknown,
        VideoColorMatrix::Unknown,
        VideoTransferFunction::Unknown,
        gst_video::VideoColorPrimaries::Unknown,
    );
    let stated = stated.unwrap_or(unknown);
    let range =
        if stated.range() == VideoColorRange::Range0_255 { stated.range() } else { VideoColorRange::Range16_235 };
    // The transfer function for 12 bits, with fewer bits: hardware decoders state this default of GStreamer, and no encoder does.
    let default = stated.transfer() == VideoTransferFunction::Bt202012 && info.comp_depth(0) < 12;
    let matrix = match stated.matrix() {
        VideoColorMatrix::Unknown | VideoColorMatrix::Rgb => by_size(info),
        VideoColorMatrix::Bt2020 if default => by_size(info),
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
        let info = gst_video::VideoInfo::from_caps(&complete(&caps(size, more))).unwrap();
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
