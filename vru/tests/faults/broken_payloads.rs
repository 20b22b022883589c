//! Valid records with broken pictures: truncated, with flipped bits, or with random bytes.

use bytes::Bytes;
use rand::rngs::StdRng;
use vru_proto::v1::{Encoding, Frame};
use vru_runtime::test_util::{Codec, access_units, damaged, jpegs, seeded_rng};

use crate::payloads::{Inference, end, frame};

/// Memory may grow by this: decoders that are created again fragment the heap.
const GROWTH: u64 = 200 * 1024 * 1024;
/// Pictures from one key frame to the next.
const GROUP: usize = 10;

/// Three broken pictures after each intact one. One of the three is analysed; the others are only decoded, where a broken picture
/// can do harm, because the model would take most of the time.
fn jpeg_frames(camera: &str, random: &mut StdRng, pictures: &[Bytes]) -> Vec<Frame> {
    let mut frames = Vec::new();
    for picture in pictures {
        for number in 0..4 {
            let payload = if number == 0 { picture.clone() } else { damaged(random, picture) };
            let analyse = number < 2;
            frames.push(Frame { analyse, ..frame(camera, frames.len() as u64, Encoding::Jpeg, payload) });
        }
    }
    frames
}

/// Every second group of pictures is intact; in the others all pictures but the last are broken. libavcodec carries the rest of a
/// block in which it failed into the next picture, even if that is a key frame: one intact picture between them prevents this.
fn coded_frames(camera: &str, codec: Codec, mut random: Option<&mut StdRng>, units: &[Bytes]) -> Vec<Frame> {
    let (encoding, media) = match codec {
        Codec::H264 => (Encoding::H264, vru_media::Codec::H264),
        Codec::H265 => (Encoding::H265, vru_media::Codec::H265),
    };
    let mut frames: Vec<Frame> = Vec::new();
    for (index, unit) in units.iter().enumerate() {
        let intact = is_in_intact_group(index as u64);
        let payload = match &mut random {
            Some(random) if !intact && index % GROUP < GROUP - 1 => damaged(random, unit),
            _ => unit.clone(),
        };
        let key_frame = media.is_key_unit(unit);
        assert_eq!(key_frame, index % GROUP == 0);
        let analyse = is_compared(index as u64) || index % 5 == 0;
        frames.push(Frame { key_frame, analyse, ..frame(camera, index as u64, encoding, payload) });
    }
    frames.push(end(camera, units.len() as u64, encoding));
    frames
}

fn is_in_intact_group(sequence: u64) -> bool {
    (sequence / GROUP as u64).is_multiple_of(2)
}

/// Compares some pictures of an intact group; the last ones depend on all others of it.
fn is_compared(sequence: u64) -> bool {
    is_in_intact_group(sequence) && matches!(sequence % GROUP as u64, 0 | 4 | 8 | 9)
}

#[test]
fn broken_pictures_are_accounted_for_and_do_not_change_intact_ones() {
    let mut random = seeded_rng("broken_pictures_are_accounted_for_and_do_not_change_intact_ones");
    let inference = Inference::start("broken");
    let pictures = jpegs(40);
    let intact: Vec<Frame> =
        (0..).zip(&pictures).map(|(at, picture)| frame("jpeg-alone", at, Encoding::Jpeg, picture.clone())).collect();
    let mut streams =
        vec![("jpeg-alone".to_owned(), intact), ("jpeg".to_owned(), jpeg_frames("jpeg", &mut random, &pictures))];
    for (name, codec) in [("h264", Codec::H264), ("h265", Codec::H265)] {
        let units = access_units(codec, 8 * GROUP);
        let alone = format!("{name}-alone");
        streams.push((alone.clone(), coded_frames(&alone, codec, None, &units)));
        for number in 0..3 {
            let camera = format!("{name}-{number}");
            streams.push((camera.clone(), coded_frames(&camera, codec, Some(&mut random), &units)));
        }
    }
    // The first frames show what a worker needs in any case.
    inference.publish(&streams[0].1);
    inference.outcome();
    let before = inference.peak_bytes();
    for (_, frames) in &streams[1..] {
        inference.publish(frames);
    }
    let outcome = inference.outcome();
    let grown = inference.peak_bytes() - before;
    assert!(grown < GROWTH, "memory grew by {grown} bytes");

    let mut all_dropped = 0;
    for (camera, frames) in &streams {
        let (analysed, letters) = outcome.counts(camera);
        let dropped = inference.dropped(camera);
        let only_decoded = inference.only_decoded(camera);
        assert_eq!(frames.len() as u64, analysed + dropped + only_decoded, "{camera}: frames are unaccounted for");
        assert!(letters <= dropped, "{camera}: {letters} dead letters, but {dropped} dropped frames");
        all_dropped += dropped;
        for sequence in 0..frames.len() as u64 {
            match camera.split_once('-').unwrap_or((camera, "")) {
                (_, "alone") => {}
                ("jpeg", _) if sequence % 4 == 0 => {
                    assert_eq!(outcome.seen(camera, sequence), outcome.seen("jpeg-alone", sequence / 4));
                }
                (codec @ ("h264" | "h265"), _) if sequence + 1 < frames.len() as u64 && is_compared(sequence) => {
                    let alone = outcome.seen(&format!("{codec}-alone"), sequence);
                    assert_eq!(outcome.seen(camera, sequence), alone, "{camera} {sequence}");
                }
                _ => {}
            }
        }
        assert!(!camera.ends_with("alone") || dropped == 0, "{camera}: intact frames were dropped");
    }
    assert!(all_dropped >= 50, "the test broke only {all_dropped} pictures");
    let status = inference.service.stop();
    assert!(status.success(), "{}", inference.service.log_tail());
}
