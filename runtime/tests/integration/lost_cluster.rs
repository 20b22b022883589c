//! A broker that was away says, until it counts as alive again, that the cluster has no brokers. Clients must outlive that.

use std::time::Duration;

use rdkafka::producer::FutureRecord;
use vru_runtime::kafka::{
    ConsumerOptions, Event, GroupConsumer, Producer, ProducerOptions, ReaderEvent, StartAt, TopicReader,
};
use vru_runtime::test_util::{Bus, KafkaServer, Topic};

/// Which client hears the bad answer is chance; of so many in so many rounds, some do.
const MEMBERS: usize = 16;
const ROUNDS: usize = 2;
/// Longer than the broker's session with its controller.
const AWAY: Duration = Duration::from_secs(5);
const BACK: Duration = Duration::from_mins(1);

struct Clients {
    members: Vec<GroupConsumer>,
    reader: TopicReader,
    producer: Producer,
}

impl Clients {
    fn start(bus: &Bus, topic: &str) -> Self {
        let mut config = bus.config();
        config.session_timeout = Duration::from_secs(6);
        let members = (0..MEMBERS).map(|number| {
            let options = ConsumerOptions::new(&format!("{}group-{number}", bus.prefix()), &[topic]);
            GroupConsumer::start(&config, &options).expect("a member can be made")
        });
        let members = members.collect();
        let reader = TopicReader::start(&config, "lost", topic, &[(0, StartAt::Beginning)], 16);
        let options = ProducerOptions { message_timeout: Duration::ZERO, ..ProducerOptions::default() };
        let producer = config.producer(&options).expect("a producer can be made");
        Self { members, reader: reader.expect("a reader can be made"), producer }
    }

    /// The producer sends a record, and everybody reads it.
    async fn pass(&mut self, topic: &str, text: &str) {
        let wanted = text.as_bytes();
        let sent = self.producer.send(FutureRecord::to(topic).key("key").payload(text));
        let Ok(sent) = sent.map_err(|(error, _)| error) else { panic!("the queue has room") };
        tokio::time::timeout(BACK, sent).await.expect("an answer in time").expect("an acknowledgement");
        for member in &mut self.members {
            loop {
                let event = tokio::time::timeout(BACK, member.next()).await;
                if let Event::Record(record) = event.expect("the record in time").expect("the member runs")
                    && record.payload.as_deref() == Some(wanted)
                {
                    break;
                }
            }
        }
        loop {
            let event = tokio::time::timeout(BACK, self.reader.next()).await;
            if let ReaderEvent::Record(record) = event.expect("the record in time").expect("the reader runs")
                && record.payload.as_deref() == Some(wanted)
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
