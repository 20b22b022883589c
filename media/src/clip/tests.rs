use std::process::Command;

use gstreamer as gst;

use super::*;

const LIMIT: Duration = Duration::from_secs(30);

fn jpeg(width: u32, height: u32, value: u8) -> Bytes {
    let image = Image::filled(width, height, [value, 90, 200]);
    crate::jpeg::encode(image.view(), 85).unwrap().into()
}

/// The time stamps of the frames in seconds, read by ffprobe.
fn frame_times(mp4: &[u8]) -> Vec<f64> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), mp4).unwrap();
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", "frame=best_effort_timestamp_time", "-of", "csv=p=0"])
        .arg(file.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let times = text.lines().map(|line| line.trim_matches(',')).filter(|line| !line.is_empty());
    times.map(|time| time.parse().unwrap()).collect()
}

fn position(bytes: &[u8], what: &[u8]) -> usize {
    bytes.windows(what.len()).position(|window| window == what).unwrap()
}

#[test]
fn a_clip_of_jpegs_keeps_their_time_stamps() {
    // Irregular intervals on a wall clock.
    let times_us = [0_i32, 100_000, 250_000, 1_000_000, 1_040_000];
    let samples = times_us.iter().enumerate().map(|(index, time_us)| ClipSample {
        time_us: 1_700_000_000_000_000 + i64::from(*time_us),
        payload: jpeg(321, 241, index as u8 * 50),
        key_frame: true,
        id: 0,
    });
    let clip = write_mp4(ClipInput::Pictures, samples, LIMIT).unwrap();
    assert_eq!((clip.written, clip.skipped), (5, 0));
    let times = frame_times(&clip.mp4);
    assert_eq!(times.len(), 5, "{times:?}");
    for (time, expected_us) in times.iter().zip(times_us) {
        assert!((time - f64::from(expected_us) / 1e6).abs() < 0.002, "{times:?}");
    }
    assert!(position(&clip.mp4, b"moov") < position(&clip.mp4, b"mdat"), "the index is not at the front");
}

#[test]
fn a_corrupt_picture_is_left_out_and_a_new_size_is_scaled() {
    let payloads = [jpeg(320, 240, 1), Bytes::from_static(b"broken"), jpeg(640, 360, 9), jpeg(320, 240, 200)];
    let samples = payloads.into_iter().enumerate().map(|(index, payload)| ClipSample {
        time_us: index as i64 * 100_000,
        payload,
        key_frame: true,
        id: 0,
    });
    let clip = write_mp4(ClipInput::Pictures, samples, LIMIT).unwrap();
    assert_eq!((clip.written, clip.skipped), (3, 1));
    assert_eq!(frame_times(&clip.mp4).len(), 3);
}

#[test]
fn a_clip_without_usable_samples_is_an_error() {
    let nothing = ClipSample { time_us: 0, payload: Bytes::from_static(b"broken"), key_frame: true, id: 0 };
    let error = write_mp4(ClipInput::Pictures, [nothing], LIMIT).unwrap_err();
    assert!(matches!(error, ClipError::Empty), "{error}");
}

