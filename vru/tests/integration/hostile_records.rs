//! Records that are no messages go to the dead-letter topic with their reason, and the stream goes on.

use std::collections::BTreeMap;

use rand::RngCore as _;
use rand::rngs::StdRng;
use vru_proto::names::{HEADER_REASON, HEADER_SOURCE_OFFSET, HEADER_SOURCE_PARTITION, HEADER_SOURCE_TOPIC};
use vru_proto::v1;
use vru_runtime::clock::now_us;
use vru_runtime::kafka::Record;
use vru_runtime::test_util::{Topic, require_asset, seeded_rng, wait_for};

use crate::pipeline::{DEADLINE, Pipeline, camera, pull, start};
use crate::subscriber::Subscriber;

fn frame_id(sequence: u64) -> v1::FrameId {
    v1::FrameId { camera_id: "cam".to_owned(), session: 1, sequence }
}

/// A picture of people.
fn frame(sequence: u64) -> v1::Frame {
    v1::Frame {
        id: Some(frame_id(sequence)),
        captured_at_us: now_us(),
        clock_source: v1::ClockSource::Arrival.into(),
        ingested_at_us: now_us(),
        width: 810,
        height: 1080,
        source_width: 810,
        source_height: 1080,
        encoding: v1::Encoding::Jpeg.into(),
        key_frame: true,
        delivery: v1::Delivery::EveryFrame.into(),
        analyse: true,
        payload: std::fs::read(require_asset("stills/bus.jpg")).unwrap().into(),
        ..Default::default()
    }
}

fn alert() -> v1::Alert {
    v1::Alert {
        id: "a-1".to_owned(),
        rule_id: "rule".to_owned(),
        severity: v1::Severity::Critical.into(),
        camera_id: "cam".to_owned(),
        zone_id: "zone".to_owned(),
        frame_id: Some(frame_id(3)),
        class: v1::RoadUserClass::Pedestrian.into(),
        captured_at_us: now_us(),
        emitted_at_us: now_us(),
        source_width: 810,
        source_height: 1080,
        ..Default::default()
    }
}

fn detections() -> v1::FrameDetections {
    v1::FrameDetections {
        // Of a frame before the good one: were it of a later one, a worker that is assigned late would take the good one
        // for published already.
        frame_id: Some(frame_id(0)),
        captured_at_us: now_us(),
        clock_source: v1::ClockSource::Arrival.into(),
        ingested_at_us: now_us(),
        inferred_at_us: now_us(),
        source_width: 810,
        source_height: 1080,
        ..Default::default()
    }
}

/// Random bytes, a message cut short, a message that breaks the contract, and a large one.
fn hostile(random: &mut StdRng, valid: &impl prost::Message, broken: &impl prost::Message) -> Vec<Vec<u8>> {
    let mut noise = vec![0; 300];
    random.fill_bytes(&mut noise);
    // A field number of 0 is invalid in protobuf: no luck can make a message of it.
    noise[0] = 0;
    let mut cut = valid.encode_to_vec();
    cut.truncate(cut.len() - 3);
    let mut large = vec![0; 4_000_000];
    random.fill_bytes(&mut large[1..]);
    vec![noise, cut, broken.encode_to_vec(), large]
}

type Place = (String, i32, i64);

fn places(records: &[Record], bad: &[Vec<u8>]) -> BTreeMap<Place, Vec<u8>> {
    let is_bad = |record: &&Record| record.payload.as_ref().is_some_and(|payload| bad.iter().any(|b| b == payload));
    let place = |record: &Record| (record.partition.topic.to_string(), record.partition.number, record.offset);
    records.iter().filter(is_bad).map(|record| (place(record), record.payload.clone().unwrap().to_vec())).collect()
}

