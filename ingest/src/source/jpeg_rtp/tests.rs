use std::fmt::Write as _;

use vru_media::jpeg::{JpegEncoder, decode};
use vru_vision::image::{Image, ImageRef};

use super::*;

const TIME: u32 = 9_000;

/// A picture in which every block differs from the others.
fn picture(width: u32, height: u32) -> Image {
    let pixel = |at: u32| {
        let (x, y) = (at % width, at / width);
        [(x * 255 / width) as u8, (y * 255 / height) as u8, ((x / 8 * 37 + y / 8 * 61) % 256) as u8]
    };
    Image { width, height, data: (0..width * height).flat_map(pixel).collect() }
}

/// A JPEG in parts.
struct Parts {
    whole: Vec<u8>,
    size: (u32, u32),
    /// Luminance and chrominance.
    tables: Vec<u8>,
    frame: Vec<u8>,
    data: Vec<u8>,
}

fn parts(width: u32, height: u32, quality: u8) -> Parts {
    let image = picture(width, height);
    let jpeg = ImageRef { width, height, data: &image.data };
    let whole = JpegEncoder::new(quality).unwrap().encode(jpeg).unwrap();
    let (mut tables, mut frame, mut at) = (Vec::new(), Vec::new(), 2);
    loop {
        let length = usize::from(u16::from_be_bytes([whole[at + 2], whole[at + 3]]));
        let content = &whole[at + 4..at + 2 + length];
        match whole[at + 1] {
            0xdb => content.chunks(65).for_each(|table| tables.extend_from_slice(&table[1..])),
            0xc0 => frame = content.to_vec(),
            _ => {}
        }
        let marker = whole[at + 1];
        at += 2 + length;
        if marker == 0xda {
            break;
        }
    }
    let data = whole[at..].to_vec();
    Parts { whole, size: (width, height), tables, frame, data }
}

/// How a camera sends a picture.
#[derive(Clone)]
struct Style {
    timestamp: u32,
    kind: u8,
    quality: u8,
    size: (u8, u8),
    /// Precisions and bytes; `None` for qualities that need none.
    tables: Option<(u8, Vec<u8>)>,
    interval: u16,
    extension: Vec<u8>,
    marker: bool,
}

impl Style {
    fn of(parts: &Parts) -> Self {
        let side = |side: u32| u8::try_from(side.div_ceil(8)).unwrap_or(0);
        Self {
            timestamp: TIME,
            kind: 1,
            quality: 255,
            size: (side(parts.size.0), side(parts.size.1)),
            tables: Some((0, parts.tables.clone())),
            interval: 0,
            extension: Vec::new(),
            marker: true,
        }
    }

    fn packets(&self, data: &[u8]) -> Vec<Vec<u8>> {
        let chunks: Vec<_> = data.chunks(700).collect();
        let last = chunks.len() - 1;
        let packet = |(number, chunk): (usize, &&[u8])| {
            let marker = if self.marker && number == last { 0x80 } else { 0 };
            let mut packet = vec![0x80, 0x1a | marker, 0, 0];
            packet.extend(self.timestamp.to_be_bytes());
            packet.extend([0; 4]);
            if number == 0 && !self.extension.is_empty() {
                packet[0] |= 0x10;
                packet.extend_from_slice(&self.extension);
            }
            packet.extend(((number * 700) as u32).to_be_bytes());
            packet.extend([self.kind, self.quality, self.size.0, self.size.1]);
            if self.kind >= 64 {
                packet.extend(self.interval.to_be_bytes());
                packet.extend([0xff, 0xff]);
            }
            if let Some((precisions, bytes)) = self.tables.as_ref().filter(|_| number == 0) {
                packet.extend([0, *precisions]);
                packet.extend((bytes.len() as u16).to_be_bytes());
                packet.extend_from_slice(bytes);
            }
            packet.extend_from_slice(chunk);
            packet
        };
        chunks.iter().enumerate().map(packet).collect()
    }
}

fn feed(assembler: &mut JpegAssembler, packets: &[Vec<u8>]) -> (Vec<Jpeg>, Vec<Refused>) {
    let (mut jpegs, mut refused) = (Vec::new(), Vec::new());
    for packet in packets {
        jpegs.extend(assembler.packet(packet, |reason| refused.push(reason)));
    }
    (jpegs, refused)
}

/// The picture is the one that was sent, to the pixel.
fn assert_same(jpeg: &Jpeg, parts: &Parts, what: &str) {
    let (got, wanted) = (decode(&jpeg.bytes, None).unwrap(), decode(&parts.whole, None).unwrap());
    assert_eq!((u32::from(jpeg.width), u32::from(jpeg.height)), (got.width, got.height), "{what}");
    // Some heights are sent in steps of eight lines.
    assert_eq!(got.width, wanted.width, "{what}");
    let same = wanted.data[..] == got.data[..wanted.data.len()];
    assert!(same && got.height.abs_diff(wanted.height) < 8, "{what}: the picture was changed");
}

