//! Nobody is recognised in the live pictures of a camera whose pictures are blurred.

use std::time::Duration;

use serde_json::json;
use vru_media::jpeg;
use vru_proto::v1;
use vru_runtime::test_util::{Codec, Topic, access_units};

use super::client::Watcher;
use super::units::{self, unit};
use super::{SIZE, Street, detections};

/// In the noise of the pictures: half the size of the camera's own picture.
const HIDDEN: v1::Box = v1::Box { left: 400.0, top: 120.0, width: 400.0, height: 60.0 };

impl Street {
    fn blur(&self, camera: &str) {
        self.api.execute(&format!(
            "UPDATE cameras SET settings = settings || '{{\"privacy\": {{\"blur\": true}}}}' WHERE id = '{camera}'"
        ));
    }

    fn hidden(&self, camera: &str, number: u64, regions: &[v1::Box]) {
        let hidden = Some(v1::HiddenRegions { regions: regions.to_vec() });
        let found = v1::FrameDetections { hidden, ..detections(camera, number) };
        tokio::task::block_in_place(|| self.bus.produce_message(Topic::Detections, camera, &found));
    }
}

/// How much neighbours differ on average, in a part of a picture that is `columns` of [`SIZE`] wide.
fn roughness(picture: &[u8], columns: std::ops::Range<u32>) -> u64 {
    let image = jpeg::decode(picture, None).expect("a JPEG");
    let scale = |at: u32| at * image.width / SIZE.0;
    let (columns, rows) = (scale(columns.start)..scale(columns.end), scale(64)..scale(86));
    let pixels = u64::from(columns.len() as u32 * rows.len() as u32);
    let difference = |x, y| u64::from(image.pixel(x, y)[1].abs_diff(image.pixel(x + 1, y)[1]));
    rows.flat_map(|y| columns.clone().map(move |x| difference(x, y))).sum::<u64>() / pixels
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_hidden_is_blurred_and_a_picture_of_which_nobody_knows_it_does_not_come() {
    let street = Street::start("privacy").await;
    let camera = street.camera().await;
    let mut watcher = Watcher::open(&street.api, &street.admin).await;
    watcher.watch(&[(&camera, "full")]).await;
    let first = street.begin(&camera, &mut watcher).await;
    street.frame(&camera, first);
    street.detections(&camera, first);
    let shown = watcher.picture().await;
    assert!(roughness(&shown.bytes, 210..390) > 30, "it was not blurred yet");

    // The people who watch are told at the next check; inference learns it later.
    street.blur(&camera);
    watcher.text("watching").await;
    let next = first + 1;
    street.frame(&camera, next);
    street.detections(&camera, next);
    // Nobody analyses it.
    street.frame(&camera, next + 1);
    assert!(watcher.next_picture_within(Duration::from_secs(4)).await.is_none(), "it is not known what is hidden");
    for rendition in ["full", "tile", "h264"] {
        watcher.watch(&[(&camera, rendition)]).await;
        let mut number = next + 2;
        let picture = loop {
            street.frame(&camera, number);
            street.hidden(&camera, number, &[HIDDEN]);
            number += 1;
            if let Some(picture) = watcher.next_picture_within(Duration::from_millis(300)).await {
                break picture;
            }
        };
        assert!(picture.checked() >= next + 2);
        let (hidden, beside) = (roughness(&picture.bytes, 210..390), roughness(&picture.bytes, 500..700));
        assert!(hidden < 10 && beside > 20, "{rendition}: {hidden} {beside}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_h264_is_not_passed_on_and_comes_as_blurred_pictures() {
    let street = Street::start("privacy-units").await;
    let camera = street.camera().await;
    street.blur(&camera);
    let stream = tokio::task::block_in_place(|| access_units(Codec::H264, 60));
    let mut watcher = Watcher::open(&street.api, &street.admin).await;
    watcher.watch(&[(&camera, "h264")]).await;
    let mut numbers = 0..;
    let picture = loop {
        for payload in &stream {
            let number = numbers.next().expect("a number");
            street.put_frame(&v1::Frame { analyse: true, ..unit(&camera, number, payload) });
            let (source_width, source_height) = units::SIZE;
            let hidden = Some(v1::HiddenRegions::default());
            let found = v1::FrameDetections { source_width, source_height, hidden, ..detections(&camera, number) };
            tokio::task::block_in_place(|| street.bus.produce_message(Topic::Detections, &camera, &found));
        }
        if let Some(picture) = watcher.next_picture_within(Duration::from_secs(1)).await {
            break picture;
        }
    };
    assert_eq!((&picture.head["rendition"], &picture.head["picture"]["type"]), (&json!("full"), &json!("image/jpeg")));
}

/// Nobody says whether its pictures are blurred: it is no camera of a site, and nobody analyses it.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_h264_of_which_nobody_knows_whether_it_is_blurred_is_not_passed_on() {
    let street = Street::start_with("privacy-unknown", |config| config.cameras.in_file = true).await;
    let camera = "street-3";
    let stream = tokio::task::block_in_place(|| access_units(Codec::H264, 60));
    let mut watcher = Watcher::open(&street.api, &street.admin).await;
    watcher.watch(&[(camera, "h264")]).await;
    let mut numbers = 0..;
    let mut publish = |analysed: bool| {
        for payload in &stream {
            let number = numbers.next().expect("a number");
            street.put_frame(&v1::Frame { analyse: true, ..unit(camera, number, payload) });
            if analysed {
                street.detections(camera, number);
            }
        }
        numbers.start
    };
    while street.records(Topic::Frames, "used") == 0 {
        publish(false);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    publish(false);
    assert!(watcher.next_picture_within(Duration::from_secs(4)).await.is_none(), "nobody knows whether it is blurred");
    let known = publish(true);
    let picture = watcher.picture().await;
    assert!(picture.number() >= known - stream.len() as u64, "{}", picture.head);
    assert_eq!(picture.head["picture"]["type"], "video/h264");
}
