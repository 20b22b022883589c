//! Collects the frames of a clip from the records of its camera.

use vru_media::Orientation;
use vru_media::clip::ClipSample;
use vru_media::shown::ContainerColours;
use vru_proto::FrameKey;
use vru_proto::v1;

use super::clip_window::ClipWindow;

/// Frames of the window, in order.
#[derive(Debug, Default)]
pub(crate) struct ClipFrames {
    pub(super) window: ClipWindow,
    max_bytes: usize,
    pub(super) encoding: Option<v1::Encoding>,
    pub(super) orientation: Orientation,
    pub(super) colours: ContainerColours,
    /// Their ids are the sequence numbers.
    pub(super) samples: Vec<ClipSample>,
    pub(super) bytes: usize,
    /// No frame of the window precedes those that were read.
    pub(super) has_start: bool,
    /// No frame of the window follows those that were read, or there is no room for it.
    pub(super) has_end: bool,
    /// A frame was left out because of the limit of bytes.
    full: bool,
}

impl ClipFrames {
    pub(super) fn new(window: ClipWindow, max_bytes: usize) -> Self {
        Self { window, max_bytes, ..Self::default() }
    }

    /// Handles the camera's next frame.
    pub(super) fn add(&mut self, key: &FrameKey, frame: &v1::Frame) {
        if self.has_end || key.camera.as_str() != self.window.camera {
            return;
        }
        if key.session < self.window.session {
            self.has_start = true;
            return;
        }
        if key.session > self.window.session || frame.captured_at_us > self.window.to_us {
            self.has_end = true;
            return;
        }
        if !frame.payload.is_empty() {
            self.add_picture(key.sequence, frame);
        }
        self.has_end |= frame.end_of_stream;
    }

    fn add_picture(&mut self, id: u64, frame: &v1::Frame) {
        let (encoding, time_us) = (frame.encoding(), frame.captured_at_us);
        let key_frame = frame.key_frame || encoding == v1::Encoding::Jpeg;
        if time_us <= self.window.from_us && key_frame {
            self.has_start = true;
            // Before the window, keep only what a decoder needs to start: the frames since the last key frame.
            self.samples.clear();
            self.bytes = 0;
        }
        if time_us < self.window.from_us && encoding == v1::Encoding::Jpeg {
            return;
        }
        // The clip has one encoding, and a limit of bytes.
        self.full |= self.bytes + frame.payload.len() > self.max_bytes;
        if self.full || *self.encoding.get_or_insert(encoding) != encoding {
            self.has_end = true;
            return;
        }
        self.orientation = u8::try_from(frame.orientation).ok().and_then(Orientation::from_number).unwrap_or_default();
        let colours = frame.container_colours.as_ref();
        self.colours =
            colours.map(|stated| ContainerColours::from_numbers(stated.matrix, stated.range)).unwrap_or_default();
        self.bytes += frame.payload.len();
        self.samples.push(ClipSample { time_us, payload: frame.payload.clone(), key_frame, id });
    }

