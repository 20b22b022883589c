//! Streams whose sequence parameter set was changed after encoding.

use super::*;

/// The bits of a sequence parameter set, and where the fields are that tests change.
struct Sps {
    bits: Vec<bool>,
    at: usize,
}

impl Sps {
    /// Reads the payload of the NAL unit, without its header byte.
    fn new(payload: &[u8]) -> Self {
        let mut zeros = 0;
        let mut bits = Vec::new();
        for byte in payload {
            if zeros >= 2 && *byte == 3 {
                zeros = 0;
                continue;
            }
            zeros = if *byte == 0 { zeros + 1 } else { 0 };
            bits.extend((0..8).rev().map(|bit| byte >> bit & 1 == 1));
        }
        Self { bits, at: 0 }
    }

    fn take(&mut self, count: usize) -> usize {
        let value = self.bits[self.at..][..count].iter().fold(0, |value, bit| value << 1 | usize::from(*bit));
        self.at += count;
        value
    }

    fn exp_golomb(&mut self) -> usize {
        let zeros = self.bits[self.at..].iter().position(|bit| *bit).unwrap();
        self.at += zeros;
        self.take(zeros + 1) - 1
    }

    /// Moves to the number of reference pictures.
    fn seek_references(&mut self) {
        let profile = self.take(8);
        assert!(profile == 66 || profile == 77, "profile {profile} has more fields");
        self.take(16);
        self.exp_golomb();
        self.exp_golomb();
        let order = self.exp_golomb();
        assert_ne!(order, 1, "a picture order in cycles has more fields");
        if order == 0 {
            self.exp_golomb();
        }
    }

    /// Moves to the flag of the optional part, which states how far pictures are reordered.
    fn seek_optional_part(&mut self) {
        self.seek_references();
        self.exp_golomb();
        self.take(1);
        self.exp_golomb();
        self.exp_golomb();
        assert_eq!(self.take(1), 1, "whole frames");
        self.take(1);
        if self.take(1) == 1 {
            for _ in 0..4 {
                self.exp_golomb();
            }
        }
    }

    fn payload(mut self) -> Vec<u8> {
        while !self.bits.len().is_multiple_of(8) {
            self.bits.push(false);
        }
        let mut payload = Vec::new();
        for byte in self.bits.chunks(8) {
            let byte = byte.iter().fold(0, |value, bit| value << 1 | u8::from(*bit));
            if byte <= 3 && payload.ends_with(&[0, 0]) {
                payload.push(3);
            }
            payload.push(byte);
        }
        payload
    }
}

/// The H.264 unit with a changed parameter set, if it has one.
fn change(unit: &Bytes, change: impl Fn(&mut Sps)) -> Bytes {
    let Some(start) = unit.windows(4).position(|window| window[..3] == [0, 0, 1] && window[3] & 0x1f == 7) else {
        return unit.clone();
    };
    let begin = start + 4;
    let end = begin + unit[begin..].windows(3).position(|window| window[..2] == [0, 0] && window[2] <= 1).unwrap();
    let mut sps = Sps::new(&unit[begin..end]);
    change(&mut sps);
    [&unit[..begin], &sps.payload(), &unit[end..]].concat().into()
}

/// As many cameras send it.
fn without_stated_reordering(unit: &Bytes) -> Bytes {
    change(unit, |sps| {
        sps.seek_optional_part();
        sps.bits.truncate(sps.at);
        // The flag, and the bit that ends the parameter set.
        sps.bits.extend([false, true]);
    })
}

fn stating_one_reference(unit: &Bytes) -> Bytes {
    change(unit, |sps| {
        sps.seek_references();
        let begin = sps.at;
        assert!(sps.exp_golomb() > 1, "the stream has only one reference");
        sps.bits.splice(begin..sps.at, [false, true, false]);
    })
}

#[test]
fn a_live_stream_that_does_not_state_its_reordering_is_not_delayed() {
    let encoder =
        "videoconvert ! video/x-raw,format=I420 ! x264enc tune=zerolatency key-int-max=10 speed-preset=ultrafast";
    let units = units(Codec::H264, encoder, 25, (320, 240));
    let changed: Vec<Bytes> = units.iter().map(without_stated_reordering).collect();
    assert!(changed[0].len() < units[0].len());
    let mut decoder = VideoDecoder::new(Codec::H264, Reordering::AsSeen).unwrap();
    for (id, unit) in changed.into_iter().enumerate() {
        let pictures = decoder.push(unit, id as u64, id % 10 == 0).unwrap();
        assert_eq!(pictures.iter().map(|picture| picture.id).collect::<Vec<_>>(), [id as u64]);
    }
}

#[test]
fn a_stream_with_more_references_than_it_states_gives_gstreamers_pixels() {
    let encoder = "videoconvert ! video/x-raw,format=I420 ! x264enc ref=4 bframes=0 dct8x8=false key-int-max=30 \
                   speed-preset=slower rc-lookahead=0 ! video/x-h264,profile=main";
    let units = units_of(Codec::H264, "smpte", encoder, 30, (320, 240));
    let changed: Vec<Bytes> = units.iter().map(stating_one_reference).collect();
    assert_ne!(units[0], changed[0]);
    assert_pixels_are_gstreamers(Codec::H264, "one reference stated", changed);
}