fn assert_gives(assembler: &mut JpegAssembler, style: &Style, parts: &Parts, what: &str) {
    let (jpegs, refused) = feed(assembler, &style.packets(&parts.data));
    assert_eq!((jpegs.len(), refused.as_slice()), (1, &[][..]), "{what}");
    assert_same(&jpegs[0], parts, what);
}

#[test]
fn tables_come_in_band_or_once_or_from_the_quality() {
    let (fine, coarse) = (parts(320, 240, 90), parts(320, 240, 40));
    let mut assembler = JpegAssembler::default();
    for number in 0..2 {
        assert_gives(&mut assembler, &Style::of(&fine), &fine, &format!("in band {number}"));
        assert_gives(&mut assembler, &Style::of(&coarse), &coarse, &format!("in band, others {number}"));
    }
    for (parts, quality) in [(&fine, 90), (&coarse, 40)] {
        let style = Style { quality, tables: None, ..Style::of(parts) };
        assert_gives(&mut assembler, &style, parts, "by the quality");
    }
    let none = Some((0, Vec::new()));
    let refusal = |assembler: &mut JpegAssembler, quality, parts: &Parts| {
        let style = Style { quality, tables: none.clone(), ..Style::of(parts) };
        feed(assembler, &style.packets(&parts.data))
    };
    assert_eq!(refusal(&mut assembler, 200, &fine), (vec![], vec![Refused::NoTables]));
    assembler = JpegAssembler::default();
    assert_gives(&mut assembler, &Style { quality: 200, ..Style::of(&fine) }, &fine, "sent once");
    assert_gives(&mut assembler, &Style { quality: 201, ..Style::of(&coarse) }, &coarse, "sent once, others");
    let again = |quality, parts| Style { timestamp: 1, quality, tables: none.clone(), ..Style::of(parts) };
    assert_gives(&mut assembler, &again(200, &fine), &fine, "sent before");
    assert_gives(&mut assembler, &again(201, &coarse), &coarse, "sent before, others");
    // Those of quality 255 are of one picture.
    assert_gives(&mut assembler, &Style::of(&fine), &fine, "of one picture");
    assert_eq!(refusal(&mut assembler, 255, &fine), (vec![], vec![Refused::NoTables]));
}

#[test]
fn tables_may_be_of_16_bits_or_one_for_all_and_others_are_refused() {
    let same = parts(64, 48, 1);
    let mut assembler = JpegAssembler::default();
    let wide: Vec<u8> = same.tables.iter().flat_map(|value| [0, *value]).collect();
    assert_gives(&mut assembler, &Style { tables: Some((3, wide.clone())), ..Style::of(&same) }, &same, "16 bits");
    let mixed = [&same.tables[..64], &wide[128..]].concat();
    assert_gives(&mut assembler, &Style { timestamp: 1, tables: Some((2, mixed)), ..Style::of(&same) }, &same, "mixed");
    // With quality 1, all values of both tables are 255 after the clamp.
    assert!(same.tables.iter().all(|value| *value == 255), "{:?}", same.tables);
    let one = Some((0, same.tables[..64].to_vec()));
    assert_gives(&mut assembler, &Style { timestamp: 2, tables: one, ..Style::of(&same) }, &same, "one table");
    for (timestamp, length) in [1, 63, 65, 127, 129, 192].into_iter().enumerate() {
        let tables = Some((0, vec![9; length]));
        let style = Style { timestamp: 10 + timestamp as u32, tables, ..Style::of(&same) };
        let (jpegs, refused) = feed(&mut assembler, &style.packets(&same.data));
        assert!(jpegs.is_empty() && matches!(refused[..], [Refused::Malformed(_)]), "{length}: {refused:?}");
    }
}

fn onvif(segments: &[u8], replay: bool) -> Vec<u8> {
    let mut content = segments.to_vec();
    content.resize(segments.len().div_ceil(4) * 4, 0xff);
    let words = |bytes: usize| ((bytes / 4) as u16).to_be_bytes();
    let own = [&[0xff, 0xd8][..], &words(content.len()), &content].concat();
    if !replay {
        return own;
    }
    [&[0xab, 0xac][..], &words(own.len() + 12), &[7; 12], &own].concat()
}

