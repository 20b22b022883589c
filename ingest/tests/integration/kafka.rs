use std::time::Duration;

use vru_ingest::IngestConfig;
use vru_ingest::publisher::{FramePublisher as _, KafkaPublisher, PublishError};
use vru_proto::v1::{Delivery, Frame, FrameId};
use vru_runtime::admin::Readiness;
use vru_runtime::test_util::{KafkaServer, Topic};

fn frame(camera: &str, sequence: u64, delivery: Delivery, bytes: usize) -> Frame {
    Frame {
        id: Some(FrameId { camera_id: camera.to_owned(), session: 7, sequence }),
        delivery: delivery as i32,
        end_of_stream: sequence == 199,
        payload: vec![1; bytes].into(),
        ..Frame::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_are_stored_in_order_and_the_last_one_of_a_file_is_found() {
    let (kafka, bus) = tokio::task::spawn_blocking(|| {
        let kafka = KafkaServer::start();
        let bus = kafka.bus("ingest", 3);
        (kafka, bus)
    })
    .await
    .unwrap();
    let config = IngestConfig { kafka: bus.config(), ..IngestConfig::default() };
    let readiness = Readiness::default();
    let publisher = KafkaPublisher::new(&config, readiness.part("kafka")).unwrap();
    let camera = "file".parse().unwrap();
    let found = async |session| publisher.last_published(&camera, session).await.unwrap().last;
    assert_eq!(found(7).await, None);

    let acknowledgements: Vec<_> = (0..200)
        .map(|sequence| publisher.send_acknowledged(frame("file", sequence, Delivery::EveryFrame, 1_000)).unwrap())
        .collect();
    let mut last = None;
    for acknowledgement in acknowledgements {
        let delivered = acknowledgement.await.unwrap();
        assert!(last.is_none_or(|last| delivered.offset == last + 1));
        last = Some(delivered.offset);
    }
    let partition = bus_partition(&bus, "file");
    let consumed = publisher.consumed(partition).await.unwrap();
    assert_eq!(consumed.up_to, Some(0), "the group has committed nothing");
    let end = found(7).await.unwrap();
    assert_eq!((end.sequence, end.end_of_stream, end.is_recorded), (199, true, false));
    assert_eq!(found(8).await, None, "another session");

    // Other frames follow in the partition, so the search must go further back.
    for sequence in 0..100 {
        let mut other = frame("file", sequence, Delivery::EveryFrame, 10);
        other.id.as_mut().unwrap().session = 9;
        publisher.send_acknowledged(other).unwrap().await.unwrap();
    }
    assert_eq!(found(7).await.unwrap().sequence, 199);

    let too_large = publisher.send_acknowledged(frame("file", 0, Delivery::Live, 20_000_000));
    assert!(matches!(too_large, Err(PublishError::TooLarge { .. })));
    assert!(readiness.waiting_for().is_empty());

    // While Kafka is away, frames in flight are not given up, even after longer than librdkafka would wait by default.
    kafka.server.pause();
    let mut live = publisher.send_acknowledged(frame("live", 0, Delivery::Live, 10)).unwrap();
    let kept = publisher.send_acknowledged(frame("kept", 0, Delivery::EveryFrame, 10)).unwrap();
    assert!(tokio::time::timeout(Duration::from_secs(3), &mut live).await.is_err());
    publisher.acknowledgement_is_overdue();
    assert!(readiness.waiting_for().contains_key("kafka"));
    kafka.server.resume();
    live.await.unwrap();
    kept.await.unwrap();
    publisher.send_acknowledged(frame("live", 1, Delivery::Live, 10)).unwrap().await.unwrap();
    assert!(readiness.waiting_for().is_empty());
}

fn bus_partition(bus: &vru_runtime::test_util::Bus, key: &str) -> i32 {
    let records = bus.records(Topic::FileFrames);
    let record = records.iter().find(|record| record.key.as_deref() == Some(key.as_bytes()));
    record.unwrap().partition.number
}
