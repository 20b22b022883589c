mod full_channel;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rand::Rng as _;
use vru_runtime::kafka::{Assignment, ConsumerOptions, Event, GroupConsumer, Partition, StartAt, watermarks};
use vru_runtime::test_util::{Bus, Topic, kafka, seeded_rng};

const DEADLINE: Duration = Duration::from_secs(30);

fn publish(bus: &Bus, count: usize) {
    for number in 0..count {
        bus.produce(Topic::Alerts, &format!("key-{}", number % 16), Some(number.to_string().as_bytes()));
    }
}

fn options(bus: &Bus) -> ConsumerOptions {
    ConsumerOptions::new(&format!("{}group", bus.prefix()), &[&bus.name(Topic::Alerts)])
}

fn start(bus: &Bus, options: &ConsumerOptions) -> GroupConsumer {
    let mut config = bus.config();
    config.session_timeout = Duration::from_secs(6);
    GroupConsumer::start(&config, options).expect("a consumer can be made")
}

async fn next(consumer: &mut GroupConsumer) -> Event {
    tokio::time::timeout(DEADLINE, consumer.next()).await.expect("an event in time").expect("the consumer runs")
}

fn number(payload: Option<&bytes::Bytes>) -> usize {
    std::str::from_utf8(payload.expect("a payload")).ok().and_then(|text| text.parse().ok()).expect("a number")
}