#[test]
fn large_pictures_get_their_size_from_the_description_or_from_the_extension() {
    let large = parts(2_560, 1_440, 50);
    let unsized_style = Style { size: (0, 0), ..Style::of(&large) };
    let (jpegs, refused) = feed(&mut JpegAssembler::default(), &unsized_style.packets(&large.data));
    assert_eq!((jpegs.len(), refused), (0, vec![Refused::NoSize]));
    let mut assembler = JpegAssembler::default();
    assembler.announce(Some("2560, 1440"));
    assert_gives(&mut assembler, &Style { size: (0, 180), ..unsized_style.clone() }, &large, "announced width");
    assert_gives(&mut assembler, &Style { timestamp: 1, ..unsized_style.clone() }, &large, "announced");
    // 2,560 / 8 - 256.
    let overflown = Style { timestamp: 2, size: (64, 180), ..unsized_style.clone() };
    assert_gives(&mut assembler, &overflown, &large, "the lowest bits");
    let small = parts(512, 240, 50);
    assert_gives(&mut JpegAssembler::default(), &Style::of(&small), &small, "small");
    let odd = parts(1_366, 765, 60);
    for (replay, timestamp) in [(false, 3), (true, 4)] {
        for parts in [&large, &odd] {
            let extension = onvif(&segment(0xc0, &parts.frame), replay);
            let style = Style { timestamp, size: (0, 0), extension, ..Style::of(parts) };
            assert_gives(&mut JpegAssembler::default(), &style, parts, "size in the extension");
        }
    }
}

#[test]
fn the_header_in_the_extension_takes_precedence_and_a_wrong_one_is_refused() {
    let picture = parts(320, 240, 70);
    let table = |number: u8| [&[number][..], &picture.tables[usize::from(number) * 64..][..64]].concat();
    let segments = [
        segment(0xfe, b"a comment"),
        segment(0xc0, &picture.frame),
        vec![0xff; 3],
        segment(0xdb, &[table(0), table(1)].concat()),
        standard_tables::huffman_segment(),
    ]
    .concat();
    // What the packets say of tables and size is wrong.
    for (quality, tables) in [(255, Some((0, Vec::new()))), (255, Some((0, vec![99; 128]))), (10, None), (0, None)] {
        let style =
            Style { quality, tables, kind: 5, size: (1, 1), extension: onvif(&segments, false), ..Style::of(&picture) };
        assert_gives(&mut JpegAssembler::default(), &style, &picture, &format!("quality {quality}"));
    }
    for wrong in [
        segment(0xc2, &picture.frame),
        segment(0xc0, &picture.frame[..7]),
        segment(0xda, &[1, 1, 0, 0, 63, 0]),
        vec![0xff, 0xc0, 0xff, 0xff, 1, 2, 3, 4],
        vec![1, 2, 3, 4],
    ] {
        let style = Style { extension: onvif(&wrong, false), ..Style::of(&picture) };
        let (jpegs, refused) = feed(&mut JpegAssembler::default(), &style.packets(&picture.data));
        assert!(jpegs.is_empty() && matches!(refused[..], [Refused::Malformed(_)]), "{wrong:?}: {refused:?}");
    }
}

/// Entropy-coded data of MCUs of one colour each, in 4:2:0 or 4:2:2, with a restart marker behind every `interval` MCUs.
fn stripes(levels: &[i32], interval: usize, luminance_blocks: usize) -> Vec<u8> {
    let (mut bits, mut data, mut before) = (String::new(), Vec::new(), 0);
    let mut marker = 0xd0;
    for (at, level) in levels.iter().enumerate() {
        for block in 0..luminance_blocks {
            let difference = if block == 0 { level - before } else { 0 };
            // Codes of the standard table for categories 0 to 8, then the difference, then the end of the block.
            let category = 32 - difference.unsigned_abs().leading_zeros();
            let code = ["00", "010", "011", "100", "101", "110", "1110", "11110", "111110"][category as usize];
            let value = if difference < 0 { difference + (1 << category) - 1 } else { difference };
            bits.push_str(code);
            if category > 0 {
                write!(bits, "{value:0width$b}", width = category as usize).unwrap();
            }
            bits.push_str("1010");
        }
        before = *level;
        // Two blocks of chrominance without colour.
        bits.push_str("00000000");
        let last = at + 1 == levels.len();
        if last || (at + 1) % interval == 0 {
            while bits.len() % 8 != 0 {
                bits.push('1');
            }
            for byte in bits.as_bytes().chunks(8) {
                let byte = u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap();
                data.push(byte);
                data.extend((byte == 0xff).then_some(0));
            }
            bits.clear();
            if !last {
                data.extend([0xff, marker]);
                marker = 0xd0 + (marker - 0xcf) % 8;
                before = 0;
            }
        }
    }
    data
}

