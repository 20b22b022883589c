//! One message: the length of its head (32 bits, big-endian), the head as JSON, then the picture's bytes.

use bytes::{BufMut as _, Bytes, BytesMut};
use serde::Serialize;
use vru_proto::FrameKey;
use vru_proto::time::utc;

use crate::analysis::{Analysis, Object};
use crate::rendition::Rendition;

/// A message that all viewers of a rendition share.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) bytes: Bytes,
    pub(crate) content: Content,
}

/// What decides how it may be skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Boxes,
    /// Stands for itself.
    Picture,
    /// Needs the ones before it, back to a key frame.
    Unit {
        session: u64,
        sequence: u64,
        key_frame: bool,
    },
}

/// How a decoder must turn a picture so that it is upright: mirrored first, then rotated clockwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Turn {
    pub(crate) mirrored: bool,
    pub(crate) degrees: u32,
}

/// The picture of a message.
#[derive(Debug, Serialize)]
pub(crate) struct PictureHead<'a> {
    #[serde(rename = "type")]
    pub(crate) media_type: &'a str,
    /// Of the encoded picture.
    pub(crate) width: u32,
    pub(crate) height: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) codec: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key_frame: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) turn: Option<Turn>,
    /// It is from before the viewer came, and is there because later ones need it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) earlier: Option<bool>,
}

#[derive(Debug, Serialize)]
struct Head<'a> {
    camera_id: &'a str,
    /// A text: a session of a file may be larger than what JavaScript can count.
    session: String,
    sequence: u64,
    captured_at: String,
    rendition: Rendition,
    source: Source,
    picture: Option<PictureHead<'a>>,
    /// Null if the frame was not analysed.
    objects: Option<&'a [Object]>,
}

#[derive(Debug, Serialize)]
struct Source {
    width: u32,
    height: u32,
}

/// A frame as far as every rendition of it is the same.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown<'a> {
    pub(crate) key: &'a FrameKey,
    pub(crate) captured_at_us: i64,
    pub(crate) source: (u32, u32),
    pub(crate) analysis: Option<&'a Analysis>,
}

impl Message {
    /// Boxes without a picture.
    pub(crate) fn boxes(key: &FrameKey, analysis: &Analysis) -> Self {
        let Analysis { captured_at_us, source, .. } = *analysis;
        let shown = Shown { key, captured_at_us, source, analysis: Some(analysis) };
        Self { bytes: write(shown, Rendition::None, None, &[]), content: Content::Boxes }
    }

    pub(crate) fn jpeg(shown: Shown<'_>, rendition: Rendition, size: (u32, u32), jpeg: &[u8]) -> Self {
        let (codec, key_frame, turn, earlier) = (None, None, None, None);
        let (width, height) = size;
        let head = PictureHead { media_type: "image/jpeg", width, height, codec, key_frame, turn, earlier };
        Self { bytes: write(shown, rendition, Some(head), jpeg), content: Content::Picture }
    }

    pub(crate) fn unit(shown: Shown<'_>, head: PictureHead<'_>, unit: &[u8]) -> Self {
        let key_frame = head.key_frame.unwrap_or_default();
        let content = Content::Unit { session: shown.key.session, sequence: shown.key.sequence, key_frame };
        Self { bytes: write(shown, Rendition::H264, Some(head), unit), content }
    }
}

fn write(shown: Shown<'_>, rendition: Rendition, picture: Option<PictureHead<'_>>, bytes: &[u8]) -> Bytes {
    let Shown { key, captured_at_us, source: (width, height), analysis } = shown;
    let head = Head {
        camera_id: key.camera.as_str(),
        session: key.session.to_string(),
        sequence: key.sequence,
        captured_at: format!("{}Z", utc(captured_at_us)),
        rendition,
        source: Source { width, height },
        picture,
        objects: analysis.map(|analysis| &*analysis.objects),
    };
    // It has no map with keys that are no texts, which is all that can fail.
    let head = serde_json::to_vec(&head).unwrap_or_default();
    let mut message = BytesMut::with_capacity(4 + head.len() + bytes.len());
    message.put_u32(head.len() as u32);
    message.put_slice(&head);
    message.put_slice(bytes);
    message.freeze()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use vru_proto::v1;

    use super::*;
    use crate::trails::Trails;

    fn parse(bytes: &Bytes) -> (Value, Bytes) {
        let length = u32::from_be_bytes(bytes[..4].try_into().unwrap()) as usize;
        (serde_json::from_slice(&bytes[4..4 + length]).unwrap(), bytes.slice(4 + length..))
    }

    #[test]
    fn a_message_has_the_frame_its_boxes_and_its_picture() {
        let key = FrameKey { camera: "gate".parse().unwrap(), session: 9_007_199_254_740_993, sequence: 7 };
        let object = v1::DetectedObject {
            r#box: Some(v1::Box { left: 480.0, top: 270.0, width: 192.0, height: 540.0 }),
            class: v1::RoadUserClass::Cyclist.into(),
            score: 0.912_34,
            track_id: 5,
            track_state: v1::TrackState::Confirmed.into(),
            zones: vec![1],
            ..v1::DetectedObject::default()
        };
        let found = v1::FrameDetections {
            captured_at_us: 1_700_000_000_050_000,
            source_width: 1920,
            source_height: 1080,
            objects: vec![object],
            zone_ids: vec!["a".to_owned(), "kerb".to_owned()],
            ..v1::FrameDetections::default()
        };
        let analysis = Analysis::new(&key, &found, &mut Trails::default());
        let (head, rest) = parse(&Message::boxes(&key, &analysis).bytes);
        let mut wanted = json!({
            "camera_id": "gate", "session": "9007199254740993", "sequence": 7, "captured_at": "2023-11-14T22:13:20.05Z",
            "rendition": "none", "source": { "width": 1920, "height": 1080 }, "picture": null,
            "objects": [{
                "track_id": "gate.9007199254740993.5", "class": "cyclist", "score": 0.912, "confirmed": true,
                "box": { "left": 0.25, "top": 0.25, "width": 0.1, "height": 0.5 }, "zones": ["kerb"], "trail": [[0.3, 0.75]],
            }],
        });
        assert_eq!((&head, rest.len()), (&wanted, 0));

        let shown = Shown { key: &key, captured_at_us: found.captured_at_us, source: (1920, 1080), analysis: None };
        let (head, rest) = parse(&Message::jpeg(shown, Rendition::Tile, (640, 360), b"picture").bytes);
        wanted["rendition"] = json!("tile");
        wanted["picture"] = json!({ "type": "image/jpeg", "width": 640, "height": 360 });
        wanted["objects"] = Value::Null;
        assert_eq!((head, &rest[..]), (wanted, &b"picture"[..]));
    }
}
