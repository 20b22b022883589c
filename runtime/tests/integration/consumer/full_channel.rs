//! What happens while the receiver takes nothing.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_paused_by_the_receiver_stays_paused_when_a_full_channel_has_room_again() {
    let bus = kafka().bus("both", 2);
    publish(&bus, 200);
    let options = ConsumerOptions { capacity: 2, ..options(&bus) };
    let mut consumer = start(&bus, &options);
    let Event::Assigned(assignment) = next(&mut consumer).await else { panic!("a record before the assignment") };
    let [paused, other] = &assignment.partitions[..] else { panic!("two partitions") };
    consumer.pause(paused);
    let mut seen: BTreeMap<Partition, Vec<i64>> = BTreeMap::new();
    let high = |partition: &Partition| {
        let marks = watermarks(&bus.config(), &bus.name(Topic::Alerts), DEADLINE).expect("Kafka answers");
        marks.into_iter().find(|(found, ..)| found == partition).expect("the partition exists").2 as usize
    };
    let (high_paused, high_other) = tokio::task::block_in_place(|| (high(paused), high(other)));
    let mut count = 0;
    let read = |seen: &BTreeMap<Partition, Vec<i64>>, partition: &Partition| seen.get(partition).map_or(0, Vec::len);
    while read(&seen, other) < high_other {
        if let Event::Record(record) = next(&mut consumer).await {
            seen.entry(record.partition).or_default().push(record.offset);
            count += 1;
            if count == 20 {
                tokio::time::sleep(Duration::from_millis(3_500)).await;
            }
        }
    }
    // What was fetched before the pause: the channel's records, one in the outbox, one that was being polled.
    assert!(read(&seen, paused) <= options.capacity + 2, "{seen:?}");
    consumer.resume(paused);
    while read(&seen, paused) < high_paused {
        if let Event::Record(record) = next(&mut consumer).await {
            seen.entry(record.partition).or_default().push(record.offset);
        }
    }
    assert_each_once_in_order(&seen);
    tokio::task::spawn_blocking(move || drop(consumer)).await.unwrap();
}

/// The first member does not read while the second one leaves, for longer than a rebalance waits for anything.
async fn read_what_is_assigned_while_the_channel_is_full(name: &str, choose_start: bool) {
    let bus = kafka().bus(name, 4);
    let rebalance_deadline = Duration::from_millis(500);
    let options = ConsumerOptions { capacity: 1, choose_start, rebalance_deadline, ..options(&bus) };
    let from_beginning = |assignment: Assignment| {
        let starts = assignment.partitions.iter().map(|p| (p.clone(), StartAt::Beginning)).collect();
        assert!(assignment.start_at(starts));
    };
    let mut first = start(&bus, &options);
    let Event::Assigned(assignment) = next(&mut first).await else { panic!("a record before the assignment") };
    let mut mine: BTreeSet<Partition> = assignment.partitions.iter().cloned().collect();
    assert_eq!(mine.len(), 4);
    from_beginning(assignment);
    let mut second = start(&bus, &options);
    while mine.len() == 4 {
        if let Event::Revoked(revocation) = next(&mut first).await {
            mine.retain(|partition| !revocation.partitions.contains(partition));
        }
    }
    loop {
        match next(&mut second).await {
            Event::Assigned(assignment) if !assignment.partitions.is_empty() => break,
            _ => {}
        }
    }
    publish(&bus, 64);
    tokio::time::sleep(Duration::from_millis(3_500)).await;
    tokio::task::spawn_blocking(move || drop(second)).await.expect("leaving does not panic");
    tokio::time::sleep(Duration::from_secs(4)).await;
    let mut seen = BTreeSet::new();
    while seen.len() < 64 {
        match next(&mut first).await {
            Event::Assigned(assignment) => {
                for partition in &assignment.partitions {
                    assert!(mine.insert(partition.clone()), "{partition} is assigned twice");
                }
                from_beginning(assignment);
            }
            Event::Record(record) => {
                assert!(mine.contains(&record.partition), "a record of {} before its assignment", record.partition);
                assert!(seen.insert(number(record.payload.as_ref())), "seen twice");
            }
            Event::Revoked(revocation) => panic!("{revocation:?}, although no member joined"),
        }
    }
    tokio::task::spawn_blocking(move || drop(first)).await.expect("leaving does not panic");
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_assigned_while_the_channel_is_full_are_announced_later_and_read() {
    read_what_is_assigned_while_the_channel_is_full("full", false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_assigned_while_the_channel_is_full_are_read_from_the_chosen_start() {
    read_what_is_assigned_while_the_channel_is_full("full-choose", true).await;
}

/// A receiver that is late must not act on partitions that belong to another member.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_receiver_learns_which_partitions_of_an_assignment_it_still_has() {
    let bus = kafka().bus("owned", 4);
    let options =
        ConsumerOptions { choose_start: true, rebalance_deadline: Duration::from_millis(300), ..options(&bus) };
    let mut first = start(&bus, &options);
    let Event::Assigned(assignment) = next(&mut first).await else { panic!("a record before the assignment") };
    let committer = first.committer();
    assert_eq!(committer.owned(&assignment), assignment.partitions);
    let second = start(&bus, &options);
    let until = Instant::now() + DEADLINE;
    let kept = loop {
        let owned = committer.owned(&assignment);
        if owned.len() < 4 {
            break owned;
        }
        assert!(Instant::now() < until, "nothing was revoked");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(kept.iter().all(|partition| assignment.partitions.contains(partition)) && kept.len() == 2, "{kept:?}");
    tokio::task::spawn_blocking(move || drop((first, second))).await.unwrap();
}