fn letter_place(letter: &Record) -> Place {
    let header = |name| letter.header(name).unwrap_or_else(|| panic!("a dead letter without {name}")).to_owned();
    let number = |name| header(name).parse().unwrap();
    (header(HEADER_SOURCE_TOPIC), number(HEADER_SOURCE_PARTITION) as i32, number(HEADER_SOURCE_OFFSET))
}

#[test]
fn hostile_records_go_to_the_dead_letters_and_the_stream_goes_on() {
    let mut random = seeded_rng("hostile_records_go_to_the_dead_letters_and_the_stream_goes_on");
    let pipeline = Pipeline::new("hostile", 2);
    let bus = &pipeline.bus;
    let [ingest, infer, sink] = start([pipeline.ingest(), pipeline.infer(), pipeline.sink()]);
    let subscriber = Subscriber::connect(pipeline.grpc_port, v1::SubscribeRequest::default());

    let mut unknown_encoding = frame(1);
    unknown_encoding.encoding = 99;
    let mut no_identity = detections();
    no_identity.frame_id = None;
    let mut other_camera = alert();
    other_camera.camera_id = "another".to_owned();
    let valid_camera = camera("cam", pull("rtsp://127.0.0.1:1/nothing".to_owned()));
    let mut no_source = valid_camera.clone();
    no_source.source = None;
    let bad = [
        (Topic::Frames, hostile(&mut random, &frame(1), &unknown_encoding)),
        (Topic::Detections, hostile(&mut random, &detections(), &no_identity)),
        (Topic::Alerts, hostile(&mut random, &alert(), &other_camera)),
        (Topic::Cameras, hostile(&mut random, &valid_camera, &no_source)),
    ];
    for (topic, payloads) in &bad {
        for payload in payloads {
            bus.produce(*topic, "cam", Some(payload));
        }
    }
    // The same partition, behind the hostile ones.
    bus.put_camera(&camera("cam", pull("rtsp://127.0.0.1:1/nothing".to_owned())));
    bus.produce_message(Topic::Frames, "cam", &frame(1));
    bus.produce_message(Topic::Detections, "cam", &detections());
    bus.produce_message(Topic::Alerts, "cam", &alert());

    pipeline.wait_for_count("the good frame and the good detections", "select count(*) from frames", 2);
    pipeline.wait_for_count("people in the good frame", "select count(*) from detections", 1);
    pipeline.wait_for_count("the good alert", "select count(*) from alerts", 1);
    wait_for(DEADLINE, "the good alert at the subscriber", || {
        if subscriber.alerts().len() == 1 { Ok(()) } else { Err(format!("{:?}", subscriber.alerts())) }
    });
    wait_for(DEADLINE, "the good camera in ingest", || {
        let errors = ingest.count("ingest_errors_total", &[("camera", "cam")]);
        if errors >= 1 { Ok(()) } else { Err(ingest.log_tail()) }
    });

    let mut expected = BTreeMap::new();
    for (topic, payloads) in &bad {
        expected.extend(places(&bus.records(*topic), payloads));
    }
    assert_eq!(expected.len(), 16);
    let letters = wait_for(DEADLINE, "a dead letter for each hostile record", || {
        let letters = bus.records(Topic::DeadLetters);
        let places: std::collections::BTreeSet<Place> = letters.iter().map(letter_place).collect();
        let missing: Vec<_> = expected.keys().filter(|place| !places.contains(*place)).collect();
        if missing.is_empty() { Ok(letters) } else { Err(format!("missing: {missing:?}")) }
    });
    for letter in &letters {
        let place = letter_place(letter);
        let original = expected.get(&place).unwrap_or_else(|| panic!("a good record is a dead letter: {place:?}"));
        assert_eq!(letter.payload.as_deref(), Some(original.as_slice()), "the letter is not as the record came");
        assert!(letter.header(HEADER_REASON).is_some_and(|reason| reason.len() > 5), "{place:?} has no reason");
    }
    for service in [&ingest, &infer, &sink] {
        assert!(service.stop().success(), "{}", service.log_tail());
    }
}
