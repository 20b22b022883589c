//! Clips of cameras whose pictures are blurred.

use std::process::Command;
use std::time::Duration;

use prost::Message as _;
use vru_proto::v1;
use vru_runtime::test_util::{Topic, kafka, s3, wait_until};

use crate::messages::{a_minute_ago, alert};
use crate::s3::{alerts_lag, launch, objects};

const DEADLINE: Duration = Duration::from_mins(2);
const FRAME_US: i64 = 100_000;
const SIZE: (u32, u32) = (320, 240);
/// Left, top, width and height.
const HEAD: [u32; 4] = [32, 32, 64, 48];
const BODY: [u32; 4] = [160, 120, 64, 48];

fn ffmpeg(arguments: &[&str]) -> Vec<u8> {
    let made = Command::new("ffmpeg").args(["-v", "error"]).args(arguments).arg("-").output().expect("ffmpeg runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    made.stdout
}

/// Squares of 4 pixels, black and white: whatever is blurred is grey.
fn picture() -> Vec<u8> {
    let squares = "color=white:s=320x240,format=yuv444p,geq=lum='255*mod(floor(X/4)+floor(Y/4),2)':cb=128:cr=128";
    ffmpeg(&["-f", "lavfi", "-i", squares, "-frames:v", "1", "-q:v", "2", "-f", "mjpeg"])
}

/// Of each picture of the clip, the difference between the lightest and the darkest pixel there.
fn contrasts(clip: &[u8], [left, top, width, height]: [u32; 4]) -> Vec<u8> {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), clip).expect("it is written");
    // Without the edge, at which the encoder's blocks mix.
    let crop = format!("crop={}:{}:{}:{}", width - 16, height - 16, left + 8, top + 8);
    let path = file.path().to_str().expect("a text");
    let passthrough = ["-fps_mode", "passthrough", "-pix_fmt", "gray", "-f", "rawvideo"];
    let raw = ffmpeg(&[&["-i", path, "-vf", &crop][..], &passthrough].concat());
    let spread = |picture: &[u8]| picture.iter().max().unwrap() - picture.iter().min().unwrap();
    raw.chunks(((width - 16) * (height - 16)) as usize).map(spread).collect()
}

#[test]
fn the_clip_of_a_blurred_camera_has_only_frames_of_which_it_is_known_what_to_hide() {
    let (bus, server) = (kafka().bus("s3-blurred", 2), s3());
    let bucket = server.bucket();
    let (picture, begin) = (picture(), a_minute_ago());
    for camera in ["cam-a", "cam-b", "cam-c"] {
        for sequence in 0..20 {
            let captured_at_us = begin + sequence as i64 * FRAME_US;
            let id = v1::FrameId { camera_id: camera.to_owned(), session: 1, sequence };
            let frame = v1::Frame {
                id: Some(id.clone()),
                captured_at_us,
                width: SIZE.0,
                height: SIZE.1,
                source_width: SIZE.0,
                source_height: SIZE.1,
                encoding: v1::Encoding::Jpeg.into(),
                key_frame: true,
                payload: picture.clone().into(),
                ..Default::default()
            };
            bus.produce_at(Topic::Frames, camera, &frame.encode_to_vec(), captured_at_us / 1_000);
            let [left, top, width, height] = HEAD.map(|side| side as f32);
            let regions = vec![v1::Box { left, top, width, height }];
            // Inference has left one frame of three out. Of the second camera there are no messages, and those of the third hide nothing.
            let hidden = (camera != "cam-c").then_some(v1::HiddenRegions { regions });
            if camera == "cam-b" || sequence % 3 == 1 {
                continue;
            }
            let found = v1::FrameDetections {
                hidden,
                source_width: SIZE.0,
                source_height: SIZE.1,
                ..crate::messages::frame(camera, 1, sequence, begin)
            };
            bus.produce_at(Topic::Detections, camera, &found.encode_to_vec(), captured_at_us / 1_000 + 50);
        }
        // The end of what inference has to say, so that nobody waits for it.
        let last = v1::FrameDetections { hidden: None, ..crate::messages::frame(camera, 1, 20, begin) };
        bus.produce_at(Topic::Detections, camera, &last.encode_to_vec(), begin / 1_000 + 2_100);
        let at = begin + 1_000_000;
        let named = alert(camera, &format!("of-{camera}"), 10, at);
        let (clip_key, blurred_clip_key) = (String::new(), named.clip_key.clone());
        let private = v1::Alert { clip_key, blurred_clip_key, ..named };
        bus.produce_at(Topic::Alerts, camera, &private.encode_to_vec(), at / 1_000);
    }
    let service = launch(&bus, server, &bucket).set("s3.clip.slack", "2s").start();
    service.wait_ready(DEADLINE);
    wait_until(DEADLINE, "the clips to be done", || alerts_lag(&bus, "clips") == 0);
    let clips = objects(server, &bucket, "clips/");
    let keys: Vec<&String> = clips.keys().collect();
    assert_eq!(clips.len(), 1, "only of one camera is known what is hidden: {keys:?}");
    let (key, clip) = clips.iter().next().expect("a clip");
    assert!(key.contains("of-cam-a"), "{key}");
    let (heads, bodies) = (contrasts(clip, HEAD), contrasts(clip, BODY));
    assert_eq!(heads.len(), 13, "the frames that inference has analysed");
    assert!(heads.iter().all(|&head| head < 60), "a head can be seen: {heads:?}");
    assert!(bodies.iter().all(|&body| body > 150), "more than the head is hidden: {bodies:?}");
    assert_eq!(service.metric("sink_clips_total", &[("outcome", "no frames")]) as u64, 2);
    assert!(service.stop().success());
}
