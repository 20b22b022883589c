//! Who is in the picture of an alert cannot be recognised when the camera's pictures are blurred.

use vru_media::jpeg;
use vru_vision::image::Image;
use vru_vision::orientation::Orientation;

use super::*;
use crate::picture::Picture;

const SIZE: (u32, u32) = (320, 240);
const WALKER: Rect = Rect { left: 40.0, top: 60.0, width: 40.0, height: 120.0 };
const OTHER: Rect = Rect { left: 200.0, top: 60.0, width: 40.0, height: 120.0 };

/// A pattern of 4 pixels, black and white: whatever is blurred is grey.
fn pattern() -> Image {
    let pixel = |at: u32| if (at % SIZE.0 / 4 + at / SIZE.0 / 4).is_multiple_of(2) { [0; 3] } else { [255; 3] };
    Image::new(SIZE.0, SIZE.1, (0..SIZE.0 * SIZE.1).flat_map(pixel).collect()).unwrap()
}

fn frame(sequence: u64) -> v1::Frame {
    let payload = jpeg::encode(pattern().view(), 95).unwrap().into();
    let (width, height) = SIZE;
    v1::Frame { width, height, source_width: width, source_height: height, payload, ..live_frame("cam", 1, sequence) }
}

fn blurring() -> v1::CameraConfig {
    v1::CameraConfig { privacy: Some(v1::Privacy { blur: true }), ..camera() }
}

fn person(rect: Rect, score: f32) -> Detection {
    Detection::new(rect, RoadUserClass::Pedestrian, score)
}

/// The number of the frame in which the walker raises an alert.
fn raising() -> u64 {
    let mut analysis = analysis(Some(&camera()));
    let raises = |sequence: &u64| {
        let (_, alerts) =
            analysis.observe(&frame(*sequence), &[person(WALKER, 0.9)], None, v1::StageTimings::default());
        !alerts.is_empty()
    };
    (0..20).find(raises).expect("an alert")
}

