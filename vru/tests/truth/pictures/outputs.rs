//! What people get to see of a camera whose picture is turned, has oblong pixels and the full range: the snapshot and the clip of an alert in
//! the object store, and its live pictures.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use vru_live::{LiveFeed, LiveOptions, Rendition};
use vru_media::jpeg;
use vru_proto::{CameraId, v1};
use vru_runtime::kafka::KafkaConfig;
use vru_runtime::shutdown::Shutdown;
use vru_runtime::test_util::{FfmpegCamera, wait_for};
use vru_vision::image::Image;

use super::orientation::{Turned, quarters_of, turned_in_stream};
use crate::analysis::fixture;
use crate::pipeline::{DEADLINE, Pipeline, camera, push, start};
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
fn snapshots_clips_and_live_pictures_show_what_a_person_sees() {
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
    let ids: Vec<CameraId> = cameras.iter().map(|(id, ..)| id.parse().unwrap()).collect();
    let live = live_pictures(pipeline.bus.config(), &ids);
    let store = pipeline.store();
    for (id, quarters, _) in &cameras {
        assert_seen(&format!("the live picture of {id}"), &live[id.as_str()], *quarters);
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

/// A live picture of each camera.
fn live_pictures(kafka: KafkaConfig, cameras: &[CameraId]) -> BTreeMap<String, Image> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _inside = runtime.enter();
    let shutdown = Shutdown::default();
    let feed = LiveFeed::start(kafka, &LiveOptions::default(), &shutdown).unwrap();
    let mut viewer = feed.viewer();
    viewer.watch(cameras.iter().map(|camera| (camera.clone(), Rendition::Full)).collect::<HashMap<_, _>>());
    let mut seen = BTreeMap::new();
    let all = async {
        while seen.len() < cameras.len() {
            let (camera, jpeg) = parts(&viewer.next().await);
            seen.insert(camera, jpeg::decode(&jpeg, None).unwrap());
        }
    };
    let complete = runtime.block_on(tokio::time::timeout(DEADLINE, all)).is_ok();
    shutdown.soft.cancel();
    assert!(complete, "live pictures of {:?} only", seen.keys());
    seen
}

/// The camera of a message, and its picture.
fn parts(message: &Bytes) -> (String, Bytes) {
    let head = 4 + u32::from_be_bytes(message[..4].try_into().unwrap()) as usize;
    let text: serde_json::Value = serde_json::from_slice(&message[4..head]).unwrap();
    (text["camera_id"].as_str().unwrap().to_owned(), message.slice(head..))
}
