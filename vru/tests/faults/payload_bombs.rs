//! Small payloads that would cost gigabytes or hours to decode are refused with a reason, and cost neither.

use std::time::Duration;

use bytes::Bytes;
use vru_proto::v1::{Encoding, Frame};
use vru_runtime::test_util::bombs::{grey_jpeg, h264_pps, h264_sps};
use vru_runtime::test_util::{Codec, access_units, jpegs};

use crate::payloads::{Inference, end, frame};

/// Less than the decoded picture of the smallest bomb here.
const GROWTH: u64 = 100 * 1024 * 1024;

/// A unit of a real stream with other parameter sets.
fn with_parameter_sets(unit: &Bytes, width: u32, height: u32) -> Bytes {
    let mut parts = Vec::new();
    for nal in [h264_sps(width, height), h264_pps()] {
        parts.extend([0, 0, 0, 1]);
        parts.extend(nal);
    }
    // The slices of the key frame.
    let slice = unit.windows(4).position(|window| window[..3] == [0, 0, 1] && window[3] & 0x1f == 5).unwrap();
    parts.extend(&unit[slice..]);
    parts.into()
}

fn sized(width: u32, height: u32, frame: Frame) -> Frame {
    Frame { width, height, source_width: width, source_height: height, ..frame }
}

#[test]
fn bombs_are_refused_with_a_reason_and_cost_no_memory() {
    let inference = Inference::start("bombs");
    let picture = jpegs(1).remove(0);
    let unit = access_units(Codec::H264, 1).remove(0);
    let good = |camera: &str, sequence| frame(camera, sequence, Encoding::Jpeg, picture.clone());
    let coded = |camera: &str, sequence, payload| frame(camera, sequence, Encoding::H264, payload);
    inference.publish(&[good("warm", 0), coded("warm-h264", 0, unit.clone()), end("warm-h264", 1, Encoding::H264)]);
    inference.outcome();
    let before = inference.peak_bytes();

    // The bomb, and a part of the reason. A good frame of the same camera follows each bomb.
    let jpeg = |camera: &str, payload: Vec<u8>| frame(camera, 0, Encoding::Jpeg, payload.into());
    let bombs = [
        // The record claims a small size.
        (jpeg("huge", grey_jpeg(30_000, 30_000, 0)), "30000×30000"),
        // The largest size that a record may have.
        (sized(16_384, 16_384, jpeg("large", grey_jpeg(16_384, 16_384, 0))), "16384×16384"),
        (jpeg("lies", grey_jpeg(8_192, 8_192, 0)), "the record says 768×576 pixels, the JPEG 8192×8192"),
        (sized(2_000, 2_000, jpeg("scans", grey_jpeg(2_000, 2_000, 20_000))), "scans"),
        (coded("sps", 0, with_parameter_sets(&unit, 16_384, 16_384)), "16384×16384"),
        (sized(16_384, 16_384, coded("sps-says-so", 0, with_parameter_sets(&unit, 16_384, 16_384))), "16384×16384"),
    ];
    let before_cpu = inference.cpu_time();
    for (bomb, _) in &bombs {
        let camera = &bomb.id.as_ref().unwrap().camera_id;
        inference.publish(std::slice::from_ref(bomb));
        if bomb.encoding() == Encoding::Jpeg {
            inference.publish(&[good(camera, 1)]);
        } else {
            inference.publish(&[coded(camera, 1, unit.clone()), end(camera, 2, Encoding::H264)]);
        }
    }
    let outcome = inference.outcome();
    let took = inference.cpu_time().saturating_sub(before_cpu);
    let grown = inference.peak_bytes() - before;
    assert!(grown < GROWTH, "memory grew by {grown} bytes");
    assert!(took < Duration::from_secs(30), "CPU time: {took:?}");
    for (bomb, words) in &bombs {
        let camera = &bomb.id.as_ref().unwrap().camera_id;
        let reason = outcome.letters.get(&(camera.clone(), 0)).unwrap_or_else(|| panic!("{camera} was not refused"));
        assert!(reason.contains(words), "{camera}: {reason}");
        let alone = if bomb.encoding() == Encoding::Jpeg { "warm" } else { "warm-h264" };
        assert_eq!(outcome.seen(camera, 1), outcome.seen(alone, 0), "{camera}: the good frame after the bomb");
        assert_eq!(inference.dropped(camera), 1, "{camera}");
    }
    assert!(inference.service.stop().success(), "{}", inference.service.log_tail());
}
