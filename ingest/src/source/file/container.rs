//! Whether the file ends in the middle of what its container announces. Only the outer structure is read, a few bytes of each part.

use std::io::{Read, Result, Seek, SeekFrom};

/// A file with more parts than this is not walked to its end.
const MAX_PARTS: usize = 1_000_000;

/// Bytes that the container announces beyond the end of the file; 0 if it is whole, or of a kind that announces nothing.
pub(super) fn missing_bytes(file: impl Read + Seek, length: u64) -> Result<u64> {
    let mut file = Bytes { file, length };
    let mut start = [0; 12];
    if !file.read_at(0, &mut start)? {
        return Ok(0);
    }
    match &start {
        [_, _, _, _, b'f', b't', b'y', b'p', ..] | [_, _, _, _, b'm', b'o', b'o', b'v', ..] => isobmff(&mut file),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => matroska(&mut file),
        [b'R', b'I', b'F', b'F', ..] => riff(&mut file),
        _ => Ok(0),
    }
}

struct Bytes<F> {
    file: F,
    length: u64,
}

impl<F: Read + Seek> Bytes<F> {
    /// False if the file ends before.
    fn read_at(&mut self, at: u64, into: &mut [u8]) -> Result<bool> {
        if at.saturating_add(into.len() as u64) > self.length {
            return Ok(false);
        }
        self.file.seek(SeekFrom::Start(at))?;
        self.file.read_exact(into)?;
        Ok(true)
    }

    fn beyond(&self, end: u64) -> u64 {
        end.saturating_sub(self.length)
    }
}

/// MP4 and MOV: a sequence of boxes, each with its size.
fn isobmff(file: &mut Bytes<impl Read + Seek>) -> Result<u64> {
    let mut at = 0;
    for _ in 0..MAX_PARTS {
        let mut head = [0; 16];
        if at >= file.length {
            return Ok(0);
        }
        if !file.read_at(at, &mut head[..8])? {
            return Ok(file.beyond(at + 8));
        }
        let size = match u32::from_be_bytes(head[..4].try_into().expect("4 bytes")) {
            // To the end of the file.
            0 => return Ok(0),
            1 if !file.read_at(at, &mut head)? => return Ok(file.beyond(at + 16)),
            1 => u64::from_be_bytes(head[8..].try_into().expect("8 bytes")),
            size => u64::from(size),
        };
        let Some(end) = at.checked_add(size).filter(|_| size >= 8) else { return Ok(0) };
        if end > file.length {
            return Ok(file.beyond(end));
        }
        at = end;
    }
    Ok(0)
}

/// AVI and its kin: one chunk after the other, each with its size and an even length.
fn riff(file: &mut Bytes<impl Read + Seek>) -> Result<u64> {
    let mut at = 0;
    for _ in 0..MAX_PARTS {
        let mut head = [0; 8];
        if !file.read_at(at, &mut head)? || &head[..4] != b"RIFF" {
            return Ok(0);
        }
        let size = u64::from(u32::from_le_bytes(head[4..].try_into().expect("4 bytes")));
        // A writer that was interrupted, or that could not seek back, has left 0 or the largest size.
        if size == 0 || size == u64::from(u32::MAX) {
            return Ok(0);
        }
        let end = at + 8 + size;
        if end > file.length {
            return Ok(file.beyond(end));
        }
        at = end + size % 2;
    }
    Ok(0)
}

/// Matroska and WebM: elements with a number and a size. Segments and clusters may have an unknown size, and end where the next begins.
fn matroska(file: &mut Bytes<impl Read + Seek>) -> Result<u64> {
    const SEGMENT: u64 = 0x1853_8067;
    const CLUSTER: u64 = 0x1f43_b675;
    let mut at = 0;
    for _ in 0..MAX_PARTS {
        let mut head = [0; 12];
        let available = usize::try_from(file.length.saturating_sub(at)).unwrap_or(usize::MAX).min(head.len());
        if available == 0 || !file.read_at(at, &mut head[..available])? {
            return Ok(0);
        }
        let Some((id, id_bytes)) = variable_int(&head[..available], false) else { return Ok(0) };
        let Some((size, size_bytes)) = variable_int(&head[id_bytes..available], true) else { return Ok(0) };
        let body = at + (id_bytes + size_bytes) as u64;
        let unknown = size == (1 << (7 * size_bytes)) - 1;
        let Some(end) = body.checked_add(size) else { return Ok(0) };
        if !unknown && end > file.length {
            return Ok(file.beyond(end));
        }
        // Into what holds the pictures' parts, over everything else.
        at = if id == SEGMENT || (id == CLUSTER && unknown) { body } else { end };
    }
    Ok(0)
}

