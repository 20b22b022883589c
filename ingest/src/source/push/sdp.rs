//! Parses the session description in an ANNOUNCE.

use sdp_types::Media;

use crate::source::video_format::{JPEG_PAYLOAD_TYPE, VideoFormat};

/// No camera has more tracks than this.
const MAX_TRACKS: usize = 16;

/// The video track of an announcement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct VideoTrack {
    pub(super) format: VideoFormat,
    pub(super) payload_type: u8,
    pub(super) clock_rate: u32,
    /// Format parameters, such as `sprop-parameter-sets`.
    pub(super) parameters: Vec<(String, String)>,
}

/// An announcement with a supported video track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Announcement {
    /// The `a=control` of each track, in order; empty where a track has none.
    pub(super) controls: Vec<String>,
    /// The index of the video track.
    pub(super) video_index: usize,
    pub(super) video: VideoTrack,
}

/// Parses an announcement. The error explains why it is refused.
pub(super) fn parse(body: &[u8]) -> Result<Announcement, &'static str> {
    let description = sdp_types::Session::parse(body).map_err(|_| "the body is not a session description")?;
    if description.medias.len() > MAX_TRACKS {
        return Err("the announcement has more than 16 tracks");
    }
    let found = description.medias.iter().enumerate().find_map(|(index, media)| Some((index, video(media)?)));
    let (video_index, video) = found.ok_or("the announcement has no video track in H.264, H.265 or JPEG")?;
    let control = |media: &Media| attribute(media, "control").unwrap_or_default().to_owned();
    Ok(Announcement { controls: description.medias.iter().map(control).collect(), video_index, video })
}

fn attribute<'a>(media: &'a Media, name: &str) -> Option<&'a str> {
    media.attributes.iter().find(|attribute| attribute.attribute == name)?.value.as_deref()
}

fn video(media: &Media) -> Option<VideoTrack> {
    if media.media != "video" {
        return None;
    }
    let payload_type: u8 = media.fmt.split_whitespace().next()?.parse().ok().filter(|number| *number < 128)?;
    let (format, clock_rate) = match attribute(media, "rtpmap") {
        Some(map) => mapped(map, payload_type)?,
        // The number has this meaning without a map.
        None if payload_type == JPEG_PAYLOAD_TYPE => (VideoFormat::Jpeg, 90_000),
        None => return None,
    };
    let mut parameters = attribute(media, "fmtp").map(|text| parameters(text, payload_type)).unwrap_or_default();
    // The size of a JPEG that is larger than its RTP header can tell.
    let size = attribute(media, "x-dimensions").filter(|size| format == VideoFormat::Jpeg && size.len() <= 32);
    parameters.extend(size.map(|size| ("x-dimensions".to_owned(), size.to_owned())));
    Some(VideoTrack { format, payload_type, clock_rate, parameters })
}

/// Format and clock rate in an `rtpmap`.
fn mapped(map: &str, payload_type: u8) -> Option<(VideoFormat, u32)> {
    let (_, encoding) = map.split_once(' ').filter(|(number, _)| number.parse() == Ok(payload_type))?;
    let mut parts = encoding.trim().split('/');
    let format = VideoFormat::from_rtp_name(parts.next()?)?;
    let clock_rate = parts.next()?.parse().ok().filter(|rate| (1..=1_000_000_000).contains(rate))?;
    Some((format, clock_rate))
}

fn parameters(text: &str, payload_type: u8) -> Vec<(String, String)> {
    let Some((number, list)) = text.split_once(' ') else { return Vec::new() };
    if number.parse() != Ok(payload_type) {
        return Vec::new();
    }
    // Keep only parameters that a depayloader uses, because their names become fields of caps.
    let wanted =
        ["packetization-mode", "profile-level-id", "sprop-parameter-sets", "sprop-vps", "sprop-sps", "sprop-pps"];
    list.split(';')
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, value)| wanted.contains(name) && value.len() <= 4_096 && value.is_ascii())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use vru_media::Codec;

    use super::*;

    const FFMPEG: &str = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=No Name\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\na=tool:libavformat\r\n\
        m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/48000/2\r\na=control:streamid=0\r\n\
        m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n\
        a=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z2QAFq,aOvjyyLA; profile-level-id=640016; x-evil=1\r\n\
        a=control:streamid=1\r\n";

    #[test]
    fn the_video_track_is_found_beside_audio() {
        let announcement = parse(FFMPEG.as_bytes()).unwrap();
        assert_eq!(announcement.controls, ["streamid=0", "streamid=1"]);
        assert_eq!(announcement.video_index, 1);
        let video = announcement.video;
        assert_eq!((video.format, video.payload_type, video.clock_rate), (VideoFormat::Coded(Codec::H264), 96, 90_000));
        let names: Vec<_> = video.parameters.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["packetization-mode", "sprop-parameter-sets", "profile-level-id"]);
    }

    #[test]
    fn jpeg_needs_no_map_and_may_tell_its_size() {
        let body =
            "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 26\r\na=x-dimensions:2560,1440\r\n";
        let video = parse(body.as_bytes()).unwrap().video;
        assert_eq!((video.format, video.payload_type, video.clock_rate), (VideoFormat::Jpeg, 26, 90_000));
        assert_eq!(video.parameters, [("x-dimensions".to_owned(), "2560,1440".to_owned())]);
        assert!(parse(body.replace("AVP 26", "AVP 96").as_bytes()).is_err(), "a dynamic number needs a map");
    }

    #[test]
    fn announcements_without_supported_video_are_refused() {
        for (from, to) in [("H264/90000", "VP9/90000"), ("H264/90000", "H264/0"), ("m=video", "m=audio"), ("v=0", "x")]
        {
            assert!(parse(FFMPEG.replace(from, to).as_bytes()).is_err(), "{to}");
        }
        assert!(parse(&[0xff; 300]).is_err());
    }

    #[test]
    fn truncated_announcements_never_panic() {
        for end in 0..FFMPEG.len() {
            drop(parse(&FFMPEG.as_bytes()[..end]));
        }
    }
}
