use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use vru_media::decoder::{Reordering, RgbConverter, VideoDecoder};
use vru_media::{Codec, jpeg};
use vru_proto::v1;
use vru_runtime::test_util::{Codec as Clip, Topic, access_units};
use vru_vision::image::Image;

use super::client::Watcher;
use super::{SESSION, Street, captured_at_us, detections};

pub const SIZE: (u32, u32) = (768, 576);

pub fn unit(camera: &str, number: u64, payload: &Bytes) -> v1::Frame {
    let key_frame = Codec::H264.resets_decoder(payload);
    v1::Frame {
        id: Some(v1::FrameId { camera_id: camera.to_owned(), session: SESSION, sequence: number }),
        captured_at_us: captured_at_us(number),
        width: SIZE.0,
        height: SIZE.1,
        source_width: SIZE.0,
        source_height: SIZE.1,
        encoding: v1::Encoding::H264.into(),
        key_frame,
        delivery: v1::Delivery::Live.into(),
        // As with a camera that is analysed at half its rate.
        analyse: number.is_multiple_of(2),
        payload: payload.clone(),
        ..v1::Frame::default()
    }
}

/// Decodes units as a player does; returns the pictures by their number.
fn decoded(units: impl Iterator<Item = (u64, Bytes, bool)>) -> BTreeMap<u64, Image> {
    let mut decoder = VideoDecoder::new(Codec::H264, Reordering::AsSeen).expect("a decoder");
    let mut converter = RgbConverter::default();
    let mut pictures = Vec::new();
    for (number, unit, key_frame) in units {
        pictures.extend(decoder.push(unit, number, key_frame).expect("a unit that can be decoded"));
    }
    pictures.extend(decoder.flush());
    let image = |picture: &_| converter.convert(picture).expect("a picture");
    let mut image = image;
    pictures.iter().map(|decoded| (decoded.id, image(&decoded.picture))).collect()
}

fn difference(a: &Image, b: &Image) -> f64 {
    assert_eq!((a.width, a.height), (b.width, b.height));
    let sum: u64 = a.data.iter().zip(&b.data).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.data.len() as f64
}

