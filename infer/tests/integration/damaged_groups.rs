//! A group of pictures after a damaged one: it decodes as if nothing had happened.

use std::sync::Arc;

use bytes::Bytes;
use vru_infer::decode::FrameDecoder;
use vru_infer::model::Model;
use vru_media::Codec;
use vru_proto::v1;
use vru_runtime::test_util::{damaged, seeded_rng};

use super::clip::{access_units, coded_frame};
use super::support::nanodet;

/// Pictures from one key frame to the next in the test's streams.
const GROUP: usize = 10;
const ROUNDS: usize = 25;

/// The pictures of the last group.
fn decode(model: &Arc<Model>, encoding: v1::Encoding, units: &[Bytes]) -> Vec<(u64, Vec<u8>)> {
    let codec = if encoding == v1::Encoding::H264 { Codec::H264 } else { Codec::H265 };
    let mut decoder = FrameDecoder::new(model.clone());
    let mut pictures = Vec::new();
    for (at, unit) in units.iter().enumerate() {
        let key_frame = at % GROUP == 0;
        assert!(!key_frame || at == GROUP || codec.is_key_unit(unit));
        let frame = coded_frame("damaged", at as u64, unit, encoding);
        let frame = v1::Frame { key_frame, end_of_stream: at + 1 == units.len(), ..frame };
        for decoded in decoder.decode(frame).frames {
            let sequence = decoded.frame.id.unwrap().sequence;
            if sequence >= 2 * GROUP as u64 {
                pictures.push((sequence, decoded.picture.image.data));
            }
        }
    }
    pictures
}

#[test]
fn a_group_of_pictures_after_a_damaged_one_is_decoded_to_the_bit() {
    let mut random = seeded_rng("a_group_of_pictures_after_a_damaged_one_is_decoded_to_the_bit");
    let engine = nanodet();
    for encoding in [v1::Encoding::H264, v1::Encoding::H265] {
        let units = access_units(encoding, 3 * GROUP);
        let intact = decode(engine.model(), encoding, &units);
        assert_eq!(intact.len(), GROUP);
        for round in 0..ROUNDS {
            let mut broken = units.clone();
            // libavcodec carries the rest of a block in which it failed into the next picture, so the last one is intact.
            for unit in &mut broken[GROUP..2 * GROUP - 1] {
                *unit = damaged(&mut random, unit);
            }
            let found = decode(engine.model(), encoding, &broken);
            assert!(found == intact, "{encoding:?}, round {round}: the pictures differ");
        }
    }
}