    /// Puts the frames before its own. They were read from the records directly before.
    pub(super) fn prepend(&mut self, earlier: Self) {
        self.has_start |= earlier.has_start;
        let changed = earlier.encoding.is_some() && self.encoding.is_some() && earlier.encoding != self.encoding;
        if changed {
            self.has_start = true;
            return;
        }
        if self.encoding.is_none() {
            (self.encoding, self.orientation, self.colours) = (earlier.encoding, earlier.orientation, earlier.colours);
        }
        self.has_end |= earlier.has_end;
        let later = std::mem::replace(&mut self.samples, earlier.samples);
        if earlier.full {
            // A clip is cut at its end, and has no gap.
            self.bytes = earlier.bytes;
            return;
        }
        self.bytes += earlier.bytes;
        self.samples.extend(later);
        while self.bytes > self.max_bytes
            && let Some(last) = self.samples.pop()
        {
            self.bytes -= last.payload.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: i64 = 1_700_000_000_000_000;

    fn frames(from_us: i64, to_us: i64) -> ClipFrames {
        let window = ClipWindow {
            camera: "cam".to_owned(),
            session: 2,
            from_us: BASE + from_us,
            to_us: BASE + to_us,
            ..ClipWindow::default()
        };
        ClipFrames::new(window, 1_000)
    }

    fn add(frames: &mut ClipFrames, camera: &str, session: u64, at: i64, encoding: v1::Encoding, key_frame: bool) {
        let key = FrameKey { camera: camera.parse().unwrap(), session, sequence: 0 };
        let frame = v1::Frame {
            captured_at_us: BASE + at,
            encoding: encoding.into(),
            key_frame,
            payload: vec![0; 10].into(),
            ..Default::default()
        };
        frames.add(&key, &frame);
    }

    fn jpeg(frames: &mut ClipFrames, camera: &str, session: u64, at: i64) {
        add(frames, camera, session, at, v1::Encoding::Jpeg, true);
    }

    fn h264(frames: &mut ClipFrames, at: i64, key_frame: bool) {
        add(frames, "cam", 2, at, v1::Encoding::H264, key_frame);
    }

    fn times(frames: &ClipFrames) -> Vec<i64> {
        frames.samples.iter().map(|sample| sample.time_us - BASE).collect()
    }

    #[test]
    fn a_clip_has_the_frames_of_the_window_of_one_camera_and_session() {
        let mut frames = frames(10, 30);
        for (camera, session, at) in [("cam", 2, 5), ("cam", 2, 10), ("other", 2, 15), ("cam", 1, 15), ("cam", 2, 30)] {
            jpeg(&mut frames, camera, session, at);
            assert!(!frames.has_end);
        }
        jpeg(&mut frames, "cam", 2, 31);
        assert_eq!((times(&frames), frames.has_start, frames.has_end), (vec![10, 30], true, true));
    }

    #[test]
    fn passthrough_starts_at_the_key_frame_before_the_window() {
        let mut frames = frames(10, 30);
        for (at, key) in [(1, true), (2, false), (5, true), (8, false), (11, false)] {
            h264(&mut frames, at, key);
        }
        assert_eq!((times(&frames), frames.has_start), (vec![5, 8, 11], true));
    }

    #[test]
    fn a_clip_is_limited_in_bytes_and_ends_with_the_session() {
        let mut bounded = ClipFrames { max_bytes: 25, ..frames(0, 100) };
        for at in 0..5 {
            jpeg(&mut bounded, "cam", 2, at);
        }
        assert_eq!((bounded.has_end, bounded.samples.len()), (true, 2));
        let mut next = frames(0, 100);
        jpeg(&mut next, "cam", 3, 1);
        assert!(next.has_end);
    }

    #[test]
    fn what_is_read_later_goes_in_front_until_the_start_is_found() {
        let mut frames = frames(10, 30);
        h264(&mut frames, 12, false);
        h264(&mut frames, 14, true);
        assert!(!frames.has_start, "a key frame within the window does not show what precedes it");
        let mut earlier = ClipFrames::new(frames.window.clone(), 1_000);
        h264(&mut earlier, 7, false);
        h264(&mut earlier, 11, false);
        frames.prepend(earlier);
        assert!(!frames.has_start);
        let mut earliest = ClipFrames::new(frames.window.clone(), 1_000);
        h264(&mut earliest, 3, true);
        h264(&mut earliest, 5, false);
        frames.prepend(earliest);
        assert_eq!((times(&frames), frames.has_start), (vec![3, 5, 7, 11, 12, 14], true));
        assert_eq!(frames.bytes, 60);
    }

    #[test]
    fn a_clip_that_is_too_large_is_cut_at_its_end_and_has_no_gap() {
        let limited = || ClipFrames { max_bytes: 35, ..frames(10, 30) };
        let (mut later, mut earlier) = (limited(), limited());
        h264(&mut later, 20, false);
        h264(&mut later, 21, false);
        for at in 8..10 {
            h264(&mut earlier, at, at == 8);
        }
        later.prepend(earlier);
        assert_eq!((times(&later), later.bytes), (vec![8, 9, 20], 30));
        let (mut later, mut earlier) = (limited(), limited());
        h264(&mut later, 20, false);
        for at in 12..17 {
            h264(&mut earlier, at, at == 12);
        }
        later.prepend(earlier);
        assert_eq!((times(&later), later.bytes), (vec![12, 13, 14], 30));
    }

    #[test]
    fn an_earlier_session_or_another_encoding_is_the_start() {
        let mut first = frames(10, 30);
        jpeg(&mut first, "cam", 1, 20);
        assert!(first.has_start && first.samples.is_empty());
        let mut changed = frames(10, 30);
        jpeg(&mut changed, "cam", 2, 12);
        let mut earlier = frames(10, 30);
        h264(&mut earlier, 11, true);
        changed.prepend(earlier);
        assert_eq!((times(&changed), changed.has_start), (vec![12], true));
    }
}
