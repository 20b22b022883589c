//! What people get to see of a camera whose picture is turned, has oblong pixels and the full range: the snapshot and the clip of an alert in
//! the object store, and the live picture of the page.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use vru_media::jpeg;
use vru_proto::v1;
use vru_runtime::test_util::{FfmpegCamera, folder, wait_for};
use vru_vision::image::Image;

use super::orientation::{Turned, quarters_of, turned_in_stream};
use crate::analysis::fixture;
use crate::pipeline::{DEADLINE, Pipeline, camera, push, start};
use crate::support::up::{self, UpAddresses};
use crate::videos::first_picture;

/// Filters in front of the encoder. The stored picture is 320×160; 480×160 square pixels.
const STORED: &str = ",scale=out_range=pc,format=yuvj420p,setsar=3/2";
/// What a person sees.
const SIZE: (u32, u32) = (160, 480);

/// A video of each codec.
fn videos() -> [(v1::Encoding, Turned); 2] {
    let mut all = turned_in_stream(STORED);
    let h265 = all.pop().unwrap();
    [(v1::Encoding::H264, all.swap_remove(0)), (v1::Encoding::H265, h265)]
}

/// The middle of each quarter is far from what is drawn on the picture.
fn assert_seen(what: &str, picture: &Image, quarters: [f32; 4]) {
    assert_eq!((picture.width, picture.height), SIZE, "{what}");
    let seen = quarters_of(picture);
    let near = seen.iter().zip(quarters).all(|(seen, quarter)| (seen - quarter).abs() <= 0.04);
    assert!(near, "{what}: {seen:?} instead of {quarters:?}");
}

#[test]
fn snapshots_and_clips_show_what_a_person_sees() {
    let pipeline = Pipeline::new("outputs", 1);
    let infer = pipeline.infer().set("model.path", fixture("probe-quadrants.onnx"));
    let [ingest, _infer, sink] = start([pipeline.ingest(), infer, pipeline.sink().set("postgres.enabled", "false")]);
    let mut cameras = Vec::new();
    for (own, Turned { video, quarters, .. }) in videos() {
        for encoding in [v1::Encoding::Jpeg, own] {
            let id = format!("{own:?}-as-{encoding:?}").to_lowercase();
            let output = v1::Output { encoding: encoding.into(), ..v1::Output::default() };
            let source =
                v1::camera_config::Source::Push(v1::PushSource { allow_anonymous: true, ..Default::default() });
            pipeline.bus.put_camera(&v1::CameraConfig { output: Some(output), ..camera(&id, source) });
            let url = format!("rtsp://127.0.0.1:{}/{id}", pipeline.push_port);
            let pushing = push(&ingest, &id, &FfmpegCamera::of(video.clone(), url));
            cameras.push((id, quarters, pushing));
        }
    }
    let wanted = cameras.len();
    wait_for(DEADLINE, "a snapshot and a clip of each camera", || {
        let clips = sink.count("sink_clips_total", &[("outcome", "written")]);
        let store = pipeline.store();
        let have = |id: &str| {
            let of = format!("/{id}/");
            store.snapshots.keys().any(|key| key.contains(&of)) && store.clips.keys().any(|key| key.contains(&of))
        };
        let found = cameras.iter().filter(|(id, ..)| have(id)).count();
        if found == wanted { Ok(()) } else { Err(format!("{found} of {wanted}; {clips} clips; {}", sink.log_tail())) }
    });
    let store = pipeline.store();
    for (id, quarters, _) in &cameras {
        let mut pictures = 0;
        for (key, snapshot) in store.snapshots.iter().filter(|(key, _)| key.contains(&format!("/{id}/"))) {
            assert_seen(key, &jpeg::decode(snapshot, None).unwrap(), *quarters);
            pictures += 1;
        }
        for (key, clip) in store.clips.iter().filter(|(key, _)| key.contains(&format!("/{id}/"))) {
            assert_seen(key, &first_picture(clip), *quarters);
            pictures += 1;
        }
        assert!(pictures >= 2, "{id}");
    }
}

#[test]
fn the_page_shows_what_a_person_sees() {
    let home = folder("up");
    let addresses = UpAddresses::free();
    let mut cameras = Vec::new();
    let mut file = String::new();
    for (own, Turned { video, quarters, .. }) in videos() {
        for encoding in ["jpeg", "passthrough"] {
            let id = format!("{own:?}-{encoding}").to_lowercase();
            writeln!(
                file,
                "[[cameras]]\nid = '{id}'\npush = {{ allow_anonymous = true }}\noutput = {{ encoding = '{encoding}' }}"
            )
            .unwrap();
            cameras.push((id, video.clone(), quarters));
        }
    }
    let cameras_file = home.join("cameras.toml");
    fs::write(&cameras_file, file).unwrap();
    let model = fixture("probe-quadrants.onnx");
    let text = format!("cameras.file = '{}'\nmodel.path = '{}'\n", cameras_file.display(), model.display());
    let up = up::start(&home, &up::write_config(&home, &addresses, &text));
    for (id, video, quarters) in cameras {
        let camera = FfmpegCamera::of(video, format!("rtsp://{}/{id}", addresses.push));
        let mut pushing = camera.start();
        let picture = wait_for_picture(addresses.page, &id, || {
            if pushing.ended().is_some() {
                // The server was not there yet.
                pushing = camera.start();
            }
            if let Some(status) = up.ended() {
                panic!("vru up ended ({status}): {}", up.log());
            }
            up.log_tail()
        });
        assert_seen(&id, &picture, quarters);
    }
}

fn wait_for_picture(page: SocketAddr, id: &str, mut state: impl FnMut() -> String) -> Image {
    let mut picture = None;
    wait_for(DEADLINE, &format!("the live picture of {id}"), || {
        picture = live_picture(page, id);
        if picture.is_some() { Ok(()) } else { Err(state()) }
    });
    picture.unwrap()
}

/// `None` if the page has none yet.
fn live_picture(page: SocketAddr, id: &str) -> Option<Image> {
    let mut stream = TcpStream::connect(page).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(stream, "GET /live/{id}.jpg HTTP/1.1\r\nHost: {page}\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let body = answer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    answer.starts_with(b"HTTP/1.1 200").then(|| jpeg::decode(&answer[body..], None).unwrap())
}
