use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use vru_runtime::test_util::{Topic, eventually};

use super::client::{Received, Watcher};
use super::{DEADLINE, Street, detections, neighbour};

/// Takes pictures until this one came; returns the numbers, each checked.
async fn up_to(watcher: &mut Watcher, last: u64) -> Vec<u64> {
    let mut numbers = Vec::new();
    while numbers.last() != Some(&last) {
        numbers.push(watcher.picture().await.checked());
    }
    assert!(numbers.is_sorted_by(|a, b| a < b), "they go forward: {numbers:?}");
    numbers
}

#[tokio::test(flavor = "multi_thread")]
async fn every_picture_comes_with_its_own_boxes_whatever_arrives_first() {
    let street = Street::start("feed").await;
    let camera = street.camera().await;
    let mut full = Watcher::open(&street.api, &street.admin).await;
    let answer = full.watch(&[(&camera, "full")]).await;
    assert_eq!(answer["cameras"], json!([{ "camera_id": camera, "rendition": "full", "status": "watching" }]));
    let mut boxes = Watcher::open(&street.api, &street.admin).await;
    boxes.watch(&[(&camera, "none")]).await;
    let mut tile = Watcher::open(&street.api, &street.admin).await;
    tile.watch(&[(&camera, "tile")]).await;

    let first = street.begin(&camera, &mut full).await;
    // Frame first, detections first, and in groups of either.
    for number in first..first + 10 {
        street.frame(&camera, number);
        street.detections(&camera, number);
    }
    for number in first + 10..first + 20 {
        street.detections(&camera, number);
        street.frame(&camera, number);
    }
    for group in [first + 20, first + 25] {
        (group..group + 5).for_each(|number| street.frame(&camera, number));
        (group..group + 5).for_each(|number| street.detections(&camera, number));
    }
    // Out of order, and twice: each picture has its own boxes or does not come.
    for number in first + 30..first + 34 {
        street.frame(&camera, number);
    }
    for number in [31, 30, 31, 33, 32, 33] {
        street.detections(&camera, first + number);
    }
    street.frame(&camera, first + 34);
    street.detections(&camera, first + 34);

    let numbers = up_to(&mut full, first + 34).await;
    assert!(!numbers.contains(&(first + 30)) && !numbers.contains(&(first + 32)), "{numbers:?}");
    // Nobody was slow: boxes without pictures are complete.
    let numbers = up_to(&mut boxes, first + 34).await;
    let wanted: Vec<u64> = (first..first + 35).filter(|number| ![30, 32].contains(&(number - first))).collect();
    assert_eq!(numbers.into_iter().filter(|number| *number >= first).collect::<Vec<_>>(), wanted);
    // Of tiles there are ten a second at most; the last one may be among those that are too many.
    let mut number = 1_000;
    while tile.picture().await.checked() < first {}
    tokio::time::sleep(Duration::from_millis(150)).await;
    loop {
        street.frame(&camera, number);
        street.detections(&camera, number);
        if let Some(picture) = tile.next_picture_within(Duration::from_millis(200)).await {
            picture.checked();
            assert_eq!(
                (&picture.head["picture"]["width"], &picture.head["picture"]["type"]),
                (&json!(640), &json!("image/jpeg"))
            );
            if picture.number() >= 1_000 {
                break;
            }
        }
        number += 1;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tiles_come_ten_times_a_second_at_most() {
    let street = Street::start("tiles").await;
    let camera = street.camera().await;
    let mut tile = Watcher::open(&street.api, &street.admin).await;
    tile.watch(&[(&camera, "tile")]).await;
    let first = street.begin(&camera, &mut tile).await;
    let began = std::time::Instant::now();
    let mut last = first;
    while began.elapsed() < Duration::from_secs(3) {
        street.frame(&camera, last);
        street.detections(&camera, last);
        last += 1;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut tiles = 0;
    while let Some(picture) = tile.next_picture_within(Duration::from_secs(1)).await {
        picture.checked();
        tiles += 1;
    }
    let most = began.elapsed().as_secs() * 10 + 2;
    assert!(tiles <= most && tiles >= 3, "{tiles} tiles of {} frames", last - first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_client_skips_pictures_and_is_told() {
    let street = Street::start("slow").await;
    let camera = street.camera().await;
    let mut slow = Watcher::open(&street.api, &street.admin).await;
    slow.watch(&[(&camera, "full")]).await;
    let mut boxes = Watcher::open(&street.api, &street.admin).await;
    boxes.watch(&[(&camera, "none")]).await;
    let first = street.begin(&camera, &mut slow).await;
    // What the sockets of both ends keep is full at some time; the client reads nothing meanwhile.
    let mut last = first;
    let skipped = || super::metric("live_skipped_total", &[("camera", &camera), ("reason", "slow_viewer")]);
    while skipped() < 20 {
        street.frame(&camera, last);
        street.detections(&camera, last);
        last += 1;
        assert!(last < 4_000, "nothing is skipped");
        boxes.next_picture_within(Duration::from_millis(100)).await;
    }
    let (mut numbers, mut told) = (vec![first - 1], 0);
    while told == 0 || numbers.last() != Some(&(last - 1)) {
        match slow.next().await {
            Received::Picture(picture) => numbers.push(picture.checked()),
            Received::Text(text) if text["type"] == "rate" => {
                assert_eq!((&text["camera_id"], &text["rendition"]), (&json!(camera), &json!("full")));
                assert!(text["per_second"].as_f64().is_some(), "{text}");
                told += text["skipped"].as_u64().expect("a number");
            }
            Received::Text(_) => {}
            Received::Closed(code) => panic!("closed with {code}"),
        }
    }
    assert!(numbers.is_sorted_by(|a, b| a < b));
    assert!(numbers.len() as u64 + told <= last - first + 2, "{} came, {told} were skipped, of {last}", numbers.len());
    // Nobody else skips for it: at the end, the newest boxes are there.
    up_to(&mut boxes, last - 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_partitions_of_watched_cameras_are_read_and_once_for_all_viewers() {
    let street = Street::start("partitions").await;
    let camera = street.camera().await;
    let other = neighbour(&camera);
    let topics = [Topic::Frames, Topic::FileFrames, Topic::Detections];
    let partitions = || topics.map(|topic| street.partitions(topic));
    let mut boxes = Watcher::open(&street.api, &street.admin).await;
    boxes.watch(&[(&camera, "none")]).await;
    let wait = async |wanted: [i64; 3]| {
        eventually(DEADLINE, "the partitions", async || {
            if partitions() == wanted { Ok(()) } else { Err(format!("{:?}", partitions())) }
        })
        .await;
    };
    wait([0, 0, 1]).await;
    street.begin(&camera, &mut boxes).await;
    assert_eq!(street.records(Topic::Frames, "used"), 0, "nobody wants pictures");

    let mut viewers = Vec::new();
    for rendition in ["full", "full", "tile", "h264"] {
        let mut viewer = Watcher::open(&street.api, &street.admin).await;
        viewer.watch(&[(&camera, rendition)]).await;
        viewers.push(viewer);
    }
    wait([1, 1, 1]).await;
    // From here on it is read.
    let mut first = 100;
    loop {
        street.frame(&camera, first);
        street.detections(&camera, first);
        first += 1;
        if viewers[0].next_picture_within(Duration::from_millis(200)).await.is_some() {
            break;
        }
    }
    let before = topics.map(|topic| street.records(topic, "used"));
    for number in first..first + 20 {
        street.frame(&camera, number);
        street.detections(&camera, number);
        // They are no valid records: whoever reads them counts them.
        tokio::task::block_in_place(|| {
            street.bus.produce(Topic::Frames, &other, Some(b"\xff\xff"));
            street.bus.produce(Topic::Detections, &other, Some(b"\xff\xff"));
        });
    }
    for viewer in [0, 1] {
        up_to(&mut viewers[viewer], first + 19).await;
    }
    // Without H.264 there are pictures instead.
    let instead = viewers[3].picture().await;
    assert_eq!((&instead.head["rendition"], &instead.head["picture"]["type"]), (&json!("full"), &json!("image/jpeg")));
    let after = topics.map(|topic| street.records(topic, "used"));
    assert_eq!([after[0] - before[0], after[1] - before[1], after[2] - before[2]], [20, 0, 20]);
    eventually(DEADLINE, "the records of the neighbour", async || {
        let passed = [Topic::Frames, Topic::Detections].map(|topic| street.records(topic, "other_camera"));
        if passed[0] >= 20 && passed[1] >= 20 { Ok(()) } else { Err(format!("{passed:?}")) }
    })
    .await;
    for topic in topics {
        assert_eq!(street.records(topic, "invalid"), 0);
    }
    viewers.clear();
    wait([0, 0, 1]).await;
    drop(boxes);
    wait([0, 0, 0]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_that_sends_nothing_is_told_and_one_without_analysis_has_no_boxes() {
    let street = Street::start("silent").await;
    let (camera, quiet) = (street.camera().await, street.camera().await);
    let mut watcher = Watcher::open(&street.api, &street.admin).await;
    watcher.watch(&[(&camera, "full"), (&quiet, "full")]).await;
    street.begin(&camera, &mut watcher).await;
    let mut states = BTreeSet::new();
    while states.len() < 2 {
        let state = watcher.text("state").await;
        let word = state["state"].as_str().expect("a word").to_owned();
        assert_eq!(state.get("since").is_some(), word == "silent", "{state}");
        states.insert((state["camera_id"].as_str().expect("an id").to_owned(), word));
    }
    assert!(states.contains(&(quiet.clone(), "silent".to_owned())), "{states:?}");
    // Inference is away: the pictures come, and say that nobody looked at them.
    let picture = loop {
        street.frame(&camera, 2_000);
        if let Some(picture) = watcher.next_picture_within(Duration::from_secs(5)).await
            && picture.number() == 2_000
        {
            break picture;
        }
    };
    assert!(picture.head["objects"].is_null(), "{}", picture.head);
    // A trail goes from frame to frame.
    let mut boxes = Watcher::open(&street.api, &street.admin).await;
    boxes.watch(&[(&camera, "none")]).await;
    let mut number = 2_001;
    let trail = loop {
        let mut found = detections(&camera, number);
        found.objects[0].track_id = 7;
        number += 1;
        tokio::task::block_in_place(|| street.bus.produce_message(Topic::Detections, &camera, &found));
        let Some(picture) = boxes.next_picture_within(Duration::from_millis(200)).await else { continue };
        let trail = picture.head["objects"][0]["trail"].as_array().expect("points").clone();
        if trail.len() == 4 {
            break trail;
        }
    };
    let x = |point: &serde_json::Value| point[0].as_f64().expect("a number") * f64::from(super::SIZE.0) * 2.0;
    assert!(trail.windows(2).all(|pair| (x(&pair[1]) - x(&pair[0]) - 1.0).abs() < 0.1), "{trail:?}");
}