/// The alert that the walker raises in `last`. `others` are in all frames before it, `in_last` are in it.
fn raised(config: &v1::CameraConfig, others: &[Detection], in_last: &[Detection], last: &v1::Frame) -> v1::Alert {
    let mut analysis = analysis(Some(config));
    for sequence in 0..raising() {
        let found = [&[person(WALKER, 0.9)], others].concat();
        let (_, alerts) = analysis.observe(&frame(sequence), &found, None, v1::StageTimings::default());
        assert!(alerts.is_empty(), "{alerts:?}");
    }
    let found = [&[person(WALKER, 0.9)], in_last].concat();
    let image = jpeg::decode(&last.payload, None).ok();
    let (_, mut alerts) = analysis.observe(last, &found, image.map(Picture::new).as_ref(), v1::StageTimings::default());
    alerts.retain(|alert| alert.r#box.is_some_and(|place| place.left < 100.0));
    alerts.remove(0)
}

/// The difference between the lightest and the darkest of the rows that are `shares` of the box.
fn contrast(image: &Image, rect: Rect, shares: std::ops::Range<f32>) -> u8 {
    let row = |share: f32| (rect.top + rect.height * share) as u32;
    let columns = rect.left as u32..rect.right() as u32;
    let rows = row(shares.start)..row(shares.end);
    let values: Vec<u8> = rows.flat_map(|y| columns.clone().map(move |x| image.pixel(x, y)[1])).collect();
    values.iter().max().unwrap() - values.iter().min().unwrap()
}

fn is_hidden(image: &Image, rect: Rect) -> bool {
    // The head, without the edge, at which the JPEG's blocks of 8 pixels mix.
    let (head, legs) = (contrast(image, rect, 0.0..0.25), contrast(image, rect, 0.5..1.0));
    assert!(legs > 150, "the body is not recognised any more: {legs}");
    assert!(!(40..150).contains(&head), "neither hidden nor shown: {head}");
    head < 40
}

#[test]
fn heads_are_hidden_in_the_snapshot_and_are_to_be_hidden_in_the_clip() {
    let alert = raised(&blurring(), &[], &[], &frame(raising()));
    let seen = jpeg::decode(&alert.snapshot, None).unwrap();
    assert!(is_hidden(&seen, WALKER));
    assert!(!is_hidden(&seen, OTHER), "nobody is there");
    assert!(alert.clip_key.is_empty() && !alert.blurred_clip_key.is_empty() && !alert.snapshot_key.is_empty());

    // Of another camera, everything is seen.
    let alert = raised(&camera(), &[], &[], &frame(raising()));
    assert!(!is_hidden(&jpeg::decode(&alert.snapshot, None).unwrap(), WALKER));
    assert!(!alert.clip_key.is_empty() && alert.blurred_clip_key.is_empty());
}

#[test]
fn a_doubtful_detection_and_a_road_user_that_the_model_missed_are_hidden_too() {
    let alert = raised(&blurring(), &[], &[person(OTHER, 0.05)], &frame(raising()));
    assert!(is_hidden(&jpeg::decode(&alert.snapshot, None).unwrap(), OTHER));
    let alert = raised(&blurring(), &[person(OTHER, 0.9)], &[], &frame(raising()));
    assert!(is_hidden(&jpeg::decode(&alert.snapshot, None).unwrap(), OTHER));
}

#[test]
fn the_picture_of_a_camera_that_is_mounted_turned_is_hidden_where_a_person_sees_it() {
    let turned = Orientation { mirrored: false, quarters: 3 }.apply(pattern());
    let payload = jpeg::encode(turned.view(), 95).unwrap().into();
    let alert = raised(&blurring(), &[], &[], &v1::Frame { payload, orientation: 1, ..frame(raising()) });
    let seen = jpeg::decode(&alert.snapshot, None).unwrap();
    assert_eq!((seen.width, seen.height), SIZE);
    assert!(is_hidden(&seen, WALKER) && !is_hidden(&seen, OTHER));
}

#[test]
fn the_picture_of_a_video_stream_is_hidden_too_at_its_own_scale() {
    // The model got a picture of half the size.
    let mut analysis = analysis(Some(&blurring()));
    let half = Image::filled(SIZE.0 / 2, SIZE.1 / 2, [0; 3]);
    let mut picture = Picture::new(half);
    // Stripes of 2 pixels.
    for (at, value) in picture.image.data.iter_mut().enumerate() {
        *value = if (at / 3 / 2).is_multiple_of(2) { 0 } else { 255 };
    }
    let mut found = Vec::new();
    for sequence in 0..=raising() {
        let frame = v1::Frame { encoding: v1::Encoding::H264.into(), ..frame(sequence) };
        let (_, alerts) = analysis.observe(&frame, &[person(WALKER, 0.9)], Some(&picture), v1::StageTimings::default());
        found.extend(alerts);
    }
    let seen = jpeg::decode(&found[0].snapshot, None).unwrap();
    assert_eq!((seen.width, seen.height), (SIZE.0 / 2, SIZE.1 / 2));
    let half = |rect: Rect| Rect::from_edges(rect.left / 2.0, rect.top / 2.0, rect.right() / 2.0, rect.bottom() / 2.0);
    assert!(contrast(&seen, half(WALKER), 0.0..0.25) < 40 && contrast(&seen, half(OTHER), 0.0..0.25) > 150);
}

#[test]
fn a_picture_that_cannot_be_blurred_is_not_shown() {
    let before = metrics::SNAPSHOTS_LOST.with_label_values(&["cam", "no_picture"]).get();
    let broken = v1::Frame { payload: bytes::Bytes::from_static(b"no picture"), ..frame(raising()) };
    let alert = raised(&blurring(), &[], &[], &broken);
    assert!(alert.snapshot.is_empty());
    assert_eq!(metrics::SNAPSHOTS_LOST.with_label_values(&["cam", "no_picture"]).get(), before + 1);
}

#[test]
fn who_shows_the_frame_elsewhere_is_told_what_to_hide() {
    let mut analysis = analysis(Some(&blurring()));
    let found = [person(WALKER, 0.9), Detection::new(OTHER, RoadUserClass::Car, 0.05)];
    let (message, _) = analysis.observe(&frame(0), &found, None, v1::StageTimings::default());
    let regions = message.hidden.as_ref().expect("it is blurred").regions.clone();
    // The walker's detection and track, and the doubtful car.
    assert_eq!(regions.len(), 3);
    assert!(regions.iter().any(|rect| rect.top > OTHER.top + OTHER.height / 2.0), "the plate: {regions:?}");
    vru_proto::validate::read_detections(prost::Message::encode_to_vec(&message).into()).unwrap();
    // Nobody is there, and still it is a camera whose pictures are blurred.
    let (message, _) = analysis.observe(&frame(600), &[], None, v1::StageTimings::default());
    assert_eq!(message.hidden, Some(v1::HiddenRegions::default()));
    let (message, _) = analysis.end(&frame(601));
    assert!(message.hidden.is_some());
    analysis.configure(Some(&camera()));
    let (message, _) = analysis.observe(&frame(602), &found, None, v1::StageTimings::default());
    assert_eq!(message.hidden, None);
}

#[test]
fn what_ends_an_alert_names_no_unblurred_clip_either() {
    let mut analysis = analysis(Some(&blurring()));
    walk(&mut analysis, 0..5);
    let ended = analysis.end_silent();
    assert!(
        !ended.is_empty() && ended.iter().all(|alert| alert.clip_key.is_empty() && !alert.blurred_clip_key.is_empty()),
        "{ended:?}"
    );
}
