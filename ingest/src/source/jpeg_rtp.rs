//! Joins RTP packets to JPEGs (RFC 2435, with the header extension of ONVIF).
//!
//! GStreamer's depayloader reads beyond a table that is too short, joins what does not belong together when fragments are missing or
//! wrong, and knows neither the extension nor tables that are sent once. Such a picture decodes, and is wrong. Here each fragment must
//! continue its picture, and a picture whose tables or size are unknown is refused.

mod fragment;
mod segments;
mod standard_tables;
mod tables;

use std::collections::BTreeMap;

use fragment::{Fragment, MainHeader};
use segments::{Segments, segment};
use tables::Tables;

/// A larger picture is none.
const MAX_BYTES: usize = 32 << 20;

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
            header.extend(standard_tables::huffman_segment());
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

impl Picture {
    fn finish(mut self) -> Jpeg {
        self.header.append(&mut self.data);
        if !self.header.ends_with(&[0xff, 0xd9]) {
            self.header.extend([0xff, 0xd9]);
        }
        Jpeg { bytes: self.header, width: self.width, height: self.height }
    }
}

#[cfg(test)]
mod tests;
