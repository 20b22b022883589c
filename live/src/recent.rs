//! The access units of one camera since its last key frame, for viewers who come in between: without them they would wait for the next one.

use std::collections::VecDeque;
use std::sync::Arc;

use vru_proto::FrameKey;
use vru_proto::v1;

use crate::message::{Message, PictureHead, Shown, Turn};

/// Twelve seconds of a camera with 25 pictures a second. Who comes later in a longer group waits for the next key frame.
const MAX_UNITS: usize = 300;
const MAX_BYTES: usize = 4 * 1024 * 1024;

#[derive(Debug, Default)]
pub(crate) struct Recent {
    /// They follow each other without a gap, and begin with a key frame.
    units: VecDeque<Kept>,
    bytes: usize,
}

#[derive(Debug)]
struct Kept {
    key: FrameKey,
    frame: Box<v1::Frame>,
    /// Made when the first viewer needs it, for all of them.
    message: Option<Arc<Message>>,
}

impl Recent {
    pub(crate) fn push(&mut self, key: FrameKey, frame: Box<v1::Frame>) {
        let last = self.units.back().map(|last| &last.key);
        let follows = last.is_some_and(|last| (last.session, last.sequence + 1) == (key.session, key.sequence));
        if frame.key_frame || !follows {
            self.forget();
        }
        let fits = self.units.len() < MAX_UNITS && self.bytes + frame.payload.len() <= MAX_BYTES;
        if !fits {
            self.forget();
        }
        if (frame.key_frame || follows) && fits {
            self.bytes += frame.payload.len();
            self.units.push_back(Kept { key, frame, message: None });
        }
    }

    pub(crate) fn forget(&mut self) {
        self.units.clear();
        self.bytes = 0;
    }

    /// From the key frame on.
    pub(crate) fn messages(&mut self, codec: &str) -> Vec<Arc<Message>> {
        self.units.iter_mut().map(|kept| kept.message(codec).clone()).collect()
    }
}

impl Kept {
    fn message(&mut self, codec: &str) -> &Arc<Message> {
        let Self { key, frame, message } = self;
        message.get_or_insert_with(|| {
            let head = PictureHead { earlier: Some(true), ..head(frame, codec) };
            let source = (frame.source_width, frame.source_height);
            let shown = Shown { key, captured_at_us: frame.captured_at_us, source, analysis: None };
            Arc::new(Message::unit(shown, head, &frame.payload))
        })
    }
}

/// How a viewer decodes the access unit of this frame.
pub(crate) fn head<'a>(frame: &v1::Frame, codec: &'a str) -> PictureHead<'a> {
    let turn = vru_media::frame::orientation(frame);
    let turned = turn != vru_media::Orientation::UPRIGHT;
    PictureHead {
        media_type: "video/h264",
        width: frame.width,
        height: frame.height,
        codec: Some(codec),
        key_frame: Some(frame.key_frame),
        turn: turned.then(|| Turn { mirrored: turn.mirrored, degrees: u32::from(turn.quarters) * 90 }),
        earlier: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Content;

    fn push(recent: &mut Recent, sequence: u64, key_frame: bool, bytes: usize) {
        let payload = vec![0; bytes].into();
        let key = FrameKey { camera: "c".parse().unwrap(), session: 1, sequence };
        recent.push(key, Box::new(v1::Frame { key_frame, payload, ..v1::Frame::default() }));
    }

    fn kept(recent: &mut Recent) -> Vec<u64> {
        let sequence = |message: &Arc<Message>| match message.content {
            Content::Unit { sequence, .. } => sequence,
            other => panic!("{other:?}"),
        };
        recent.messages("avc1.640028").iter().map(sequence).collect()
    }

    #[test]
    fn what_is_kept_can_be_decoded() {
        let mut recent = Recent::default();
        push(&mut recent, 4, false, 10);
        assert_eq!(kept(&mut recent), Vec::<u64>::new());
        for sequence in 5..=8 {
            push(&mut recent, sequence, sequence == 5, 10);
        }
        assert_eq!(kept(&mut recent), [5, 6, 7, 8]);
        push(&mut recent, 9, true, 10);
        push(&mut recent, 10, false, 10);
        assert_eq!(kept(&mut recent), [9, 10]);
        // 11 is missing.
        push(&mut recent, 12, false, 10);
        push(&mut recent, 13, false, 10);
        assert_eq!(kept(&mut recent), Vec::<u64>::new());
    }

    #[test]
    fn it_is_bounded() {
        let mut recent = Recent::default();
        for sequence in 0..MAX_UNITS as u64 {
            push(&mut recent, sequence, sequence == 0, 10);
        }
        assert_eq!(kept(&mut recent).len(), MAX_UNITS);
        push(&mut recent, MAX_UNITS as u64, false, 10);
        assert_eq!((kept(&mut recent).len(), recent.bytes), (0, 0));
        push(&mut recent, 400, true, MAX_BYTES);
        assert_eq!(kept(&mut recent), [400]);
        push(&mut recent, 401, false, 1);
        push(&mut recent, 402, false, 1);
        assert_eq!((kept(&mut recent).len(), recent.bytes), (0, 0));
    }
}
