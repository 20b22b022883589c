//! What an MP4 or MOV file states about its pictures: how they must be turned, and their colours. GStreamer 1.22 does not write the first, reads
//! only seven of the eight ways, and reads the colours without their range.

use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

use vru_vision::orientation::Orientation;

use crate::shown::ContainerColours;

/// Where the matrix is in the content of a track header, by version: after flags, times, number, duration, layer and volume.
const MATRIX_AT: [usize; 2] = [40, 52];
/// What the description of a kind of picture has in front of its boxes.
const VISUAL_SAMPLE_BYTES: usize = 78;
/// 1 in the first two columns of the matrix has 16 fractional bits, in the last one 30.
const ONE: i32 = 1 << 16;
const LAST: i32 = 1 << 30;

/// Boxes at the top of a file that are looked at, and the largest index that is read: an hour of video has less than one MiB.
const MAX_BOXES: usize = 4_096;
const MAX_INDEX_BYTES: u64 = 64 * 1024 * 1024;

/// What the index of a file states about its pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stated {
    /// How they must be turned. `None` if the matrix of the track is none of a turn.
    pub orientation: Option<Orientation>,
    /// `None` if the track states none.
    pub colours: Option<ContainerColours>,
}

/// What a file states about the pictures of its first video track. Nothing if this is no MP4 or MOV file.
pub fn stated(file: &mut (impl Read + Seek)) -> Stated {
    let Some(index) = index(file) else { return Stated::default() };
    let mut tracks = children(&index, 0..index.len(), b"trak");
    let Some(track) = tracks.find(|track| is_video(&index, track.clone()).is_some_and(|video| video)) else {
        return Stated::default();
    };
    Stated { orientation: orientation(&index, track.clone()), colours: colours(&index, track) }
}

fn is_video(index: &[u8], track: Range<usize>) -> Option<bool> {
    let handler = index.get(descend(index, track, &[b"mdia", b"hdlr"])?)?;
    Some(handler.get(8..12)? == b"vide")
}

fn orientation(index: &[u8], track: Range<usize>) -> Option<Orientation> {
    let header = index.get(descend(index, track, &[b"tkhd"])?)?;
    let at = *MATRIX_AT.get(usize::from(*header.first()?))?;
    let turn = |matrix: [i32; 9]| [matrix[0], matrix[1], matrix[3], matrix[4]].map(i32::signum);
    let mut stated = [0; 9];
    for (number, four) in stated.iter_mut().zip(header.get(at..at + 36)?.chunks_exact(4)) {
        *number = i32::from_be_bytes(four.try_into().ok()?);
    }
    Orientation::all().find(|orientation| turn(matrix(*orientation, 0, 0)) == turn(stated))
}

/// The box `colr` of the first kind of sample: GStreamer 1.22 reads it without the range.
fn colours(index: &[u8], track: Range<usize>) -> Option<ContainerColours> {
    let kinds = descend(index, track, &[b"mdia", b"minf", b"stbl", b"stsd"])?;
    let (_, sample) = boxes(index, kinds.start.checked_add(8)?..kinds.end).next()?;
    let extensions = sample.start.checked_add(VISUAL_SAMPLE_BYTES)?..sample.end;
    children(index, extensions, b"colr").find_map(|colours| {
        let (kind, content) = index.get(colours)?.split_first_chunk::<4>()?;
        let [_, _, _, _, high, low, rest @ ..] = content else { return None };
        let full_range = match kind {
            b"nclx" => Some(rest.first()? & 0x80 != 0),
            b"nclc" => None,
            _ => return None,
        };
        Some(ContainerColours::new(full_range, u32::from(u16::from_be_bytes([*high, *low]))))
    })
}

/// The contents of the boxes of this kind.
fn children<'a>(bytes: &'a [u8], range: Range<usize>, kind: &'a [u8; 4]) -> impl Iterator<Item = Range<usize>> + 'a {
    boxes(bytes, range).filter(move |(found, _)| found == kind).map(|(_, content)| content)
}

