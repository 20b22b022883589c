//! Joins RTP packets to JPEGs (RFC 2435, with the header extension of ONVIF).
//!
//! GStreamer's depayloader reads beyond a table that is too short, joins what does not belong together when fragments are missing or
//! wrong, and knows neither the extension nor tables that are sent once. Such a picture decodes, and is wrong. Here each fragment must
//! continue its picture, and a picture whose tables or size are unknown is refused.

mod tables;

use std::collections::BTreeMap;

/// A larger picture is none.
const MAX_BYTES: usize = 32 << 20;

/// Marker of the header extension in which ONVIF devices send the JPEG's own header, and of their other one, which may come before it.
const ONVIF_JPEG: u16 = 0xffd8;
const ONVIF_REPLAY: u16 = 0xabac;
/// Content of the other one.
const REPLAY_BYTES: usize = 12;

/// Why a picture was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("packets are missing")]
    Incomplete,
    #[error("its quantisation tables were never sent")]
    NoTables,
    #[error("its size is neither in its packets nor in the session description")]
    NoSize,
    #[error("{0}")]
    Malformed(&'static str),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Jpeg {
    pub(super) bytes: Vec<u8>,
    pub(super) width: u16,
    pub(super) height: u16,
}

/// The state of one stream.
#[derive(Debug, Default)]
pub(super) struct JpegAssembler {
    /// The size in the session description.
    announced: Option<(u16, u16)>,
    /// Tables that were sent for a quality of 128 to 254: later pictures need not repeat them.
    tables: BTreeMap<u8, Tables>,
    picture: Option<Picture>,
    /// The last picture that was refused.
    refused: Option<u32>,
}

/// Precisions (a bit per table), and the tables one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Tables {
    precisions: u8,
    bytes: Vec<u8>,
}

#[derive(Debug)]
struct Picture {
    timestamp: u32,
    main: MainHeader,
    width: u16,
    height: u16,
    /// Up to the entropy-coded data.
    header: Vec<u8>,
    data: Vec<u8>,
    /// Its last packet has come.
    marked: bool,
}

/// What is the same in all packets of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct MainHeader {
    specific: u8,
    kind: u8,
    quality: u8,
    width: u8,
    height: u8,
    restart_interval: u16,
}

struct Fragment<'a> {
    timestamp: u32,
    marker: bool,
    /// Segments of the JPEG's own header.
    segments: &'a [u8],
    offset: usize,
    main: MainHeader,
    rest: &'a [u8],
}

impl JpegAssembler {
    /// The size that the session description announces, `1920,1080`.
    pub(super) fn announce(&mut self, dimensions: Option<&str>) {
        let side = |text: &str| text.trim().parse().ok().filter(|side| *side > 0);
        self.announced = dimensions
            .and_then(|text| text.split_once(','))
            .and_then(|(width, height)| Some((side(width)?, side(height)?)));
    }

    /// Adds a packet; returns the picture that it completes, and tells `refuse` of each picture that will never come.
    pub(super) fn packet(&mut self, packet: &[u8], mut refuse: impl FnMut(Refused)) -> Option<Jpeg> {
        let Some(fragment) = Fragment::parse(packet) else {
            refuse(Refused::Malformed("a packet is no JPEG in RTP"));
            return None;
        };
        let timestamp = fragment.timestamp;
        if self.refused == Some(timestamp) {
            return None;
        }
        let ended = self.picture.take_if(|picture| picture.timestamp != timestamp);
        // Some cameras mark no end.
        let complete = ended.as_ref().is_some_and(|picture| picture.data.ends_with(&[0xff, 0xd9]));
        if ended.is_some() && !complete {
            refuse(Refused::Incomplete);
        }
        if let Err(reason) = self.add(&fragment) {
            (self.refused, self.picture) = (Some(timestamp), None);
            refuse(reason);
        }
        let ended = ended.filter(|_| complete).or_else(|| self.picture.take_if(|picture| picture.marked));
        ended.map(Picture::finish)
    }

    fn add(&mut self, fragment: &Fragment<'_>) -> Result<(), Refused> {
        let mut data = fragment.rest;
        if fragment.offset == 0 {
            if self.picture.is_some() {
                return Err(Refused::Malformed("it begins twice"));
            }
            let (picture, rest) = self.begin(fragment)?;
            self.picture = Some(picture);
            data = rest;
        }
        let Some(picture) = &mut self.picture else { return Err(Refused::Incomplete) };
        if picture.marked {
            return Err(Refused::Malformed("it goes on behind its end"));
        }
        if picture.data.len() != fragment.offset {
            return Err(Refused::Incomplete);
        }
        if picture.main != fragment.main {
            return Err(Refused::Malformed("its packets contradict each other"));
        }
        if picture.data.len() + data.len() > MAX_BYTES {
            return Err(Refused::Malformed("it is too large"));
        }
        picture.data.extend_from_slice(data);
        picture.marked = fragment.marker;
        Ok(())
    }

