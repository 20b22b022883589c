//! The demo's model on real pictures.

use std::sync::Arc;

use vru_infer::decode::FrameDecoder;
use vru_infer::picture::Picture;
use vru_media::jpeg;
use vru_proto::v1;
use vru_vision::detection::Detection;
use vru_vision::image::Image;
use vru_vision::road_user::RoadUserClass;

use crate::support::{asset, nanodet};

fn still(name: &str) -> Vec<u8> {
    std::fs::read(asset(&format!("stills/{name}"))).unwrap()
}

/// A frame as ingest publishes it.
fn frame(jpeg: Vec<u8>) -> v1::Frame {
    let size = vru_media::jpeg::header(&jpeg).unwrap();
    v1::Frame {
        id: Some(v1::FrameId { camera_id: "still".to_owned(), session: 1, sequence: 0 }),
        width: size.width,
        height: size.height,
        source_width: size.width,
        source_height: size.height,
        encoding: v1::Encoding::Jpeg.into(),
        key_frame: true,
        analyse: true,
        payload: jpeg.into(),
        ..Default::default()
    }
}

fn confident(found: &[Detection], class: RoadUserClass) -> Vec<&Detection> {
    found.iter().filter(|detection| detection.class == class && detection.score > 0.3).collect()
}

#[test]
fn people_and_the_bus_are_found_at_their_places() {
    let mut engine = nanodet();
    let mut decoder = FrameDecoder::new(engine.model().clone());
    let decoded = decoder.decode(frame(still("bus.jpg")));
    assert!(decoded.failed.is_none(), "{:?}", decoded.failed);
    let picture = &decoded.frames[0].picture;
    // Boxes refer to the original 810×1080 pixels, at whatever scale the picture was decoded.
    assert_eq!((picture.source.width, picture.source.height), (810, 1080));
    let found = engine.infer(&[picture]).unwrap().remove(0);
    let people = confident(&found, RoadUserClass::Pedestrian);
    let buses = confident(&found, RoadUserClass::Bus);
    assert!(people.len() >= 3, "{found:#?}");
    assert_eq!(buses.len(), 1, "{found:#?}");
    // In pixels of the photograph, the bus fills the width, and the people stand in the lower half.
    let bus = buses[0].rect;
    assert!(bus.width > 600.0 && bus.left < 100.0, "{bus:?}");
    assert!(people.iter().all(|person| person.rect.bottom() > 700.0 && person.rect.bottom() <= 1080.0), "{people:#?}");
}

#[test]
fn detections_do_not_depend_on_the_batch() {
    let mut engine = nanodet();
    let pictures: Vec<Picture> = ["bus.jpg", "zidane.jpg"]
        .into_iter()
        .map(|name| Picture::new(jpeg::decode(&still(name), None).unwrap()))
        .chain([Picture::new(Image::filled(640, 480, [90, 120, 60]))])
        .collect();
    let alone: Vec<Vec<Detection>> =
        pictures.iter().map(|picture| engine.infer(&[picture]).unwrap().remove(0)).collect();
    assert!(!alone[0].is_empty() && !alone[1].is_empty());
    let orders: [&[usize]; 4] = [&[0, 1, 2], &[2, 1, 0], &[1, 1, 0, 2], &[0, 0]];
    for order in orders {
        let batch: Vec<&Picture> = order.iter().map(|at| &pictures[*at]).collect();
        for (found, at) in engine.infer(&batch).unwrap().iter().zip(order) {
            assert_eq!(found, &alone[*at], "picture {at} in batch {order:?}");
        }
    }
}

#[test]
fn two_engines_give_the_same_detections() {
    let picture = Picture::new(jpeg::decode(&still("zidane.jpg"), None).unwrap());
    let first = nanodet().infer(&[&picture]).unwrap();
    assert_eq!(nanodet().infer(&[&picture]).unwrap(), first);
}

#[test]
fn a_broken_jpeg_fails_and_the_next_frame_is_decoded() {
    let engine = nanodet();
    let mut decoder = FrameDecoder::new(Arc::clone(engine.model()));
    let mut broken = frame(still("bus.jpg"));
    broken.payload = broken.payload.slice(..40);
    let decoded = decoder.decode(broken);
    assert!(decoded.failed.is_some() && decoded.frames.is_empty());
    let decoded = decoder.decode(frame(still("bus.jpg")));
    assert_eq!(decoded.frames.len(), 1);
}
