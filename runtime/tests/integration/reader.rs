use std::time::{Duration, Instant};

use vru_runtime::kafka::{
    Partition, PartitionReader, Polled, RangeReader, ReaderEvent, StartAt, TopicReader, partition_of, watermarks,
};
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

#[test]
fn partitions_come_and_go_while_the_others_are_read_on() {
    const DEADLINE: Duration = Duration::from_mins(1);
    let bus = kafka().bus("chosen", 4);
    let (alerts, frames) = (bus.name(Topic::Alerts), bus.name(Topic::Frames));
    let mut reader = PartitionReader::open(&bus.config(), "chosen-test", &[&alerts, &frames]).unwrap();
    let partition =
        |topic: &str, key: &str| Partition::new(topic, partition_of(key.as_bytes(), reader.partitions(topic)));
    let mut names = (0..).map(|number| format!("key-{number}"));
    let (a, b) = ("a", names.find(|name| partition(&alerts, name) != partition(&alerts, "a")).unwrap());
    let (of_a, of_b, frames_of_a) = (partition(&alerts, a), partition(&alerts, &b), partition(&frames, a));
    // Publishes numbers until the reader has one; returns what came up to then.
    let mut number = 0;
    let mut read_until = |reader: &mut PartitionReader, topic: Topic, key: &str, wanted: &str| {
        let start = Instant::now();
        let mut read = Vec::new();
        loop {
            number += 1;
            bus.produce(topic, key, Some(number.to_string().as_bytes()));
            for _ in 0..5 {
                if let Polled::Record(record) =
                    reader.poll(Duration::from_millis(20), |_, key| key == wanted.as_bytes())
                {
                    read.push(record);
                }
            }
            if read.last().is_some_and(|record| record.payload.as_deref() == Some(number.to_string().as_bytes())) {
                return read;
            }
            assert!(start.elapsed() < DEADLINE, "nothing came: {read:?}");
        }
    };
    reader.assign(&[of_a.clone()].into()).unwrap();
    read_until(&mut reader, Topic::Alerts, a, a);
    reader.assign(&[of_a.clone(), of_b.clone(), frames_of_a.clone()].into()).unwrap();
    // Nothing of the partition that stays is read twice or left out.
    let first = read_until(&mut reader, Topic::Alerts, a, a);
    let second = read_until(&mut reader, Topic::Alerts, a, a);
    let offsets: Vec<i64> = first.iter().chain(&second).map(|record| record.offset).collect();
    assert!(offsets.windows(2).all(|pair| pair[1] == pair[0] + 1), "{offsets:?}");
    read_until(&mut reader, Topic::Alerts, &b, &b);
    let record = read_until(&mut reader, Topic::Frames, a, a).pop().unwrap();
    assert_eq!(record.partition, frames_of_a);
    reader.assign(&[of_b.clone()].into()).unwrap();
    bus.produce(Topic::Alerts, a, Some(b"nobody reads it"));
    let read = read_until(&mut reader, Topic::Alerts, &b, &b);
    assert!(read.iter().all(|record| record.partition == of_b), "{read:?}");
    assert_eq!(reader.assigned().iter().collect::<Vec<_>>(), [&of_b]);
}