    fn begin<'a>(&mut self, fragment: &Fragment<'a>) -> Result<(Picture, &'a [u8]), Refused> {
        let main = fragment.main;
        if matches!(main.specific, 1 | 2) {
            return Err(Refused::Malformed(
                "it is a field of an interlaced picture: choose a progressive mode in the camera",
            ));
        }
        let own = Segments::parse(fragment.segments)?;
        let (tables, rest) = self.tables(main.quality, fragment.rest, own.has_tables)?;
        let mut header = vec![0xff, 0xd8];
        header.extend_from_slice(own.bytes);
        let (width, height, components) = if let Some(frame) = own.frame {
            frame
        } else {
            let (width, height) = self.size(main)?;
            let chroma = u8::from(tables.as_ref().is_none_or(|tables| tables.count() > 1));
            header.extend(main.frame_segment(width, height, chroma)?);
            (width, height, vec![1, 2, 3])
        };
        if let Some(tables) = tables {
            header.extend(tables.segment());
        }
        if !own.has_huffman {
            header.extend(tables::huffman_segment());
        }
        if !own.has_interval && main.restart_interval > 0 {
            header.extend(segment(0xdd, &main.restart_interval.to_be_bytes()));
        }
        let mut scan = vec![components.len() as u8];
        scan.extend(components.iter().enumerate().flat_map(|(at, id)| [*id, if at == 0 { 0 } else { 0x11 }]));
        scan.extend([0, 63, 0]);
        header.extend(segment(0xda, &scan));
        let picture =
            Picture { timestamp: fragment.timestamp, main, width, height, header, data: Vec::new(), marked: false };
        Ok((picture, rest))
    }

    /// The tables of a picture, unless its own header has them, and what follows them in its first packet.
    fn tables<'a>(
        &mut self,
        quality: u8,
        rest: &'a [u8],
        in_header: bool,
    ) -> Result<(Option<Tables>, &'a [u8]), Refused> {
        let known = match quality {
            1..=99 => return Ok(((!in_header).then(|| Tables::of_quality(quality)), rest)),
            128.. => self.tables.get(&quality).cloned(),
            _ if in_header => return Ok((None, rest)),
            _ => return Err(Refused::Malformed("its quality is a number that RTP does not define")),
        };
        let Some((&[_, precisions, high, low], rest)) = rest.split_first_chunk() else {
            return Err(Refused::Malformed("its tables are cut off"));
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let Some((bytes, rest)) = rest.split_at_checked(length) else {
            return Err(Refused::Malformed("its tables are cut off"));
        };
        if length == 0 {
            return match known {
                _ if in_header => Ok((None, rest)),
                Some(tables) => Ok((Some(tables), rest)),
                None => Err(Refused::NoTables),
            };
        }
        let tables = Tables { precisions, bytes: bytes.to_vec() };
        // One is for all components.
        if !matches!(tables.count(), 1 | 2) {
            return Err(Refused::Malformed("its tables have a wrong length"));
        }
        // Those of quality 255 are of one picture only.
        if quality < 255 {
            self.tables.insert(quality, tables.clone());
        }
        Ok(((!in_header).then_some(tables), rest))
    }

    fn size(&self, main: MainHeader) -> Result<(u16, u16), Refused> {
        let stated = (u16::from(main.width) * 8, u16::from(main.height) * 8);
        let announced = self.announced.unwrap_or_default();
        // The packets have no place for more than 2,040 pixels. Some cameras send the lowest bits of what does not fit.
        let side = |stated: u16, announced: u16| {
            let overflows = announced > 2_040 && announced.div_ceil(8) % 256 * 8 == stated;
            if stated == 0 || overflows { announced } else { stated }
        };
        let (width, height) = (side(stated.0, announced.0), side(stated.1, announced.1));
        if width == 0 || height == 0 { Err(Refused::NoSize) } else { Ok((width, height)) }
    }
}

impl MainHeader {
    /// The frame that the type of the packets stands for. `chroma` is the number of the chrominance's table.
    fn frame_segment(self, width: u16, height: u16, chroma: u8) -> Result<Vec<u8>, Refused> {
        let sampling = match self.kind {
            0 | 64 => 0x21,
            1 | 65 => 0x22,
            _ => return Err(Refused::Malformed("its type is not known")),
        };
        let ([h1, h0], [w1, w0]) = (height.to_be_bytes(), width.to_be_bytes());
        Ok(segment(0xc0, &[8, h1, h0, w1, w0, 3, 1, sampling, 0, 2, 0x11, chroma, 3, 0x11, chroma]))
    }
}

impl Picture {
    fn finish(mut self) -> Jpeg {
        self.header.append(&mut self.data);
        if !self.header.ends_with(&[0xff, 0xd9]) {
            self.header.extend([0xff, 0xd9]);
        }
        Jpeg { bytes: self.header, width: self.width, height: self.height }
    }
}

impl Tables {
    fn of_quality(quality: u8) -> Self {
        Self { precisions: 0, bytes: tables::quantisation(quality) }
    }

    fn length(&self, number: usize) -> usize {
        64 << (self.precisions >> number & 1)
    }

