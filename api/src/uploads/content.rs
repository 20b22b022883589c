//! What a file is, by its first bytes. Its name and the type that the client states do not count.

/// So many bytes decide.
pub(crate) const SAMPLE_BYTES: u64 = 1024;

/// Media types of the containers that ingest reads, or what the file is instead, in words.
pub(crate) fn media_type(start: &[u8]) -> Result<&'static str, String> {
    match start {
        [_, _, _, _, b'f', b't', b'y', b'p', b'q', b't', ..]
        | [_, _, _, _, b'm', b'o', b'o', b'v', ..]
        | [_, _, _, _, b'm', b'd', b'a', b't', ..]
        | [_, _, _, _, b'w', b'i', b'd', b'e', ..] => Ok("video/quicktime"),
        [_, _, _, _, b'f', b't', b'y', b'p', b'a' | b'h' | b'm', b'v' | b'e' | b'i', b'i' | b'f', ..] => {
            Err("a picture".to_owned())
        }
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Ok("video/mp4"),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => Ok("video/x-matroska"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'A', b'V', b'I', b' ', ..] => Ok("video/x-msvideo"),
        [b'F', b'L', b'V', 1, ..] => Ok("video/x-flv"),
        [0x30, 0x26, 0xb2, 0x75, 0x8e, 0x66, 0xcf, 0x11, ..] => Ok("video/x-ms-asf"),
        [b'O', b'g', b'g', b'S', ..] => Ok("video/ogg"),
        // A pack header; or a sequence header or start code of a stream without a container.
        [0, 0, 1, 0xba | 0xb3, ..] => Ok("video/mpeg"),
        [0, 0, 0, 1, first, ..] | [0, 0, 1, first, ..] if first & 0x80 == 0 => Ok("video/x-elementary"),
        _ if is_transport_stream(start) => Ok("video/mp2t"),
        other => Err(instead(other)),
    }
}

/// Packets of 188 bytes begin with the same byte; some recorders put four in front of each, and some 16 behind.
fn is_transport_stream(start: &[u8]) -> bool {
    [(0, 188), (4, 192), (0, 204)].into_iter().any(|(first, packet)| {
        let marks: Vec<u8> = start.iter().skip(first).step_by(packet).copied().collect();
        marks.len() >= 3 && marks.iter().all(|mark| *mark == 0x47)
    })
}

fn instead(start: &[u8]) -> String {
    let known: [(&[u8], &str); 11] = [
        (b"PK\x03\x04", "a ZIP archive"),
        (b"\x1f\x8b", "a gzip archive"),
        (b"7z\xbc\xaf", "a 7z archive"),
        (b"Rar!", "a RAR archive"),
        (b"%PDF", "a PDF document"),
        (b"\xff\xd8\xff", "a JPEG picture"),
        (b"\x89PNG", "a PNG picture"),
        (b"GIF8", "a GIF picture"),
        (b"\x7fELF", "a program"),
        (b"MZ", "a program"),
        (b"ID3", "a sound file"),
    ];
    if let Some((_, what)) = known.into_iter().find(|(mark, _)| start.starts_with(mark)) {
        return what.to_owned();
    }
    let text = start.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace() || *byte >= 0x80);
    if text { "a text".to_owned() } else { "nothing that this service knows".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_decide() {
        let mut packets = vec![0; 1024];
        packets.iter_mut().step_by(188).for_each(|byte| *byte = 0x47);
        let mut recorder = vec![0; 1024];
        recorder.iter_mut().skip(4).step_by(192).for_each(|byte| *byte = 0x47);
        for (start, found) in [
            (&b"\0\0\0\x20ftypisom\0\0\x02\0"[..], "video/mp4"),
            (b"\0\0\0\x14ftypqt  \0\0\0\0", "video/quicktime"),
            (b"\0\0\0\x08wide\0\0\0\0mdat", "video/quicktime"),
            (b"\x1a\x45\xdf\xa3\x01", "video/x-matroska"),
            (b"RIFF\0\0\0\0AVI LIST", "video/x-msvideo"),
            (b"\0\0\0\x01\x67\x42", "video/x-elementary"),
            (b"\0\0\x01\xba\x44", "video/mpeg"),
            (b"OggS\0", "video/ogg"),
            (&packets, "video/mp2t"),
            (&recorder, "video/mp2t"),
        ] {
            assert_eq!(media_type(start), Ok(found));
        }
        for (start, words) in [
            (&b"PK\x03\x04\x14\0"[..], "ZIP"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", "JPEG"),
            (b"\0\0\0\x1cftypavif\0\0\0\0", "picture"),
            (b"\0\0\0\x18ftypheic\0\0\0\0", "picture"),
            (b"RIFF\0\0\0\0WAVEfmt ", "nothing"),
            (b"hello, I am a video", "text"),
            (b"G", "text"),
            (b"", "text"),
            (&[0x47; 20], "text"),
        ] {
            assert!(media_type(start).is_err_and(|what| what.contains(words)), "{start:?}: {:?}", media_type(start));
        }
    }
}
