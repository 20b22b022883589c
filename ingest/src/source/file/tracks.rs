//! Which video of a file is read. Containers also hold pictures: a cover, a thumbnail, a preview.

use gstreamer as gst;
use gstreamer::prelude::*;

/// A stream of the file.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) pad: gst::Pad,
    caps: gst::Caps,
}

impl Track {
    pub(super) fn new(pad: gst::Pad) -> Self {
        let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
        Self { pad, caps }
    }

    pub(super) fn media_type(&self) -> &str {
        self.caps.structure(0).map_or("", |structure| structure.name().as_str())
    }

    pub(super) fn rate(&self) -> Option<(i32, i32)> {
        let rate = self.caps.structure(0)?.get::<gst::Fraction>("framerate").ok()?;
        Some((rate.numer(), rate.denom()))
    }

    fn is_video(&self) -> bool {
        self.media_type().starts_with("video/") || self.is_picture_format()
    }

    /// Formats of single pictures. A video may consist of them too, as with MJPEG.
    fn is_picture_format(&self) -> bool {
        self.media_type().starts_with("image/")
    }

    /// The demuxer knows several frames: a track with one picture has no rate.
    fn has_rate(&self) -> bool {
        self.rate().is_some_and(|(frames, _)| frames > 0)
    }

    fn describe(&self) -> String {
        let side = |name| self.caps.structure(0).and_then(|structure| structure.get::<i32>(name).ok()).unwrap_or(0);
        format!("{} {}x{}", self.media_type(), side("width"), side("height"))
    }
}

/// The track to read, and a note if there is a choice between several videos. `usable` tells which media types can be read.
pub(super) fn choose(tracks: &[Track], usable: impl Fn(&Track) -> bool) -> Option<(usize, Option<String>)> {
    let videos: Vec<usize> = (0..tracks.len()).filter(|&at| tracks[at].is_video() && usable(&tracks[at])).collect();
    // Of equals the first, as players do.
    let rank = |&at: &usize| (tracks[at].is_picture_format(), !tracks[at].has_rate());
    let chosen = *videos.iter().min_by_key(|at| rank(at))?;
    let moving = videos.iter().filter(|at| rank(at) == rank(&chosen)).count();
    let note = (moving > 1).then(|| {
        let list: Vec<_> = videos.iter().map(|&at| tracks[at].describe()).collect();
        format!("the first of {moving} videos ({}); the file has {}", tracks[chosen].describe(), list.join(", "))
    });
    Some((chosen, note))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(caps: &str) -> Track {
        vru_media::init().unwrap();
        let caps: gst::Caps = caps.parse().unwrap();
        Track { pad: gst::Pad::new(gst::PadDirection::Src), caps }
    }

    fn chosen(caps: &[&str]) -> (Option<usize>, bool) {
        let tracks: Vec<Track> = caps.iter().map(|caps| track(caps)).collect();
        let choice = choose(&tracks, |_| true);
        (choice.as_ref().map(|(at, _)| *at), choice.is_some_and(|(_, note)| note.is_some()))
    }

    #[test]
    fn pictures_are_no_video_where_there_is_one() {
        const SOUND: &str = "audio/mpeg";
        const COVER: &str = "image/jpeg, width=160, height=120";
        const STILL: &str = "video/x-h264, width=160, height=120, framerate=0/1";
        const FILM: &str = "video/x-h264, width=320, height=240, framerate=10/1";
        const MJPEG: &str = "image/jpeg, width=320, height=240, framerate=10/1";
        assert_eq!(chosen(&[SOUND, COVER, FILM]), (Some(2), false));
        assert_eq!(chosen(&[STILL, FILM]), (Some(1), false));
        assert_eq!(chosen(&[COVER, MJPEG]), (Some(1), false));
        assert_eq!(chosen(&[SOUND, MJPEG]), (Some(1), false));
        assert_eq!(chosen(&[STILL]), (Some(0), false));
        assert_eq!(chosen(&[COVER]), (Some(0), false));
        assert_eq!(chosen(&[FILM, FILM]), (Some(0), true), "a choice is said");
        assert_eq!(chosen(&[SOUND]), (None, false));
    }
}
