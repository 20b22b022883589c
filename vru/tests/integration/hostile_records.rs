//! Invalid records go to the dead-letter topic with a reason, and the stream continues.

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

/// A frame with a picture of people.
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
        // Of a frame before the valid one. With a later one, a worker that gets the partition late would skip the valid frame
        // as already published.
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

/// Random bytes, a truncated message, a message that fails validation, and a large record of random bytes.
fn hostile(random: &mut StdRng, valid: &impl prost::Message, broken: &impl prost::Message) -> Vec<Vec<u8>> {
    let mut noise = vec![0; 300];
    random.fill_bytes(&mut noise);
    // A field number of 0 is invalid in protobuf: these bytes can never be a message by chance.
    noise[0] = 0;
    let mut cut = valid.encode_to_vec();
    cut.truncate(cut.len() - 3);
    let mut large = vec![0; 4_000_000];
    random.fill_bytes(&mut large[1..]);
    vec![noise, cut, broken.encode_to_vec(), large]
}

/// Topic, partition, offset.
type RecordPosition = (String, i32, i64);

fn positions(records: &[Record], bad: &[Vec<u8>]) -> BTreeMap<RecordPosition, Vec<u8>> {
    let is_bad = |record: &&Record| record.payload.as_ref().is_some_and(|payload| bad.iter().any(|b| b == payload));
    let position = |record: &Record| (record.partition.topic.to_string(), record.partition.number, record.offset);
    records.iter().filter(is_bad).map(|record| (position(record), record.payload.clone().unwrap().to_vec())).collect()
}

fn source_position(letter: &Record) -> RecordPosition {
    let header = |name| letter.header(name).unwrap_or_else(|| panic!("a dead letter without {name}")).to_owned();
    let number = |name| header(name).parse().unwrap();
    (header(HEADER_SOURCE_TOPIC), number(HEADER_SOURCE_PARTITION) as i32, number(HEADER_SOURCE_OFFSET))
}

#[test]
fn hostile_records_are_dead_lettered_and_the_stream_continues() {
    let mut random = seeded_rng("hostile_records_are_dead_lettered_and_the_stream_continues");
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
        (Topic::FileFrames, hostile(&mut random, &frame(1), &unknown_encoding)),
        (Topic::Detections, hostile(&mut random, &detections(), &no_identity)),
        (Topic::Alerts, hostile(&mut random, &alert(), &other_camera)),
        (Topic::Cameras, hostile(&mut random, &valid_camera, &no_source)),
    ];
    for (topic, payloads) in &bad {
        for payload in payloads {
            bus.produce(*topic, "cam", Some(payload));
        }
    }
    // Valid records in the same partition, behind the hostile ones.
    bus.put_camera(&camera("cam", pull("rtsp://127.0.0.1:1/nothing".to_owned())));
    bus.put_frame(&frame(1));
    bus.produce_message(Topic::Detections, "cam", &detections());
    bus.produce_message(Topic::Alerts, "cam", &alert());

    pipeline.wait_for_count("the valid frame and the valid detections", "select count(*) from frames", 2);
    pipeline.wait_for_count("people in the valid frame", "select count(*) from detections", 1);
    pipeline.wait_for_count("the valid alert", "select count(*) from alerts", 1);
    wait_for(DEADLINE, "the valid alert at the subscriber", || {
        if subscriber.alerts().len() == 1 { Ok(()) } else { Err(format!("{:?}", subscriber.alerts())) }
    });
    wait_for(DEADLINE, "the valid camera in ingest", || {
        let errors = ingest.count("ingest_errors_total", &[("camera", "cam")]);
        if errors >= 1 { Ok(()) } else { Err(ingest.log_tail()) }
    });

    let mut expected = BTreeMap::new();
    for (topic, payloads) in &bad {
        expected.extend(positions(&bus.records(*topic), payloads));
    }
    assert_eq!(expected.len(), 20);
    let letters = wait_for(DEADLINE, "a dead letter for each hostile record", || {
        let letters = bus.records(Topic::DeadLetters);
        let positions: std::collections::BTreeSet<RecordPosition> = letters.iter().map(source_position).collect();
        let missing: Vec<_> = expected.keys().filter(|position| !positions.contains(*position)).collect();
        if missing.is_empty() { Ok(letters) } else { Err(format!("missing: {missing:?}")) }
    });
    for letter in &letters {
        let position = source_position(letter);
        let original =
            expected.get(&position).unwrap_or_else(|| panic!("a valid record is a dead letter: {position:?}"));
        assert_eq!(letter.payload.as_deref(), Some(original.as_slice()), "the dead letter differs from the record");
        assert!(letter.header(HEADER_REASON).is_some_and(|reason| reason.len() > 5), "{position:?} has no reason");
    }
    for service in [&ingest, &infer, &sink] {
        assert!(service.stop().success(), "{}", service.log_tail());
    }
}