/// Every offset of each partition, from 0 on, without a gap.
fn assert_each_once_in_order(seen: &BTreeMap<Partition, Vec<i64>>) {
    for (partition, offsets) in seen {
        let breaks: Vec<&[i64]> = offsets.windows(2).filter(|pair| pair[1] != pair[0] + 1).collect();
        assert!(offsets[0] == 0 && breaks.is_empty(), "{partition}: {breaks:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_member_continues_at_the_committed_offsets() {
    let bus = kafka().bus("commit", 4);
    publish(&bus, 100);
    let mut first = start(&bus, &options(&bus));
    let mut done = BTreeSet::new();
    let mut offsets = BTreeMap::new();
    while done.len() < 60 {
        if let Event::Record(record) = next(&mut first).await {
            done.insert(number(record.payload.as_ref()));
            offsets.insert(record.partition.clone(), record.offset + 1);
        }
    }
    let committer = first.committer();
    let list: Vec<(Partition, i64)> = offsets.into_iter().collect();
    tokio::task::spawn_blocking(move || committer.commit(&list, true)).await.unwrap().unwrap();
    tokio::task::spawn_blocking(move || drop(first)).await.unwrap();

    let mut second = start(&bus, &options(&bus));
    let mut rest = BTreeSet::new();
    while rest.len() < 40 {
        if let Event::Record(record) = next(&mut second).await {
            assert!(rest.insert(number(record.payload.as_ref())));
        }
    }
    assert!(done.is_disjoint(&rest), "a committed record came again");
    assert_eq!(done.union(&rest).count(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_member_gets_partitions_after_the_first_has_drained_them() {
    let bus = kafka().bus("rebalance", 4);
    let mut first = start(&bus, &options(&bus));
    let Event::Assigned(assignment) = next(&mut first).await else { panic!("a record before the assignment") };
    assert_eq!(assignment.partitions.len(), 4);
    publish(&bus, 64);
    let mut second = start(&bus, &options(&bus));
    let mut offsets: BTreeMap<Partition, i64> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let revoked = loop {
        match next(&mut first).await {
            Event::Record(record) => {
                assert!(seen.insert(number(record.payload.as_ref())), "seen twice");
                offsets.insert(record.partition.clone(), record.offset + 1);
            }
            Event::Revoked(revocation) => {
                assert!(!revocation.lost);
                let committer = first.committer();
                let mine: Vec<(Partition, i64)> = offsets.clone().into_iter().collect();
                tokio::task::spawn_blocking(move || committer.commit(&mine, true)).await.unwrap().unwrap();
                break revocation.partitions.clone();
            }
            Event::Assigned(_) => {}
        }
    };
    assert_eq!(revoked.len(), 2, "{revoked:?}");
    let joined = loop {
        match next(&mut second).await {
            Event::Assigned(assignment) if assignment.partitions.is_empty() => {}
            Event::Assigned(assignment) => break assignment.partitions.clone(),
            other => panic!("{other:?} before an assignment"),
        }
    };
    assert_eq!(joined.iter().collect::<BTreeSet<_>>(), revoked.iter().collect::<BTreeSet<_>>());
    publish(&bus, 64);
    let mut left = 128 - seen.len();
    while left > 0 {
        let event = tokio::select! {
            event = next(&mut first) => event,
            event = next(&mut second) => event,
        };
        if let Event::Record(_) = event {
            left -= 1;
        }
    }
    tokio::task::spawn_blocking(move || drop((first, second))).await.unwrap();
}

/// Librdkafka remembers a pause beyond a revocation.
#[tokio::test(flavor = "multi_thread")]
async fn a_paused_partition_that_is_revoked_and_assigned_again_is_read() {
    let bus = kafka().bus("paused", 4);
    let mut first = start(&bus, &options(&bus));
    let Event::Assigned(assignment) = next(&mut first).await else { panic!("a record before the assignment") };
    for partition in &assignment.partitions {
        first.pause(partition);
    }
    let second = start(&bus, &options(&bus));
    let moved = loop {
        if let Event::Revoked(revocation) = next(&mut first).await {
            break revocation.partitions.clone();
        }
    };
    tokio::task::spawn_blocking(move || drop(second)).await.unwrap();
    publish(&bus, 64);
    let mut silent: BTreeSet<Partition> = moved.into_iter().collect();
    while !silent.is_empty() {
        if let Event::Record(record) = next(&mut first).await {
            silent.remove(&record.partition);
        }
    }
    tokio::task::spawn_blocking(move || drop(first)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_receiver_chooses_where_to_start() {
    let bus = kafka().bus("choose", 1);
    publish(&bus, 20);
    let mut options = options(&bus);
    options.choose_start = true;
    let mut consumer = start(&bus, &options);
    let first = loop {
        match next(&mut consumer).await {
            Event::Assigned(assignment) => {
                let starts = assignment.partitions.iter().map(|p| (p.clone(), StartAt::Offset(15))).collect();
                assignment.start_at(starts);
            }
            Event::Record(record) => break record.offset,
            Event::Revoked(_) => panic!("the group has one member"),
        }
    };
    assert_eq!(first, 15);
    tokio::task::spawn_blocking(move || drop(consumer)).await.unwrap();
}

/// The receiver stops for longer than the poll thread waits before it pauses all partitions.
#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_stops_for_a_while_gets_each_record_once() {
    let bus = kafka().bus("slow", 2);
    publish(&bus, 200);
    let mut options = options(&bus);
    options.capacity = 2;
    let mut consumer = start(&bus, &options);
    let mut seen: BTreeMap<Partition, Vec<i64>> = BTreeMap::new();
    let mut count = 0;
    while count < 200 {
        if let Event::Record(record) = next(&mut consumer).await {
            seen.entry(record.partition).or_default().push(record.offset);
            count += 1;
            if count == 20 || count == 100 {
                tokio::time::sleep(Duration::from_millis(3_500)).await;
            }
        }
    }
    assert_each_once_in_order(&seen);
    tokio::task::spawn_blocking(move || drop(consumer)).await.unwrap();
}

/// A pause makes librdkafka throw away what it has prefetched and fetch it again.
#[tokio::test(flavor = "multi_thread")]
async fn partitions_paused_and_resumed_at_any_moment_give_each_record_once_and_in_order() {
    const RECORDS: usize = 4_000;
    let mut random = seeded_rng("partitions_paused_and_resumed_at_any_moment_give_each_record_once_and_in_order");
    let bus = kafka().bus("toggled", 4);
    publish(&bus, RECORDS);
    let mut consumer = start(&bus, &options(&bus));
    let mut paused: BTreeSet<Partition> = BTreeSet::new();
    let mut seen: BTreeMap<Partition, Vec<i64>> = BTreeMap::new();
    let mut count = 0;
    let until = Instant::now() + 4 * DEADLINE;
    while count < RECORDS {
        assert!(Instant::now() < until, "{count} records of {RECORDS}; paused: {paused:?}");
        // No record comes while all partitions are paused.
        let event = tokio::time::timeout(Duration::from_millis(20), consumer.next()).await;
        let toggled: Vec<Partition> = match event {
            Ok(Some(Event::Record(record))) => {
                count += 1;
                seen.entry(record.partition.clone()).or_default().push(record.offset);
                if random.random_bool(0.3) { vec![record.partition] } else { Vec::new() }
            }
            Ok(Some(_)) => Vec::new(),
            Ok(None) => panic!("the consumer has ended"),
            Err(_) => paused.iter().cloned().collect(),
        };
        for partition in toggled {
            if paused.remove(&partition) {
                consumer.resume(&partition);
            } else {
                consumer.pause(&partition);
                paused.insert(partition);
            }
        }
    }
    assert_each_once_in_order(&seen);
    tokio::task::spawn_blocking(move || drop(consumer)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_member_revokes_its_partitions_and_ends() {
    let bus = kafka().bus("stop", 2);
    let mut consumer = start(&bus, &options(&bus));
    assert!(matches!(next(&mut consumer).await, Event::Assigned(_)));
    consumer.stop();
    loop {
        match tokio::time::timeout(DEADLINE, consumer.next()).await.expect("the member ends in time") {
            Some(Event::Revoked(revocation)) => {
                assert_eq!(revocation.partitions.len(), 2);
                break;
            }
            Some(_) => {}
            None => panic!("ended without a revocation"),
        }
    }
    tokio::task::spawn_blocking(move || drop(consumer)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_chosen_after_the_rebalance_deadline_is_used() {
    let bus = kafka().bus("late", 1);
    publish(&bus, 20);
    let options =
        ConsumerOptions { choose_start: true, rebalance_deadline: Duration::from_millis(500), ..options(&bus) };
    let mut consumer = start(&bus, &options);
    let Event::Assigned(assignment) = next(&mut consumer).await else { panic!("a record before the assignment") };
    tokio::time::sleep(Duration::from_secs(2)).await;
    let starts = assignment.partitions.iter().map(|p| (p.clone(), StartAt::Offset(15))).collect();
    assert!(assignment.start_at(starts));
    match next(&mut consumer).await {
        Event::Record(record) => assert_eq!(record.offset, 15),
        other => panic!("{other:?} instead of a record"),
    }
    tokio::task::spawn_blocking(move || drop(consumer)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_whose_receiver_never_chose_a_start_can_be_stopped() {
    let bus = kafka().bus("unchosen", 2);
    publish(&bus, 20);
    let options = ConsumerOptions { choose_start: true, ..options(&bus) };
    let mut consumer = start(&bus, &options);
    let Event::Assigned(assignment) = next(&mut consumer).await else { panic!("a record before the assignment") };
    assert_eq!(assignment.partitions.len(), 2);
    consumer.stop();
    match next(&mut consumer).await {
        Event::Revoked(revocation) => assert_eq!(revocation.partitions.len(), 2),
        other => panic!("{other:?} instead of the revocation"),
    }
    assert!(tokio::time::timeout(DEADLINE, consumer.next()).await.expect("the member ends in time").is_none());
    tokio::task::spawn_blocking(move || drop(consumer)).await.unwrap();
}
