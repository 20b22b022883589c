//! Pictures of tested cameras, from the topic to the report, with the real worker and a street picture whose pedestrians are known.

use std::time::Duration;

use vru_media::jpeg;
use vru_proto::v1::camera_test_report::Outcome;
use vru_proto::v1::{BlurredPicture, CameraTestPicture, CameraTestReport};
use vru_runtime::clock::now_us;
use vru_runtime::test_util::{Bus, Topic, kafka, wait_for};
use vru_vision::image::Image;

use crate::support::repository;
use crate::worker::{DEADLINE, start};

/// Left, top, right and bottom of heads in `assets/street.jpg`, which is 640×480, drawn by hand.
const HEADS: [[u32; 4]; 6] = [
    [317, 152, 327, 163],
    [435, 179, 445, 190],
    [475, 107, 482, 114],
    [495, 112, 503, 120],
    [551, 109, 557, 116],
    [585, 172, 594, 183],
];
/// Where nobody is, and the picture has detail: windows of a building.
const NOBODY: [[u32; 4]; 2] = [[275, 32, 340, 65], [380, 32, 470, 65]];

fn send(bus: &Bus, id: &str, snapshot: Vec<u8>, in_time: Duration) {
    let picture =
        CameraTestPicture { id: id.to_owned(), snapshot, answer_before_us: now_us() + in_time.as_micros() as i64 };
    bus.produce_message(Topic::CameraTestPictures, id, &picture);
}

fn report(bus: &Bus, id: &str) -> BlurredPicture {
    let find = || {
        let reports: Vec<CameraTestReport> = bus.messages(Topic::CameraTestReports);
        reports.into_iter().find(|report| report.id == id).and_then(|report| report.outcome)
    };
    wait_for(DEADLINE, &format!("the report of {id}"), || find().map(drop).ok_or_else(|| "none".to_owned()));
    match find() {
        Some(Outcome::Picture(picture)) => picture,
        other => panic!("{id}: {other:?}"),
    }
}

/// How much neighbours usually differ: the median. Of blocks, hardly; a mean would show the few neighbours of two blocks instead.
fn detail(image: &Image, [left, top, right, bottom]: [u32; 4]) -> u64 {
    let differs = |x: u32, y: u32| {
        let (here, beside) = (image.pixel(x, y), image.pixel(x + 1, y));
        here.iter().zip(beside).map(|(a, b)| u64::from(a.abs_diff(b))).sum::<u64>()
    };
    let mut all: Vec<u64> =
        (top..bottom).flat_map(|y| (left..right).map(move |x| (x, y))).map(|(x, y)| differs(x, y)).collect();
    all.sort_unstable();
    all[all.len() / 2]
}

#[test]
fn pictures_of_tests_are_reported_with_hidden_heads_and_others_with_the_reason() {
    let bus = kafka().bus("infer-test-pictures", 2);
    let street = std::fs::read(repository().join("infer/assets/street.jpg")).unwrap();
    // It waits for the worker, as one that nobody waits for any more does.
    send(&bus, "late", street.clone(), Duration::ZERO);
    send(&bus, "street", street.clone(), DEADLINE);
    let worker = start(&bus);
    let answer = report(&bus, "street");
    assert_eq!(answer.problem, "");
    let (before, after) = (jpeg::decode(&street, None).unwrap(), jpeg::decode(&answer.snapshot, None).unwrap());
    assert_eq!((before.width, before.height), (after.width, after.height));
    for head in HEADS {
        let (seen, kept) = (detail(&before, head), detail(&after, head));
        assert!(seen > 30 && kept * 3 < seen, "the head at {head:?}: {seen} became {kept}");
    }
    for place in NOBODY {
        let (seen, kept) = (detail(&before, place), detail(&after, place));
        assert!(seen > 0 && kept * 10 > seen * 7, "nobody is at {place:?}: {seen} became {kept}");
    }

    let broken = street[..street.len() / 3].to_vec();
    let large = jpeg::encode(Image::filled(1400, 40, [9; 3]).view(), 80).unwrap();
    for (id, picture, words) in [
        ("no-picture", b"no picture".to_vec(), "cannot be decoded"),
        ("large", large, "1400×40 pixels, more than 1280"),
    ] {
        send(&bus, id, picture, DEADLINE);
        let answer = report(&bus, id);
        assert!(answer.problem.contains(words) && answer.snapshot.is_empty(), "{id}: {}", answer.problem);
    }
    // What is left of a picture is blurred, too, or is refused: it is never given back as it came.
    send(&bus, "broken", broken.clone(), DEADLINE);
    assert_ne!(report(&bus, "broken").snapshot, broken);
    bus.produce(Topic::CameraTestPictures, "invalid", Some(b"no message"));
    // The next one is served.
    send(&bus, "again", street, DEADLINE);
    assert!(!report(&bus, "again").snapshot.is_empty());
    let count = |result: &str| worker.metric("infer_camera_test_pictures_total", &[("result", result)]) as u64;
    let told = |result: &str, wanted: u64| {
        let found = count(result);
        if found >= wanted { Ok(()) } else { Err(format!("{found} {result}")) }
    };
    // The partitions are read in any order.
    wait_for(DEADLINE, "all pictures to be counted", || {
        told("late", 1)?;
        told("invalid", 1)?;
        told("failed", 2)?;
        told("blurred", 2)
    });
    let reports: Vec<CameraTestReport> = bus.messages(Topic::CameraTestReports);
    assert!(reports.iter().all(|report| report.id != "late"), "nobody waits for it");
    // Nothing of it goes where frames and their results go, and no picture is on a topic as it came.
    for topic in [Topic::Detections, Topic::Alerts, Topic::DeadLetters] {
        assert_eq!(bus.written(topic), 0, "{topic:?}");
    }
}