/// The content of the first box on this path.
fn descend(bytes: &[u8], range: Range<usize>, path: &[&[u8; 4]]) -> Option<Range<usize>> {
    path.iter().try_fold(range, |range, kind| children(bytes, range, kind).next())
}

/// The content of the box `moov`.
fn index(file: &mut (impl Read + Seek)) -> Option<Vec<u8>> {
    for _ in 0..MAX_BOXES {
        let mut head = [0; 8];
        file.read_exact(&mut head).ok()?;
        let mut size = u64::from(u32::from_be_bytes(head[..4].try_into().ok()?));
        let mut header = 8;
        if size == 1 {
            let mut long = [0; 8];
            file.read_exact(&mut long).ok()?;
            (size, header) = (u64::from_be_bytes(long), 16);
        }
        let content = size.checked_sub(header)?;
        if &head[4..] == b"moov" {
            let mut index = Vec::new();
            file.take(content.min(MAX_INDEX_BYTES)).read_to_end(&mut index).ok()?;
            return Some(index);
        }
        file.seek(SeekFrom::Current(i64::try_from(content).ok()?)).ok()?;
    }
    None
}

/// Writes the orientation into the header of each track. `None` if the file has none.
pub fn set_orientation(mp4: &mut [u8], orientation: Orientation) -> Option<()> {
    let movie = descend(mp4, 0..mp4.len(), &[b"moov"])?;
    let tracks = children(mp4, movie, b"trak");
    let headers: Vec<_> = tracks.filter_map(|track| descend(mp4, track, &[b"tkhd"])).collect();
    for header in &headers {
        let header = mp4.get_mut(header.clone())?;
        let at = *MATRIX_AT.get(usize::from(*header.first()?))?;
        let number = |at: usize| header.get(at..at + 4).and_then(|four| four.try_into().ok()).map(i32::from_be_bytes);
        let (width, height) = (number(at + 36)?, number(at + 40)?);
        let matrix = matrix(orientation, width, height);
        for (to, from) in header.get_mut(at..at + 36)?.chunks_exact_mut(4).zip(matrix) {
            to.copy_from_slice(&from.to_be_bytes());
        }
    }
    (!headers.is_empty()).then_some(())
}

/// Kinds and contents of the boxes in this range. Ends at a box that does not fit.
fn boxes(bytes: &[u8], range: Range<usize>) -> impl Iterator<Item = ([u8; 4], Range<usize>)> + '_ {
    let mut at = range.start;
    std::iter::from_fn(move || {
        let head = bytes.get(at..at + 8)?;
        let size = u32::from_be_bytes(head[..4].try_into().ok()?) as usize;
        let kind: [u8; 4] = head[4..].try_into().ok()?;
        // A size of 1 is followed by one of 64 bits.
        let (header, size) = match size {
            1 => (16, usize::try_from(u64::from_be_bytes(bytes.get(at + 8..at + 16)?.try_into().ok()?)).ok()?),
            size => (8, size),
        };
        let end = at.checked_add(size).filter(|end| size >= header && *end <= range.end)?;
        let content = at + header..end;
        at = end;
        Some((kind, content))
    })
}