#[test]
fn a_clip_stops_at_its_deadline() {
    let samples = (0..500).map(|index| ClipSample {
        time_us: index * 100_000,
        payload: jpeg(1280, 720, index as u8),
        key_frame: true,
        id: 0,
    });
    let started = Instant::now();
    let error = write_mp4(ClipInput::Pictures, samples, Duration::from_millis(50)).unwrap_err();
    assert!(matches!(error, ClipError::TimedOut { .. }), "{error}");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn access_units_are_stored_unchanged() {
    for (codec, encoder, parser) in [
        (Codec::H264, "x264enc key-int-max=10 bframes=2 b-adapt=false", "h264parse"),
        (Codec::H264, "x264enc key-int-max=10 tune=zerolatency", "h264parse"),
        (Codec::H265, "x265enc key-int-max=10 speed-preset=ultrafast option-string=open-gop=0", "h265parse"),
    ] {
        let (units, times) = encoded(codec, encoder, parser);
        let bytes: usize = units.iter().map(Bytes::len).sum();
        let samples = units.into_iter().zip(times).map(|(payload, time_us)| ClipSample {
            key_frame: codec.is_key_unit(&payload),
            time_us,
            payload,
            id: 0,
        });
        let samples: Vec<_> = samples.skip(8).collect();
        // The units before the first key frame are left out.
        let skipped = samples.iter().position(|sample| sample.key_frame).unwrap();
        assert!(skipped > 0);
        let clip =
            write_mp4(ClipInput::Units(codec, Orientation::UPRIGHT, ContainerColours::default()), samples, LIMIT)
                .unwrap();
        assert_eq!((clip.written, clip.skipped), (22 - skipped, skipped), "{encoder}");
        let times = frame_times(&clip.mp4);
        assert_eq!(times.len(), clip.written, "{encoder}: {times:?}");
        for pair in times.windows(2) {
            assert!((pair[1] - pair[0] - 0.1).abs() < 0.002, "{encoder}: {times:?}");
        }
        assert!(clip.mp4.len() < bytes + 20_000);
    }
}

#[test]
fn what_the_container_stated_is_in_the_clip() {
    for (codec, encoder, parser) in [
        (Codec::H264, "x264enc key-int-max=10 tune=zerolatency", "h264parse"),
        (Codec::H265, "x265enc key-int-max=10 speed-preset=ultrafast", "h265parse"),
    ] {
        let (units, times) = encoded(codec, encoder, parser);
        let samples: Vec<_> = units
            .into_iter()
            .zip(times)
            .map(|(payload, time_us)| ClipSample { key_frame: codec.is_key_unit(&payload), time_us, payload, id: 0 })
            .collect();
        let turned = Orientation { mirrored: true, quarters: 1 };
        for colours in [ContainerColours::new(Some(true), 1), ContainerColours::new(Some(false), 9)] {
            let clip = write_mp4(ClipInput::Units(codec, turned, colours), samples.clone(), LIMIT).unwrap();
            let stated = mp4::stated(&mut std::io::Cursor::new(&clip.mp4));
            assert_eq!(stated, mp4::Stated { orientation: Some(turned), colours: Some(colours) }, "{codec:?}");
        }
    }
}

#[test]
fn misplaced_sei_units_cost_no_picture() {
    let (units, times) = encoded(Codec::H264, "x264enc key-int-max=10 tune=zerolatency", "h264parse");
    let key_frames: Vec<bool> = units.iter().map(|unit| Codec::H264.is_key_unit(unit)).collect();
    let samples = units.into_iter().zip(times).zip(&key_frames).map(|((unit, time_us), key_frame)| {
        // Behind the slices.
        let sei: &[u8] = if *key_frame { &[0, 0, 0, 1, 6, 47, 3, 8, 0, 0x18, 0x80] } else { &[] };
        ClipSample { payload: [&unit, sei].concat().into(), time_us, key_frame: *key_frame, id: 0 }
    });
    let input = ClipInput::Units(Codec::H264, Orientation::UPRIGHT, ContainerColours::default());
    let clip = write_mp4(input, samples, LIMIT).unwrap();
    assert_eq!((clip.written, frame_times(&clip.mp4).len()), (30, 30));
}

fn encoded(codec: Codec, encoder: &str, parser: &str) -> (Vec<Bytes>, Vec<i64>) {
    use gstreamer::prelude::*;
    crate::init().unwrap();
    let line = format!(
        "videotestsrc num-buffers=30 ! video/x-raw,width=320,height=240,framerate=10/1 ! {encoder} ! {parser} \
         config-interval=-1 ! {},stream-format=byte-stream,alignment=au ! appsink name=sink sync=false",
        codec.media_type()
    );
    let pipeline = gst::parse::launch(&line).unwrap().downcast::<gst::Pipeline>().unwrap();
    let sink = pipeline.by_name("sink").unwrap().downcast::<gstreamer_app::AppSink>().unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();
    let (mut units, mut times) = (Vec::new(), Vec::new());
    while let Ok(sample) = sink.pull_sample() {
        let buffer = sample.buffer().unwrap();
        units.push(Bytes::copy_from_slice(&buffer.map_readable().unwrap()));
        times.push(buffer.pts().unwrap().useconds() as i64);
    }
    pipeline.set_state(gst::State::Null).unwrap();
    (units, times)
}