/// The number of leading zero bits tells how many bytes follow; the marker is part of an id and no part of a size.
fn variable_int(bytes: &[u8], without_marker: bool) -> Option<(u64, usize)> {
    let first = *bytes.first()?;
    let length = Some(first.leading_zeros() as usize + 1).filter(|length| *length <= 8)?;
    let rest = bytes.get(1..length)?;
    let start = if without_marker { u64::from(first) & ((1 << (8 - length)) - 1) } else { u64::from(first) };
    Some((rest.iter().fold(start, |value, byte| value << 8 | u64::from(*byte)), length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(content: &[u8]) -> u64 {
        missing_bytes(std::io::Cursor::new(content), content.len() as u64).unwrap()
    }

    fn mp4_box(kind: &str, body: usize) -> Vec<u8> {
        let mut bytes = (body as u32 + 8).to_be_bytes().to_vec();
        bytes.extend(kind.bytes());
        bytes.resize(body + 8, 7);
        bytes
    }

    /// An element whose size has 8 bytes; `None` is the unknown size.
    fn element(id: &[u8], size: Option<u64>, body: &[u8]) -> Vec<u8> {
        let mut bytes = id.to_vec();
        bytes.extend((size.unwrap_or((1 << 56) - 1) | 1 << 56).to_be_bytes());
        bytes.extend(body);
        bytes
    }

    fn assert_every_cut_is_seen(whole: &[u8], last_part: usize) {
        assert_eq!(missing(whole), 0);
        for cut in [1, last_part / 2, last_part - 20] {
            assert_eq!(missing(&whole[..whole.len() - cut]), cut as u64, "{cut} bytes less");
        }
    }

    #[test]
    fn a_cut_mp4_is_seen_also_with_a_large_size() {
        let start = [mp4_box("ftyp", 12), mp4_box("moov", 40)].concat();
        assert_every_cut_is_seen(&[start.clone(), mp4_box("mdat", 100)].concat(), 108);
        let mut large = 1_u32.to_be_bytes().to_vec();
        large.extend(b"mdat");
        large.extend(116_u64.to_be_bytes());
        large.resize(116, 7);
        assert_every_cut_is_seen(&[start.clone(), large].concat(), 116);
        let mut to_the_end = mp4_box("mdat", 100);
        to_the_end[..4].fill(0);
        assert_eq!(missing(&[start, to_the_end[..50].to_vec()].concat()), 0);
    }

    #[test]
    fn a_cut_avi_is_seen() {
        let mut whole = b"RIFF".to_vec();
        whole.extend(92_u32.to_le_bytes());
        whole.extend(b"AVI ");
        whole.resize(100, 7);
        assert_every_cut_is_seen(&whole, 88);
        whole[4..8].fill(0);
        assert_eq!(missing(&whole), 0, "a recorder that never wrote the size");
    }

    #[test]
    fn a_cut_matroska_is_seen_with_known_and_unknown_sizes() {
        const HEAD: [u8; 4] = [0x1a, 0x45, 0xdf, 0xa3];
        const SEGMENT: [u8; 4] = [0x18, 0x53, 0x80, 0x67];
        const CLUSTER: [u8; 4] = [0x1f, 0x43, 0xb6, 0x75];
        let head = element(&HEAD, Some(4), &[7; 4]);
        let block = element(&[0xa3], Some(60), &[7; 60]);
        let clusters = [element(&CLUSTER, Some(69), &block), element(&CLUSTER, Some(69), &block)].concat();
        let known = [head.clone(), element(&SEGMENT, Some(clusters.len() as u64), &clusters)].concat();
        assert_every_cut_is_seen(&known, 60);
        let live = [head.clone(), element(&SEGMENT, None, &clusters)].concat();
        assert_every_cut_is_seen(&live, 60);
        let open = [head, element(&SEGMENT, None, &element(&CLUSTER, None, &block))].concat();
        assert_every_cut_is_seen(&open, 60);
    }

    #[test]
    fn what_announces_nothing_is_whole() {
        for content in [&b""[..], b"short", &[0; 200], b"\x00\x00\x00\x01\x67 raw video without a container"] {
            assert_eq!(missing(content), 0);
        }
    }
}
