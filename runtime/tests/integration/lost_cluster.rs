//! A broker that was away says, until it counts as alive again, that the cluster has no brokers. Clients must outlive that.

use std::time::{Duration, Instant};

use rdkafka::producer::FutureRecord;
use vru_runtime::kafka::{
    ConsumerOptions, Event, GroupConsumer, KafkaConfig, Partition, Producer, ProducerOptions, ReaderEvent, StartAt,
    TopicReader,
};
use vru_runtime::test_util::{Bus, KafkaServer, Topic, eventually};

/// Which client hears the bad answer is chance; of so many in so many rounds, some do.
const MEMBERS: usize = 16;
const ROUNDS: usize = 2;
/// Longer than the broker's session with its controller.
const AWAY: Duration = Duration::from_secs(5);
const BACK: Duration = Duration::from_mins(1);

/// A session is over soon.
fn config(bus: &Bus) -> KafkaConfig {
    KafkaConfig { session_timeout: Duration::from_secs(6), ..bus.config() }
}

/// Members of a group each, named after it.
fn members(bus: &Bus, topic: &str, group: &str) -> Vec<GroupConsumer> {
    let start = |number| {
        let mut options = ConsumerOptions::new(&format!("{}{group}-{number}", bus.prefix()), &[topic]);
        options.client_id = format!("{group}-{number}");
        GroupConsumer::start(&config(bus), &options).expect("a member can be made")
    };
    (0..MEMBERS).map(start).collect()
}

/// Reads up to the record.
async fn read(member: &mut GroupConsumer, wanted: &str) -> (Partition, i64) {
    loop {
        let event = tokio::time::timeout(BACK, member.next()).await;
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
        let reader = TopicReader::start(&config, "lost", topic, &[(0, StartAt::Beginning)], 16);
        let options = ProducerOptions { message_timeout: Duration::ZERO, ..ProducerOptions::default() };
        let producer = config.producer(&options).expect("a producer can be made");
        Self { members: members(bus, topic, "group"), reader: reader.expect("a reader can be made"), producer }
    }

    /// The producer sends a record, and everybody reads it.
    async fn pass(&mut self, topic: &str, text: &str) {
        let sent = self.producer.send(FutureRecord::to(topic).key("key").payload(text));
        let Ok(sent) = sent.map_err(|(error, _)| error) else { panic!("the queue has room") };
        tokio::time::timeout(BACK, sent).await.expect("an answer in time").expect("an acknowledgement");
        for member in &mut self.members {
            read(member, text).await;
        }
        loop {
            let event = tokio::time::timeout(BACK, self.reader.next()).await;
            if let ReaderEvent::Record(record) = event.expect("the record in time").expect("the reader runs")
                && record.payload.as_deref() == Some(text.as_bytes())
            {
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_are_told_of_no_brokers_find_them_again() {
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

/// The process's threads whose names begin so.
fn threads(prefix: &str) -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").expect("proc is there").flatten();
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
    names.map(|name| name.trim().to_owned()).filter(|name| name.starts_with(prefix)).collect()
}

/// Their commits are under way when the broker hangs, and it names no broker when it is back.
#[tokio::test(flavor = "multi_thread")]
async fn members_that_end_in_an_outage_hold_nobody_up_and_leave_when_it_is_over() {
    let server = tokio::task::block_in_place(KafkaServer::start);
    let bus = server.bus("ends", 1);
    let topic = bus.name(Topic::Alerts);
    bus.produce(Topic::Alerts, "key", Some(b"before"));
    let mut ending = members(&bus, &topic, "ends");
    let mut reader = TopicReader::start(&config(&bus), "ends", &topic, &[(0, StartAt::Beginning)], 16).unwrap();
    let event = tokio::time::timeout(BACK, reader.next()).await.expect("the record in time");
    assert!(matches!(event, Some(ReaderEvent::Record(_))));
    let mut read_to = Vec::new();
    for member in &mut ending {
        read_to.push(read(member, "before").await);
    }
    server.server.pause();
    for (member, (partition, offset)) in ending.iter().zip(read_to) {
        member.committer().commit(&[(partition, offset + 1)], false).expect("it can be sent off");
    }
    // A reader has no group to leave, and does not wait for one.
    drop(reader);
    // Threads of their own: tokio's end waits for its blocking ones, for ever where one hangs.
    let drops: Vec<_> = ending.into_iter().map(|member| std::thread::spawn(move || drop(member))).collect();
    let away = Instant::now();
    eventually(AWAY, "the members to be dropped", async || {
        match drops.iter().filter(|dropped| !dropped.is_finished()).count() {
            0 => Ok(()),
            held_up => Err(format!("{held_up} are held up")),
        }
    })
    .await;
    assert_eq!(threads("poll-ends").len(), MEMBERS, "all wait for the broker");
    assert_eq!(threads("read-ends"), Vec::<String>::new());
    tokio::time::sleep(AWAY.saturating_sub(away.elapsed())).await;
    server.server.resume();
    eventually(BACK, "the members to leave", async || match threads("poll-ends") {
        left if left.is_empty() => Ok(()),
        left => Err(left.join(", ")),
    })
    .await;
    // Those that come after them in their groups work.
    bus.produce(Topic::Alerts, "key", Some(b"after"));
    let mut next = members(&bus, &topic, "ends");
    for member in &mut next {
        read(member, "after").await;
    }
    tokio::task::spawn_blocking(move || drop(next)).await.unwrap();
}
