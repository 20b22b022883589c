//! Clips in which nobody may be recognised: each picture is decoded, loses what is hidden in it, and is encoded again.

use std::collections::HashMap;
use std::time::Duration;

use vru_vision::geometry::Rect;
use vru_vision::image::Image;
use vru_vision::orientation::Orientation;
use vru_vision::privacy::pixelate_scaled;

use super::{Clip, ClipError, ClipInput, ClipSample, ClipWriter};
use crate::decoder::{DecodedPicture, Reordering, RgbConverter, VideoDecodeError, VideoDecoder};
use crate::jpeg::JpegDecoder;

/// What nobody may see of a picture.
#[derive(Debug, Clone)]
pub struct Hidden {
    source: (u32, u32),
    regions: Vec<Rect>,
}

impl Hidden {
    /// Regions: left, top, width and height in pixels of the camera's picture, whose size is `source`.
    pub fn new(source: (u32, u32), regions: impl IntoIterator<Item = [f32; 4]>) -> Self {
        let rect = |[left, top, width, height]: [f32; 4]| Rect { left, top, width, height };
        Self { source, regions: regions.into_iter().map(rect).collect() }
    }
}

/// Writes an MP4 of the samples of which `hidden` says, by their ids, what is hidden in them. All others are left out, and counted with
/// those that cannot be decoded; it is an error if none is left.
#[expect(clippy::implicit_hasher, reason = "its callers have no other")]
pub fn write_blurred_mp4(
    input: ClipInput,
    samples: impl IntoIterator<Item = ClipSample>,
    hidden: &HashMap<u64, Hidden>,
    limit: Duration,
) -> Result<Clip, ClipError> {
    let (folder, path) = super::new_file()?;
    let mut writer = ClipWriter::create(&path, ClipInput::Pictures, limit)?;
    let mut given = 0;
    let mut write = |image: Result<Option<Blurred>, ClipError>| match image {
        Ok(None) => Ok(()),
        Ok(Some(Blurred { time_us, image })) => writer.push_picture(time_us, image),
        Err(ClipError::Picture(error)) => {
            tracing::debug!(%error, "corrupt picture left out of a clip");
            Ok(())
        }
        Err(error) => Err(error),
    };
    match input {
        ClipInput::Pictures => {
            let mut decoder = JpegDecoder::new()?;
            for sample in samples {
                given += 1;
                let Some(hidden) = hidden.get(&sample.id) else { continue };
                let image =
                    decoder.decode(&sample.payload).map(|image| Some(Blurred::new(sample.time_us, image, hidden)));
                write(image.map_err(ClipError::Picture))?;
            }
        }
        ClipInput::Units(codec, orientation, colours) => {
            let decoder = VideoDecoder::new(codec, Reordering::AsAllowed)?.with_colours(colours);
            let mut video =
                Video { decoder, converter: RgbConverter::default(), orientation, times: HashMap::new(), hidden };
            for sample in samples {
                given += 1;
                for picture in video.push(sample)? {
                    write(video.blurred(&picture))?;
                }
            }
            for picture in video.decoder.flush() {
                write(video.blurred(&picture))?;
            }
        }
    }
    let written = writer.finish()?;
    let mp4 = std::fs::read(&path).map_err(|source| ClipError::Io { what: "read back", source })?;
    drop(folder);
    Ok(Clip { mp4, written, skipped: given - written })
}

/// A picture that may be shown.
struct Blurred {
    time_us: i64,
    image: Image,
}

impl Blurred {
    fn new(time_us: i64, mut image: Image, hidden: &Hidden) -> Self {
        pixelate_scaled(&mut image, &hidden.regions, hidden.source);
        Self { time_us, image }
    }
}

struct Video<'a> {
    decoder: VideoDecoder,
    converter: RgbConverter,
    orientation: Orientation,
    /// Of what is in the decoder.
    times: HashMap<u64, i64>,
    hidden: &'a HashMap<u64, Hidden>,
}