/// The matrix that turns a picture of this size (with 16 fractional bits) and moves it back to the origin.
fn matrix(orientation: Orientation, width: i32, height: i32) -> [i32; 9] {
    // x' = a·x + c·y, y' = b·x + d·y, with y downwards.
    let (a, b, c, d) = match orientation.quarters % 4 {
        0 => (1, 0, 0, 1),
        1 => (0, 1, -1, 0),
        2 => (-1, 0, 0, -1),
        _ => (0, -1, 1, 0),
    };
    let (a, b) = if orientation.mirrored { (-a, -b) } else { (a, b) };
    // At most one of the two is negative. Nothing is calculated: a file may state any size.
    let back = |by_x: i32, by_y: i32| match (by_x < 0, by_y < 0) {
        (true, _) => width,
        (_, true) => height,
        _ => 0,
    };
    [a * ONE, b * ONE, 0, c * ONE, d * ONE, 0, back(a, c), back(b, d), LAST]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_corner_of_a_turned_picture_stays_in_it() {
        let (width, height) = (640 * ONE, 360 * ONE);
        for orientation in Orientation::all() {
            let matrix = matrix(orientation, width, height).map(|number| number / ONE);
            let turned = [(0, 0), (640, 0), (0, 360), (640, 360)].map(|(column, row)| {
                let along = |at: usize| matrix[at] * column + matrix[at + 3] * row + matrix[at + 6];
                (along(0), along(1))
            });
            let far = (turned.iter().map(|at| at.0).max().unwrap(), turned.iter().map(|at| at.1).max().unwrap());
            let near = (turned.iter().map(|at| at.0).min().unwrap(), turned.iter().map(|at| at.1).min().unwrap());
            let size = orientation.size((640, 360));
            assert_eq!((near, far), ((0, 0), (size.0 as i32, size.1 as i32)), "{orientation:?}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let boxed = |kind: &[u8], content: &[u8]| [&(content.len() as u32 + 8).to_be_bytes(), kind, content].concat();
        let handler = boxed(b"hdlr", b"\0\0\0\0\0\0\0\0vide");
        let track = [boxed(b"tkhd", &[0; 84]), boxed(b"mdia", &handler)].concat();
        let mut file =
            [boxed(b"ftyp", b"isom"), boxed(b"mdat", &[1; 100]), boxed(b"moov", &boxed(b"trak", &track))].concat();
        let orientation = |file: &[u8]| stated(&mut std::io::Cursor::new(file)).orientation;
        assert_eq!(orientation(&file), None, "a matrix of zeros");
        for turned in Orientation::all() {
            set_orientation(&mut file, turned).unwrap();
            assert_eq!(orientation(&file), Some(turned));
        }
        for cut in 0..file.len() - 1 {
            orientation(&file[..cut]);
        }
    }

    #[test]
    fn colours_are_read_with_their_range_if_it_is_stated() {
        let boxed = |kind: &[u8], content: &[u8]| [&(content.len() as u32 + 8).to_be_bytes(), kind, content].concat();
        let handler = boxed(b"hdlr", b"\0\0\0\0\0\0\0\0vide");
        let colours = |boxes: &[u8]| {
            let sample = boxed(b"avc1", &[&[0; VISUAL_SAMPLE_BYTES][..], boxes].concat());
            let kinds = boxed(b"stsd", &[&[0, 0, 0, 0, 0, 0, 0, 1], &sample[..]].concat());
            let table = boxed(b"minf", &boxed(b"stbl", &kinds));
            let track = boxed(b"trak", &boxed(b"mdia", &[handler.clone(), table].concat()));
            let file = boxed(b"moov", &track);
            for cut in 0..file.len() {
                stated(&mut std::io::Cursor::new(&file[..cut]));
            }
            stated(&mut std::io::Cursor::new(&file)).colours
        };
        let avcc = boxed(b"avcC", &[1; 20]);
        assert_eq!(colours(&avcc), None);
        let full = [avcc.clone(), boxed(b"colr", b"nclx\0\x01\0\x01\0\x01\x80")].concat();
        assert_eq!(colours(&full), Some(ContainerColours::new(Some(true), 1)));
        let limited = [boxed(b"colr", b"prof\0\0\0\0\0\0"), boxed(b"colr", b"nclx\0\x09\0\x10\0\x09\0")].concat();
        assert_eq!(colours(&limited), Some(ContainerColours::new(Some(false), 9)));
        assert_eq!(colours(&boxed(b"colr", b"nclc\0\x06\0\x01\0\x06")), Some(ContainerColours::new(None, 6)));
        assert_eq!(colours(&boxed(b"colr", b"nclx\0\x01\0\x01\0\x01")), None, "cut");
    }

    #[test]
    fn what_is_no_file_of_mp4_is_refused() {
        for bytes in [
            &b""[..],
            b"\0\0\0\x08moov",
            b"\0\0\0\x01moov\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\0\0\0\x04moov",
            b"\0\0\x10\0moov",
        ] {
            assert_eq!(set_orientation(&mut bytes.to_vec(), Orientation::UPRIGHT), None, "{bytes:?}");
        }
    }
}
