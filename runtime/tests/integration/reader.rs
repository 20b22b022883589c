use std::time::{Duration, Instant};

use vru_runtime::kafka::{Partition, RangeReader, ReaderEvent, StartAt, TopicReader, watermarks};
use vru_runtime::test_util::{Topic, kafka, wait_for};

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_reports_once_that_it_caught_up_and_continues() {
    let bus = kafka().bus("reader", 3);
    for number in 0..30 {
        bus.produce(Topic::Alerts, &number.to_string(), Some(b"x"));
    }
    let name = bus.name(Topic::Alerts);
    let starts = [0, 1, 2].map(|partition| (partition, StartAt::Beginning));
    let mut reader = TopicReader::start(
        &bus.config(),
        "reader-test",
        &name,
        bus.topic_id(Topic::Alerts),
        &starts,
        4,
        TopicReader::FETCH_WAIT,
    )
    .unwrap();
    let (mut before, mut after, mut caught_up) = (0, 0, 0);
    while after < 10 {
        let event = tokio::time::timeout(Duration::from_secs(20), reader.next()).await.unwrap().unwrap();
        match event {
            ReaderEvent::Recreated => panic!("nobody recreated the topic"),
            ReaderEvent::Record(_) if caught_up == 0 => before += 1,
            ReaderEvent::Record(_) => after += 1,
            ReaderEvent::CaughtUp => {
                caught_up += 1;
                let bus = &bus;
                tokio::task::block_in_place(|| {
                    for number in 0..10 {
                        bus.produce(Topic::Alerts, &number.to_string(), Some(b"y"));
                    }
                });
            }
        }
    }
    assert_eq!((before, after, caught_up), (30, 10, 1));
    let marks = tokio::task::block_in_place(|| watermarks(&bus.config(), &name, Duration::from_secs(10))).unwrap();
    assert_eq!(marks.iter().map(|(_, low, high)| high - low).sum::<i64>(), 40);
}

#[test]
fn a_range_is_not_read_beyond_its_deadline_although_records_come() {
    const DEADLINE: Duration = Duration::from_secs(4);
    let bus = kafka().bus("range", 1);
    for number in 0..10 {
        bus.produce(Topic::Alerts, &number.to_string(), Some(b"x"));
    }
    // On a busy machine the broker may take longer than the deadline.
    let (reader, opened) = wait_for(Duration::from_mins(1), "a reader", || {
        let (opened, partition) = (Instant::now(), Partition::new(&bus.name(Topic::Alerts), 0));
        RangeReader::open(&bus.config(), "range-test", partition, DEADLINE)
            .map(|reader| (reader, opened))
            .map_err(|error| error.to_string())
    });
    let mut visited = 0;
    let read = reader.read(reader.offsets(), |_| {
        visited += 1;
        // The first record comes in time. Working on it takes until the deadline is over.
        std::thread::sleep((DEADLINE * 2).saturating_sub(opened.elapsed()));
    });
    assert!(visited <= 1, "{visited} records");
    assert!(read.is_err_and(|error| error.is_timeout()));
}