impl Video<'_> {
    fn push(&mut self, sample: ClipSample) -> Result<Vec<DecodedPicture>, ClipError> {
        self.times.insert(sample.id, sample.time_us);
        match self.decoder.push(sample.payload, sample.id, sample.key_frame) {
            Ok(pictures) => Ok(pictures),
            Err(error @ (VideoDecodeError::Unit { .. } | VideoDecodeError::AwaitingKeyFrame)) => {
                tracing::debug!(%error, "access unit left out of a clip");
                Ok(Vec::new())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Upright. `None` if nobody knows what is hidden in it.
    fn blurred(&mut self, DecodedPicture { id, picture }: &DecodedPicture) -> Result<Option<Blurred>, ClipError> {
        let (Some(time_us), Some(hidden)) = (self.times.remove(id), self.hidden.get(id)) else { return Ok(None) };
        let image = self.converter.convert_to(picture, self.orientation.size(hidden.source));
        let image = self.orientation.apply(image.map_err(VideoDecodeError::Convert)?);
        Ok(Some(Blurred::new(time_us, image, hidden)))
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::jpeg;

    const SIZE: (u32, u32) = (320, 240);
    const LIMIT: Duration = Duration::from_secs(30);
    const HEAD: [f32; 4] = [40.0, 32.0, 64.0, 48.0];

    /// Squares of 4 pixels, black and white, which move: whatever is blurred is grey.
    fn pattern(number: u32) -> Image {
        let pixel = |at: u32| {
            let (x, y) = (at % SIZE.0 + number, at / SIZE.0);
            if (x / 4 + y / 4).is_multiple_of(2) { [0; 3] } else { [255; 3] }
        };
        Image::new(SIZE.0, SIZE.1, (0..SIZE.0 * SIZE.1).flat_map(pixel).collect()).unwrap()
    }

    fn pictures() -> Vec<ClipSample> {
        let sample = |number: u32| {
            let payload = jpeg::encode(pattern(number).view(), 95).unwrap().into();
            ClipSample { time_us: i64::from(number) * 100_000, payload, key_frame: true, id: u64::from(number) + 7 }
        };
        (0..20).map(sample).collect()
    }

    /// The same pictures as access units.
    fn units() -> Vec<ClipSample> {
        let clip = super::super::write_mp4(ClipInput::Pictures, pictures(), LIMIT).unwrap();
        let stream =
            ffmpeg(&clip.mp4, &["-c", "copy", "-bsf:v", "h264_mp4toannexb,h264_metadata=aud=insert", "-f", "h264"]);
        let delimiter = [0, 0, 0, 1, 9];
        let mut starts: Vec<usize> = (0..stream.len() - 5).filter(|&at| stream[at..at + 5] == delimiter).collect();
        starts.push(stream.len());
        let unit = |(number, bounds): (usize, &[usize])| {
            let payload = stream[bounds[0]..bounds[1]].to_vec();
            let key_frame = crate::Codec::H264.is_key_unit(&payload);
            ClipSample { time_us: number as i64 * 100_000, payload: payload.into(), key_frame, id: number as u64 + 7 }
        };
        starts.windows(2).enumerate().map(unit).collect()
    }

    fn ffmpeg(input: &[u8], output: &[&str]) -> Vec<u8> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), input).unwrap();
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-i"]).arg(file.path()).args(output).arg("-");
        let made = command.output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        made.stdout
    }

    /// The pictures of a clip.
    fn shown(mp4: &[u8]) -> Vec<Image> {
        let raw = ffmpeg(mp4, &["-fps_mode", "passthrough", "-pix_fmt", "rgb24", "-f", "rawvideo"]);
        let bytes = (SIZE.0 * SIZE.1 * 3) as usize;
        assert_eq!(raw.len() % bytes, 0);
        raw.chunks(bytes).map(|picture| Image::new(SIZE.0, SIZE.1, picture.to_vec()).unwrap()).collect()
    }

    fn contrast(image: &Image, [left, top, width, height]: [f32; 4]) -> u8 {
        // Without the edge, at which the encoder's blocks mix.
        let (columns, rows) = (left as u32 + 8..(left + width) as u32 - 8, top as u32 + 8..(top + height) as u32 - 8);
        let values: Vec<u8> = rows.flat_map(|y| columns.clone().map(move |x| image.pixel(x, y)[1])).collect();
        values.iter().max().unwrap() - values.iter().min().unwrap()
    }

    #[test]
    fn every_picture_of_a_clip_hides_what_is_hidden_in_its_frame_and_no_other_picture_is_in_it() {
        let samples = units();
        assert_eq!(samples.len(), 20, "the pictures are there as access units");
        let as_units =
            ClipInput::Units(crate::Codec::H264, Orientation::UPRIGHT, crate::shown::ContainerColours::default());
        for (input, samples) in [(ClipInput::Pictures, pictures()), (as_units, samples)] {
            // Of the first frames and one in the middle nobody knows what is hidden; of one, nothing is.
            let known = (7..27_u64).filter(|id| ![7, 8, 15].contains(id));
            // In pixels of a camera's picture that is twice as large.
            let head = HEAD.map(|value| value * 2.0);
            let hide = |id: u64| if id == 20 { Vec::new() } else { vec![head] };
            let hidden = known.map(|id| (id, Hidden::new((640, 480), hide(id)))).collect();
            let clip = write_blurred_mp4(input, samples, &hidden, LIMIT).unwrap();
            let shown = shown(&clip.mp4);
            assert_eq!((clip.written, clip.skipped, shown.len()), (17, 3, 17), "{input:?}");
            for (number, image) in shown.iter().enumerate() {
                let (head, body) = (contrast(image, HEAD), contrast(image, [160.0, 120.0, 100.0, 80.0]));
                assert!(body > 150, "{input:?} {number}: the rest of the picture is not recognised any more: {body}");
                // The frame 20 is the eleventh that is shown.
                assert_eq!(head > 150, number == 10, "{input:?} {number}: {head}");
                assert!(!(60..=150).contains(&head), "{input:?} {number}: neither hidden nor shown: {head}");
            }
        }
    }

    #[test]
    fn a_clip_of_which_nobody_knows_what_is_hidden_is_none() {
        let made = write_blurred_mp4(ClipInput::Pictures, pictures(), &HashMap::new(), LIMIT);
        assert!(matches!(made, Err(ClipError::Empty)), "{made:?}");
    }
}