    /// How many tables there are; 0 if they do not end where they should.
    fn count(&self) -> usize {
        let ends = [self.length(0), self.length(0) + self.length(1)];
        ends.iter().position(|end| *end == self.bytes.len()).map_or(0, |at| at + 1)
    }

    fn segment(&self) -> Vec<u8> {
        let mut rest = self.bytes.as_slice();
        let mut content = Vec::new();
        for number in 0..self.count() {
            let (table, after) = rest.split_at(self.length(number));
            content.push((self.precisions >> number & 1) << 4 | number as u8);
            content.extend_from_slice(table);
            rest = after;
        }
        segment(0xdb, &content)
    }
}

/// The segments of a JPEG's own header.
#[derive(Debug, Default)]
struct Segments<'a> {
    bytes: &'a [u8],
    /// Width, height and the ids of the components.
    frame: Option<(u16, u16, Vec<u8>)>,
    has_tables: bool,
    has_huffman: bool,
    has_interval: bool,
}

impl<'a> Segments<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, Refused> {
        let mut segments = Self::default();
        let mut rest = bytes;
        let wrong = Refused::Malformed("its header extension is no JPEG header");
        loop {
            // Bytes that fill a word may be anywhere in front of a marker.
            while let [0xff, 0xff, ..] | [0xff] = rest {
                rest = &rest[1..];
            }
            let [0xff, marker, high, low, ..] = *rest else { break };
            let length = 2 + usize::from(u16::from_be_bytes([high, low]));
            let (content, after) = rest.split_at_checked(length).filter(|_| length >= 4).ok_or(wrong)?;
            let content = &content[4..];
            match marker {
                // Progressive and other frames have several scans, or none that we can decode.
                0xc0 | 0xc1 => segments.frame = Some(frame(content).ok_or(wrong)?),
                0xdb => segments.has_tables = true,
                0xc4 => segments.has_huffman = true,
                0xdd => segments.has_interval = true,
                0xe0..=0xef | 0xfe => {}
                _ => return Err(wrong),
            }
            rest = after;
        }
        if !rest.is_empty() {
            return Err(wrong);
        }
        segments.bytes = bytes.strip_suffix(rest).unwrap_or(bytes);
        Ok(segments)
    }
}

fn frame(content: &[u8]) -> Option<(u16, u16, Vec<u8>)> {
    let [8, height_high, height_low, width_high, width_low, count, components @ ..] = content else { return None };
    let (width, height) =
        (u16::from_be_bytes([*width_high, *width_low]), u16::from_be_bytes([*height_high, *height_low]));
    let ids: Vec<u8> = components.chunks_exact(3).map(|component| component[0]).collect();
    let fits = matches!(count, 1 | 3) && components.len() == usize::from(*count) * 3 && width > 0 && height > 0;
    fits.then_some((width, height, ids))
}

fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = (content.len() + 2) as u16;
    [&[0xff, marker][..], &length.to_be_bytes(), content].concat()
}

impl<'a> Fragment<'a> {
    fn parse(packet: &'a [u8]) -> Option<Self> {
        let (fixed, mut rest) = packet.split_first_chunk::<12>()?;
        rest = rest.get(usize::from(fixed[0] & 0x0f) * 4..)?;
        let mut segments: &[u8] = &[];
        if fixed[0] & 0x10 != 0 {
            let (profile, content, after) = extension(rest)?;
            segments = match profile {
                ONVIF_JPEG => content,
                ONVIF_REPLAY => match content.get(REPLAY_BYTES..).and_then(extension) {
                    Some((ONVIF_JPEG, content, _)) => content,
                    _ => &[],
                },
                _ => &[],
            };
            rest = after;
        }
        if fixed[0] & 0x20 != 0 {
            rest = rest.get(..rest.len().checked_sub(usize::from(*rest.last()?))?)?;
        }
        let ([specific, o2, o1, o0, kind, quality, width, height], mut rest) = rest.split_first_chunk::<8>()?;
        let mut restart_interval = 0;
        if (64..128).contains(kind) {
            let ([high, low, _, _], after) = rest.split_first_chunk::<4>()?;
            restart_interval = u16::from_be_bytes([*high, *low]);
            rest = after;
        }
        let main = MainHeader {
            specific: *specific,
            kind: *kind,
            quality: *quality,
            width: *width,
            height: *height,
            restart_interval,
        };
        let timestamp = u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]);
        let offset = usize::from(*o2) << 16 | usize::from(*o1) << 8 | usize::from(*o0);
        Some(Self { timestamp, marker: fixed[1] & 0x80 != 0, segments, offset, main, rest })
    }
}

/// Profile and content of a header extension, and what follows it.
fn extension(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let ([p1, p0, l1, l0], rest) = bytes.split_first_chunk::<4>()?;
    let (content, after) = rest.split_at_checked(usize::from(u16::from_be_bytes([*l1, *l0])) * 4)?;
    Some((u16::from_be_bytes([*p1, *p0]), content, after))
}

#[cfg(test)]
mod tests;
