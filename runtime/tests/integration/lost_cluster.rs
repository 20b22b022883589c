//! A broker that was away answers, until it counts as alive again, with metadata without brokers. Clients must survive that.

use std::time::{Duration, Instant};

use rdkafka::producer::FutureRecord;
use vru_runtime::kafka::{
    ConsumerOptions, Event, GroupConsumer, KafkaConfig, Partition, Producer, ProducerOptions, ReaderEvent, StartAt,
    TopicReader, describe_topic,
};
use vru_runtime::test_util::{Bus, KafkaServer, Topic, eventually};

/// Which clients get that answer is random; among so many clients in so many rounds, some do.
const MEMBERS: usize = 16;
const ROUNDS: usize = 2;
/// Longer than the broker's session with its controller.
const AWAY: Duration = Duration::from_secs(5);
/// For the clients to recover once the broker is back.
const RECOVERY: Duration = Duration::from_mins(1);
/// Much longer than dropping a member may wait (3 s), for a busy machine; the broker stays away in the meantime.
const DROP: Duration = Duration::from_secs(20);

/// With a short session.
fn config(bus: &Bus) -> KafkaConfig {
    KafkaConfig { session_timeout: Duration::from_secs(6), ..bus.config() }
}

/// Members of one group each.
fn members(bus: &Bus, topic: &str, group: &str) -> Vec<GroupConsumer> {
    let start = |number| {
        let mut options = ConsumerOptions::new(&format!("{}{group}-{number}", bus.prefix()), &[topic]);
        options.client_id = format!("{group}-{number}");
        GroupConsumer::start(&config(bus), &options).expect("a member can be made")
    };
    (0..MEMBERS).map(start).collect()
}

/// Reads up to the record with that payload.
async fn read(member: &mut GroupConsumer, wanted: &str) -> (Partition, i64) {
    loop {
        let event = tokio::time::timeout(RECOVERY, member.next()).await;
        if let Event::Record(record) = event.expect("the record in time").expect("the member runs")
            && record.payload.as_deref() == Some(wanted.as_bytes())
        {
            return (record.partition, record.offset);
        }
    }
}

struct Clients {
    members: Vec<GroupConsumer>,
    reader: TopicReader,
    producer: Producer,
}

impl Clients {
    fn start(bus: &Bus, topic: &str) -> Self {
        let config = config(bus);
        let described = tokio::task::block_in_place(|| describe_topic(&config, topic, RECOVERY));
        let id = described.expect("the topic is there").id;
        let reader =
            TopicReader::start(&config, "lost", topic, id, &[(0, StartAt::Beginning)], 16, TopicReader::FETCH_WAIT);
        let options = ProducerOptions { message_timeout: Duration::ZERO, ..ProducerOptions::default() };
        let producer = config.producer(&options).expect("a producer can be made");
        Self { members: members(bus, topic, "group"), reader: reader.expect("a reader can be made"), producer }
    }

    /// The producer sends a record, and every consumer reads it.
    async fn pass(&mut self, topic: &str, text: &str) {
        let sent = self.producer.send(FutureRecord::to(topic).key("key").payload(text));
        let Ok(sent) = sent.map_err(|(error, _)| error) else { panic!("the queue has room") };
        tokio::time::timeout(RECOVERY, sent).await.expect("an answer in time").expect("an acknowledgement");
        for member in &mut self.members {
            read(member, text).await;
        }
        loop {
            let event = tokio::time::timeout(RECOVERY, self.reader.next()).await;
            if let ReaderEvent::Record(record) = event.expect("the record in time").expect("the reader runs")
                && record.payload.as_deref() == Some(text.as_bytes())
            {
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_lose_all_brokers_bootstrap_again() {
    let server = tokio::task::block_in_place(KafkaServer::start);
    let bus = server.bus("lost", 1);
    let topic = bus.name(Topic::Alerts);
    let mut clients = Clients::start(&bus, &topic);
    clients.pass(&topic, "before").await;
    for round in 0..ROUNDS {
        server.server.pause();
        tokio::time::sleep(AWAY).await;
        server.server.resume();
        clients.pass(&topic, &format!("after {round}")).await;
    }
    tokio::task::spawn_blocking(move || drop(clients)).await.unwrap();
}

/// The names of this process's threads that begin with `prefix`.
fn threads(prefix: &str) -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").expect("proc is there").flatten();
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
    names.map(|name| name.trim().to_owned()).filter(|name| name.starts_with(prefix)).collect()
}

/// Commits are in flight when the broker hangs, and its metadata name no broker when it is back.
#[tokio::test(flavor = "multi_thread")]
async fn dropping_a_member_in_an_outage_returns_soon_and_it_leaves_its_group_afterwards() {
    let server = tokio::task::block_in_place(KafkaServer::start);
    let bus = server.bus("ends", 1);
    let topic = bus.name(Topic::Alerts);
    bus.produce(Topic::Alerts, "key", Some(b"before"));
    let mut ending = members(&bus, &topic, "ends");
    let mut reader = TopicReader::start(
        &config(&bus),
        "ends",
        &topic,
        bus.topic_id(Topic::Alerts),
        &[(0, StartAt::Beginning)],
        16,
        TopicReader::FETCH_WAIT,
    )
    .unwrap();
    let event = tokio::time::timeout(RECOVERY, reader.next()).await.expect("the record in time");
    assert!(matches!(event, Some(ReaderEvent::Record(_))));
    let mut read_to = Vec::new();
    for member in &mut ending {
        read_to.push(read(member, "before").await);
    }
    server.server.pause();
    for (member, (partition, offset)) in ending.iter().zip(read_to) {
        member.committer().commit(&[(partition, offset + 1)], false).expect("the commit can be queued");
    }
    // A reader has no group to leave, and does not wait for one.
    drop(reader);
    // Own threads: tokio's shutdown waits for its blocking threads, for ever if one hangs.
    let drops: Vec<_> = ending.into_iter().map(|member| std::thread::spawn(move || drop(member))).collect();
    let away = Instant::now();
    eventually(DROP, "the members to be dropped", async || {
        match drops.iter().filter(|dropped| !dropped.is_finished()).count() {
            0 => Ok(()),
            blocked => Err(format!("{blocked} drops block")),
        }
    })
    .await;
    assert_eq!(threads("poll-ends").len(), MEMBERS, "all wait for the broker");
    assert_eq!(threads("read-ends"), Vec::<String>::new());
    tokio::time::sleep(AWAY.saturating_sub(away.elapsed())).await;
    server.server.resume();
    eventually(RECOVERY, "the members to leave", async || match threads("poll-ends") {
        left if left.is_empty() => Ok(()),
        left => Err(left.join(", ")),
    })
    .await;
    // The groups accept new members.
    bus.produce(Topic::Alerts, "key", Some(b"after"));
    let mut next = members(&bus, &topic, "ends");
    for member in &mut next {
        read(member, "after").await;
    }
    tokio::task::spawn_blocking(move || drop(next)).await.unwrap();
}
