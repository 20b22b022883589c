use super::*;

const FORMATS: [&str; 10] = ["I420", "YV12", "NV12", "NV21", "Y42B", "Y444", "Y41B", "YUY2", "UYVY", "YVYU"];
const MATRICES: [(&str, f64, f64); 5] = [
    ("bt709", 0.2126, 0.0722),
    ("bt601", 0.299, 0.114),
    ("bt2020", 0.2627, 0.0593),
    ("smpte240m", 0.212, 0.087),
    ("fcc", 0.30, 0.11),
];

fn caps(format: &str, (width, height): (i32, i32), range: i32, matrix: i32) -> gst::Caps {
    crate::init().unwrap();
    let caps = format!(
        "video/x-raw,format={format},width={width},height={height},framerate=0/1,colorimetry={range}:{matrix}:0:0"
    );
    caps.parse().unwrap()
}

/// The number of GStreamer's matrix.
fn number(matrix: &str) -> i32 {
    match matrix {
        "fcc" => 2,
        "bt709" => 3,
        "bt601" => 4,
        "smpte240m" => 5,
        _ => 6,
    }
}

/// YCbCr of a colour, in bytes.
fn encode([r, g, b]: [f64; 3], kr: f64, kb: f64, full: bool) -> [u8; 3] {
    let y = kr * r + (1.0 - kr - kb) * g + kb * b;
    let (cb, cr) = ((b - y) / (2.0 * (1.0 - kb)), (r - y) / (2.0 * (1.0 - kr)));
    let (black, luma, chroma) = if full { (0.0, 255.0, 255.0) } else { (16.0, 219.0, 224.0) };
    [black + luma * y, 128.0 + chroma * cb, 128.0 + chroma * cr].map(|value| value.round().clamp(0.0, 255.0) as u8)
}

/// A picture of this format with one colour everywhere.
fn filled(info: &gst_video::VideoInfo, colour: [u8; 3]) -> gst::Buffer {
    let mut buffer = gst::Buffer::with_size(info.size()).unwrap();
    let mut frame = gst_video::VideoFrameRef::from_buffer_ref_writable(buffer.get_mut().unwrap(), info).unwrap();
    for (component, value) in (0..info.n_components()).zip(colour) {
        let part = Part::of(&frame, component).unwrap();
        let values = vec![value; info.comp_width(component as u8) as usize];
        let mut planes = frame.planes_data_mut();
        (0..info.comp_height(component as u8) as usize)
            .for_each(|line| part.write(&mut planes, line, &values).unwrap());
    }
    drop(frame);
    buffer
}

/// Every value of each component.
fn values(info: &gst_video::VideoInfo, mut buffer: gst::Buffer) -> Vec<Vec<u8>> {
    let mut frame = gst_video::VideoFrameRef::from_buffer_ref_writable(buffer.get_mut().unwrap(), info).unwrap();
    let mut all = Vec::new();
    for component in 0..info.n_components() {
        let part = Part::of(&frame, component).unwrap();
        let mut planes = frame.planes_data_mut();
        let (mut found, mut line_values) = (Vec::new(), Vec::new());
        for line in 0..info.comp_height(component as u8) as usize {
            part.read(&mut planes, line, info.comp_width(component as u8) as usize, &mut line_values).unwrap();
            found.extend_from_slice(&line_values);
        }
        all.push(found);
    }
    all
}

#[test]
fn each_colour_of_each_matrix_and_range_becomes_that_of_jpeg_in_every_format() {
    let colours = [[1.0, 1.0, 1.0], [0.0; 3], [0.9, 0.1, 0.1], [0.1, 0.9, 0.1], [0.1, 0.1, 0.9], [0.5, 0.6, 0.4]];
    for (matrix, kr, kb) in MATRICES {
        for full in [false, true] {
            for format in FORMATS {
                let caps = caps(format, (33, 17), if full { 1 } else { 2 }, number(matrix));
                let Some(mut conversion) = JpegColours::new(&caps).unwrap() else {
                    assert!(full && matrix == "bt601", "{matrix} {full} {format} needs a conversion");
                    continue;
                };
                let info = conversion.info.clone();
                for colour in colours {
                    let mut picture = filled(&info, encode(colour, kr, kb, full));
                    conversion.convert(picture.get_mut().unwrap()).unwrap();
                    let expected = encode(colour, 0.299, 0.114, true);
                    for (found, expected) in values(&info, picture).iter().zip(expected) {
                        let worst = found.iter().map(|value| value.abs_diff(expected)).max().unwrap();
                        assert!(
                            worst <= 2,
                            "{format} {matrix} full={full} {colour:?}: {found:?} instead of {expected}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn grey_pictures_get_the_full_range() {
    let caps = caps("GRAY8", (5, 3), 2, 4);
    let mut conversion = JpegColours::new(&caps).unwrap().unwrap();
    let info = conversion.info.clone();
    for (given, expected) in [(16, 0), (235, 255), (126, 128), (3, 0), (250, 255)] {
        let mut picture = filled(&info, [given, 0, 0]);
        conversion.convert(picture.get_mut().unwrap()).unwrap();
        assert_eq!(values(&info, picture), [vec![expected; 15]]);
    }
}

#[test]
fn pictures_with_the_colours_of_jpeg_and_rgb_stay_as_they_are() {
    assert!(JpegColours::new(&caps("I420", (32, 16), 1, 4)).unwrap().is_none());
    assert!(JpegColours::new(&caps("GRAY8", (32, 16), 1, 4)).unwrap().is_none());
    assert!(JpegColours::new(&caps("RGB", (32, 16), 1, 1)).unwrap().is_none());
}

#[test]
fn what_cannot_be_converted_is_named() {
    let error = JpegColours::new(&caps("I420_10LE", (32, 16), 2, 3)).unwrap_err();
    assert!(error.to_string().contains("I420_10LE"), "{error}");
}