#[test]
fn restart_markers_and_both_samplings_are_followed() {
    let levels: Vec<i32> = (0..40).map(|at| (at * 29 % 100 - 50) * 2).collect();
    for (kind, luminance_blocks, interval, height) in [(64, 2, 3, 8), (65, 4, 3, 16), (65, 4, 7, 16), (1, 4, 1_000, 16)]
    {
        let data = stripes(&levels, interval, luminance_blocks);
        let style = Style {
            timestamp: TIME,
            kind,
            quality: 255,
            size: (80, height / 8),
            tables: Some((0, vec![8; 128])),
            interval: interval as u16,
            extension: Vec::new(),
            marker: true,
        };
        let (jpegs, refused) = feed(&mut JpegAssembler::default(), &style.packets(&data));
        assert!(refused.is_empty(), "{refused:?}");
        let image = decode(&jpegs[0].bytes, None).unwrap();
        assert_eq!((image.width, image.height), (640, u32::from(height)));
        for (at, level) in levels.iter().enumerate() {
            let pixel = image.data[(at * 16 + 5) * 3];
            assert_eq!(i32::from(pixel), level + 128, "type {kind}, interval {interval}, MCU {at}");
        }
    }
    let style = Style { kind: 3, ..Style::of(&parts(16, 16, 50)) };
    let (jpegs, refused) = feed(&mut JpegAssembler::default(), &style.packets(&[0; 9]));
    assert!(jpegs.is_empty() && matches!(refused[..], [Refused::Malformed(_)]));
}

#[test]
fn a_picture_with_missing_repeated_or_foreign_packets_is_refused_once_and_no_other_is_harmed() {
    let (one, two) = (parts(320, 240, 80), parts(320, 240, 30));
    let damaged = Style::of(&one).packets(&one.data);
    let whole = Style { timestamp: TIME + 1, ..Style::of(&two) }.packets(&two.data);
    let count = damaged.len();
    assert!(count > 4, "{count}");
    let with = |change: fn(&mut Vec<Vec<u8>>)| {
        let mut packets = damaged.clone();
        change(&mut packets);
        packets
    };
    for (name, packets) in [
        ("first", with(|packets| drop(packets.remove(0)))),
        ("second", with(|packets| drop(packets.remove(1)))),
        ("last", with(|packets| drop(packets.pop()))),
        ("twice", with(|packets| packets.insert(2, packets[1].clone()))),
        ("swapped", with(|packets| packets.swap(1, 2))),
        ("shortened", with(|packets| packets[1].truncate(300))),
        ("another quality", with(|packets| packets[2][17] = 7)),
        ("another size", with(|packets| packets[2][18] = 7)),
        ("begins twice", with(|packets| packets.insert(2, packets[0].clone()))),
        ("cut off", with(|packets| packets[0].truncate(40))),
        ("empty", with(|packets| packets[0].truncate(12))),
        ("field", with(|packets| packets.iter_mut().for_each(|packet| packet[12] = 1))),
    ] {
        let mut assembler = JpegAssembler::default();
        let (jpegs, refused) = feed(&mut assembler, &[packets, whole.clone()].concat());
        assert_eq!(jpegs.len(), 1, "{name}: {refused:?}");
        assert_same(&jpegs[0], &two, name);
        let most = if matches!(name, "empty") { 2 } else { 1 };
        assert!((1..=most).contains(&refused.len()), "{name}: {refused:?}");
    }
}

#[test]
fn a_camera_that_marks_no_end_gives_each_picture_with_the_next() {
    let (one, two) = (parts(320, 240, 80), parts(320, 240, 30));
    let packets =
        |parts: &Parts, timestamp| Style { timestamp, marker: false, ..Style::of(parts) }.packets(&parts.data);
    let mut assembler = JpegAssembler::default();
    let (jpegs, refused) = feed(&mut assembler, &[packets(&one, 1), packets(&two, 2), packets(&one, 3)].concat());
    assert!(refused.is_empty(), "{refused:?}");
    assert_eq!(jpegs.len(), 2);
    assert_same(&jpegs[0], &one, "first");
    assert_same(&jpegs[1], &two, "second");
}

#[test]
fn packets_of_any_bytes_are_survived_and_memory_is_bounded() {
    let mut state = 7_u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let whole = parts(64, 48, 50);
    let good = Style { extension: onvif(&segment(0xc0, &whole.frame), true), ..Style::of(&whole) }.packets(&whole.data);
    let mut assembler = JpegAssembler::default();
    for _ in 0..20_000 {
        let mut packet = good[usize::from(random()) % good.len()].clone();
        for _ in 0..random() % 4 {
            let at = (usize::from(random()) << 8 | usize::from(random())) % packet.len();
            packet[at] = random();
        }
        packet.truncate(packet.len().saturating_sub(usize::from(random() / 8)));
        assembler.packet(&packet, |_| {});
    }
    assert!(assembler.tables.len() <= 127);
}
