use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rand::Rng as _;
use vru_runtime::kafka::{ConsumerOptions, Event, GroupConsumer, Partition, StartAt};
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

/// All offsets of each partition, from the first on.
fn assert_each_once_in_order(seen: &BTreeMap<Partition, Vec<i64>>) {
    for (partition, offsets) in seen {
        let breaks: Vec<&[i64]> = offsets.windows(2).filter(|pair| pair[1] != pair[0] + 1).collect();
        assert!(offsets[0] == 0 && breaks.is_empty(), "{partition}: {breaks:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_committed_is_not_seen_again_and_the_rest_is() {
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
async fn a_second_member_gets_its_share_after_the_first_has_drained() {
    let bus = kafka().bus("rebalance", 4);
    let mut first = start(&bus, &options(&bus));
    let Event::Assigned(assignment) = next(&mut first).await else { panic!("records before an assignment") };
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

/// The client remembers that a partition was paused, also when it comes back from another member.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_held_back_flows_again_when_it_comes_back() {
    let bus = kafka().bus("held", 4);
    let mut first = start(&bus, &options(&bus));
    let Event::Assigned(assignment) = next(&mut first).await else { panic!("records before an assignment") };
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
async fn the_receiver_may_choose_where_to_start() {
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
            Event::Revoked(_) => panic!("nobody else is there"),
        }
    };
    assert_eq!(first, 15);
    tokio::task::spawn_blocking(move || drop(consumer)).await.unwrap();
}

/// Longer than the consumer waits before it pauses its partitions: nothing is lost or doubled by the pause.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_receiver_loses_nothing() {
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

/// The client throws away what it has fetched of a partition that is held, in another thread than the one that hands records on.
#[tokio::test(flavor = "multi_thread")]
async fn partitions_held_and_released_at_any_moment_give_each_record_once_and_in_order() {
    const RECORDS: usize = 4_000;
    let mut random = seeded_rng("partitions_held_and_released_at_any_moment_give_each_record_once_and_in_order");
    let bus = kafka().bus("held", 4);
    publish(&bus, RECORDS);
    let mut consumer = start(&bus, &options(&bus));
    let mut held: BTreeSet<Partition> = BTreeSet::new();
    let mut seen: BTreeMap<Partition, Vec<i64>> = BTreeMap::new();
    let mut count = 0;
    while count < RECORDS {
        // Nothing comes where all are held.
        let event = tokio::time::timeout(Duration::from_millis(20), consumer.next()).await;
        let toggled: Vec<Partition> = match event {
            Ok(Some(Event::Record(record))) => {
                count += 1;
                seen.entry(record.partition.clone()).or_default().push(record.offset);
                if random.random_bool(0.3) { vec![record.partition] } else { Vec::new() }
            }
            Ok(Some(_)) => Vec::new(),
            Ok(None) => panic!("the consumer has ended"),
            Err(_) => held.iter().cloned().collect(),
        };
        for partition in toggled {
            if held.remove(&partition) {
                consumer.resume(&partition);
            } else {
                consumer.pause(&partition);
                held.insert(partition);
            }
        }
    }
    assert_each_once_in_order(&seen);
    tokio::task::spawn_blocking(move || drop(consumer)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_revokes_what_is_left_and_then_ends() {
    let bus = kafka().bus("stop", 2);
    let mut consumer = start(&bus, &options(&bus));
    assert!(matches!(next(&mut consumer).await, Event::Assigned(_)));
    consumer.stop();
    loop {
        match tokio::time::timeout(DEADLINE, consumer.next()).await.expect("an end in time") {
            Some(Event::Revoked(revocation)) => {
                assert_eq!(revocation.partitions.len(), 2);
                break;
            }
            Some(_) => {}
            None => panic!("no revocation came"),
        }
    }
    tokio::task::spawn_blocking(move || drop(consumer)).await.unwrap();
}