#[tokio::test(flavor = "multi_thread")]
async fn access_units_are_passed_on_and_pictures_begin_at_key_frames() {
    let street = Street::start("units").await;
    let camera = street.camera().await;
    let units = tokio::task::block_in_place(|| access_units(Clip::H264, 120));
    let keys: Vec<usize> = (0..units.len()).filter(|at| Codec::H264.resets_decoder(&units[*at])).collect();
    assert!(keys.len() >= 2, "key frames at {keys:?}");
    let truth = decoded(units.iter().enumerate().map(|(at, unit)| (at as u64, unit.clone(), keys.contains(&at))));

    let mut passed = Watcher::open(&street.api, &street.admin).await;
    passed.watch(&[(&camera, "h264")]).await;
    let mut full = Watcher::open(&street.api, &street.admin).await;
    full.watch(&[(&camera, "full")]).await;
    let publish = |number: u64| {
        street.put_frame(&unit(&camera, number, &units[number as usize]));
        if number.is_multiple_of(2) {
            let mut found = detections(&camera, number);
            (found.source_width, found.source_height) = SIZE;
            tokio::task::block_in_place(|| street.bus.produce_message(Topic::Detections, &camera, &found));
        }
    };
    // Read from the first key frame on: a record of nobody shows that it is read.
    let other = super::neighbour(&camera);
    while street.records(Topic::Frames, "other_camera") == 0 {
        tokio::task::block_in_place(|| street.bus.produce(Topic::Frames, &other, Some(b"x")));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // It begins in the middle of a group, and some units are lost in the next one.
    let lost = keys[1] as u64 + 4..keys[1] as u64 + 6;
    let all: Vec<u64> = (3..units.len() as u64).filter(|number| !lost.contains(number)).collect();
    let mut received = BTreeMap::new();
    let mut images: BTreeMap<u64, Image> = BTreeMap::new();
    for number in &all {
        publish(*number);
        while let Some(picture) = full.next_picture_within(Duration::from_millis(5)).await {
            let image = jpeg::decode(&picture.bytes, None).expect("a JPEG");
            assert_eq!(picture.head["objects"][0]["track_id"], format!("{camera}.{SESSION}.{}", picture.number() + 1));
            images.insert(picture.number(), image);
        }
    }
    while let Some(picture) = passed.next_picture_within(Duration::from_secs(4)).await {
        let number = picture.number();
        let objects = &picture.head["objects"];
        if number.is_multiple_of(2) {
            assert_eq!(objects[0]["track_id"], format!("{camera}.{SESSION}.{}", number + 1), "{}", picture.head);
        } else {
            assert!(objects.is_null(), "{}", picture.head);
        }
        let head = &picture.head["picture"];
        assert_eq!((&head["type"], &head["width"]), (&json!("video/h264"), &json!(SIZE.0)));
        assert!(head["codec"].as_str().is_some_and(|codec| codec.starts_with("avc1.") && codec.len() == 11), "{head}");
        assert_eq!(picture.bytes, units[number as usize], "the unit as the camera sent it");
        received.insert(number, (picture.bytes.clone(), head["key_frame"] == true));
    }
    while let Some(picture) = full.next_picture_within(Duration::from_millis(500)).await {
        images.insert(picture.number(), jpeg::decode(&picture.bytes, None).expect("a JPEG"));
    }
    // What comes is decodable without an error and without grey, from a key frame to the gap, and again from the next key frame.
    let next_key = |after: u64| keys.iter().map(|key| *key as u64).find(|key| *key >= after).unwrap_or(u64::MAX);
    let shown = |number: &u64| (next_key(3)..lost.start).contains(number) || *number >= next_key(lost.end);
    let wanted: Vec<u64> = all.iter().copied().filter(shown).collect();
    assert_eq!(received.keys().copied().collect::<Vec<_>>(), wanted);
    let played = decoded(received.into_iter().map(|(number, (unit, key_frame))| (number, unit, key_frame)));
    assert!(played.len() + 2 >= wanted.len(), "{} pictures of {}", played.len(), wanted.len());
    for (number, picture) in &played {
        assert!(difference(picture, &truth[number]) < 0.01, "picture {number} differs");
    }
    assert!(images.len() >= 3, "{} pictures", images.len());
    for (number, picture) in &images {
        assert!(shown(number), "picture {number} is shown in a gap");
        assert!(
            difference(picture, &truth[number]) < 8.0,
            "picture {number} differs by {}",
            difference(picture, &truth[number])
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_that_joins_between_key_frames_begins_at_the_last_one() {
    let street = Street::start("joining").await;
    let camera = street.camera().await;
    let units = tokio::task::block_in_place(|| access_units(Clip::H264, 120));
    let keys: Vec<u64> =
        (0..units.len()).filter(|at| Codec::H264.resets_decoder(&units[*at])).map(|at| at as u64).collect();
    let is_key = |number: &u64| keys.contains(number);
    let truth = decoded(units.iter().zip(0..).map(|(unit, number)| (number, unit.clone(), is_key(&number))));
    let publish = |number: u64| {
        street.put_frame(&unit(&camera, number, &units[number as usize]));
        if number.is_multiple_of(2) {
            street.detections(&camera, number);
        }
    };
    // On a wall, with tiles.
    let mut wall = Watcher::open(&street.api, &street.admin).await;
    wall.watch(&[(&camera, "tile")]).await;
    let other = super::neighbour(&camera);
    while street.records(Topic::Frames, "other_camera") == 0 {
        tokio::task::block_in_place(|| street.bus.produce(Topic::Frames, &other, Some(b"x")));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let came = keys[1] + 4;
    for number in 0..came {
        publish(number);
        drop(wall.next_picture_within(Duration::from_millis(5)).await);
    }
    let read = |topic, count| street.records(topic, "used") >= count as i64;
    while !read(Topic::Frames, came) || !read(Topic::Detections, came.div_ceil(2)) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut viewers = Vec::new();
    for _ in 0..3 {
        let mut viewer = Watcher::open(&street.api, &street.admin).await;
        viewer.watch(&[(&camera, "h264")]).await;
        viewers.push(viewer);
    }
    let end = came + 5;
    assert!(keys.iter().all(|key| !(came..end).contains(key)), "there is no other key frame at {keys:?}");
    (came..end).for_each(publish);
    for viewer in &mut viewers {
        let mut received = Vec::new();
        while received.len() < (end - keys[1]) as usize {
            let picture = viewer.picture().await;
            let (number, head) = (picture.number(), &picture.head["picture"]);
            // What is from before is only there for the decoder.
            let earlier = head["earlier"] == true;
            assert!(if earlier { number < came } else { number > keys[1] }, "{}", picture.head);
            let analysed = !earlier && number.is_multiple_of(2);
            assert_eq!(picture.head["objects"].is_array(), analysed, "{}", picture.head);
            received.push((number, picture.bytes.clone(), head["key_frame"] == true));
        }
        let numbers: Vec<u64> = received.iter().map(|(number, ..)| *number).collect();
        assert_eq!(numbers, (keys[1]..end).collect::<Vec<_>>());
        let played = decoded(received.into_iter());
        assert!(played.len() + 2 >= numbers.len(), "{} pictures of {}", played.len(), numbers.len());
        for (number, picture) in &played {
            assert!(difference(picture, &truth[number]) < 0.01, "picture {number} differs");
        }
    }
    assert_eq!(street.records(Topic::Frames, "used"), end as i64, "each record is read once, however many watch");
}
