use async_trait::async_trait;
use vru_proto::v1::{FileFault, FilePosition, FrameId};
use vru_runtime::admin::Readiness;
use vru_runtime::kafka::TopicId;

use super::*;
use crate::config::IngestConfig;
use crate::publisher::{Consumed, KafkaPublisher, Published};

/// Keeps frames and the replies to them. Refuses frames while `full`.
#[derive(Debug, Default)]
struct HeldPublisher {
    held: Mutex<VecDeque<(Frame, Reply)>>,
    full: Mutex<bool>,
    overdue: Mutex<u32>,
}

#[async_trait]
impl FramePublisher for HeldPublisher {
    fn send(&self, frame: Frame, reply: Reply) -> Result<(), PublishError> {
        if *self.full.lock() {
            reply.discard();
            return Err(PublishError::QueueFull);
        }
        self.held.lock().push_back((frame, reply));
        Ok(())
    }

    fn acknowledgement_is_overdue(&self) {
        *self.overdue.lock() += 1;
    }

    async fn consumed(&self, _partition: i32) -> Result<Consumed, PublishError> {
        Ok(Consumed { topic: TopicId::NONE, up_to: None, behind: None })
    }

    async fn last_published(&self, _camera: &CameraId, _session: u64) -> Result<Published, PublishError> {
        Ok(Published { topic: TopicId::NONE, last: None })
    }

    fn record(&self, _position: FilePosition, reply: Reply) -> Result<(), PublishError> {
        reply.discard();
        Err(PublishError::QueueFull)
    }

    fn report(&self, _fault: FileFault, reply: Reply) -> Result<(), PublishError> {
        reply.discard();
        Err(PublishError::QueueFull)
    }
}

impl HeldPublisher {
    /// Sequences and `dropped_before` of the frames in flight.
    fn held(&self) -> Vec<(u64, u32)> {
        let held = self.held.lock();
        held.iter().map(|(frame, _)| (frame.id.as_ref().unwrap().sequence, frame.dropped_before)).collect()
    }

    fn reply(&self, at: usize, result: Result<Delivered, PublishError>) {
        let (_, reply) = self.held.lock().remove(at).unwrap();
        reply.send(result);
    }

    fn acknowledge(&self) {
        self.reply(0, Ok(Delivered { partition: 0, offset: 0 }));
    }
}

fn frame(sequence: u64) -> Frame {
    let id = FrameId { sequence, ..FrameId::default() };
    Frame { id: Some(id), delivery: Delivery::Live as i32, ..Frame::default() }
}

fn sender(camera: &str, queue_frames: usize, in_flight: usize) -> (Arc<HeldPublisher>, Arc<LiveSender>) {
    let publisher = Arc::new(HeldPublisher::default());
    let live = LiveConfig { queue_frames, in_flight, ..LiveConfig::default() };
    let sender = LiveSender::new(camera.parse().unwrap(), publisher.clone(), &live);
    (publisher, sender)
}

fn dropped(camera: &str, reason: &str) -> u64 {
    metrics::DROPPED.with_label_values(&[camera, reason]).get()
}

fn sent(camera: &str) -> u64 {
    metrics::SENT.with_label_values(&[camera]).get()
}

#[test]
fn frames_beyond_those_in_flight_wait_and_the_oldest_is_dropped() {
    let (publisher, sender) = sender("sender-full", 2, 3);
    (0..7).for_each(|sequence| sender.push(frame(sequence)));
    assert_eq!(publisher.held(), [(0, 0), (1, 0), (2, 0)]);
    assert_eq!(dropped("sender-full", QUEUE_FULL), 2);
    publisher.acknowledge();
    assert_eq!(publisher.held(), [(1, 0), (2, 0), (5, 2)], "an acknowledgement sends the next");
    publisher.acknowledge();
    assert_eq!(publisher.held(), [(2, 0), (5, 2), (6, 0)]);
    (0..3).for_each(|_| publisher.acknowledge());
    assert_eq!(sent("sender-full"), 5);
}

#[test]
fn a_refused_frame_is_counted_and_reported_in_the_next() {
    let (publisher, sender) = sender("sender-refused", 4, 2);
    *publisher.full.lock() = true;
    sender.push(frame(0));
    assert_eq!(dropped("sender-refused", KAFKA_DOWN), 1);
    *publisher.full.lock() = false;
    sender.push(frame(1));
    sender.push(frame(2));
    // Outcomes may come in another order when the producer was replaced.
    publisher.reply(1, Err(PublishError::TooLarge { bytes: 9 }));
    publisher.acknowledge();
    sender.push(frame(3));
    assert_eq!(publisher.held(), [(3, 1)]);
    publisher.acknowledge();
    assert_eq!((dropped("sender-refused", metrics::TOO_LARGE), sent("sender-refused")), (1, 2));
}

#[test]
fn a_reply_that_is_dropped_counts_as_a_dropped_frame() {
    let (publisher, sender) = sender("sender-closed", 4, 2);
    sender.push(frame(0));
    drop(publisher.held.lock().pop_front());
    assert_eq!(dropped("sender-closed", metrics::STOPPED), 1);
}

#[test]
fn drops_while_an_acknowledgement_is_overdue_are_counted_as_an_outage() {
    let publisher = Arc::new(HeldPublisher::default());
    let live = LiveConfig { queue_frames: 1, in_flight: 1, message_timeout: Duration::ZERO, ..LiveConfig::default() };
    let sender = LiveSender::new("sender-overdue".parse().unwrap(), publisher.clone(), &live);
    sender.check_overdue();
    assert_eq!(*publisher.overdue.lock(), 0, "nothing is in flight");
    (0..2).for_each(|sequence| sender.push(frame(sequence)));
    sender.check_overdue();
    sender.check_overdue();
    assert_eq!(*publisher.overdue.lock(), 1, "an outage is reported once");
    sender.push(frame(2));
    assert_eq!(dropped("sender-overdue", KAFKA_DOWN), 1);
    publisher.acknowledge();
    sender.push(frame(3));
    sender.push(frame(4));
    assert_eq!(dropped("sender-overdue", QUEUE_FULL), 1, "the acknowledgement ended the outage");
}

#[tokio::test]
async fn a_closed_sender_sends_what_is_queued_and_then_finishes() {
    let (publisher, sender) = sender("sender-close", 3, 1);
    (0..3).for_each(|sequence| sender.push(frame(sequence)));
    sender.close();
    sender.push(frame(3));
    assert_eq!(dropped("sender-close", metrics::STOPPED), 1);
    let finished = tokio::spawn({
        let sender = sender.clone();
        async move { sender.finished().await }
    });
    publisher.acknowledge();
    assert_eq!(publisher.held(), [(1, 0)]);
    assert_eq!(sender.drop_queued(), 1);
    tokio::task::yield_now().await;
    assert!(!finished.is_finished(), "a frame is in flight");
    publisher.acknowledge();
    finished.await.unwrap();
    assert_eq!((sent("sender-close"), dropped("sender-close", metrics::STOPPED)), (2, 2));
}

#[test]
fn a_frame_that_the_producer_refuses_at_once_is_dropped_and_stops_nothing() {
    let mut config = IngestConfig::default();
    config.kafka.message_max_bytes = 100_000;
    // No broker is needed: the client itself refuses the frame.
    config.kafka.brokers = "127.0.0.1:1".to_owned();
    let readiness = Readiness::default();
    let publisher = KafkaPublisher::new(&config, readiness.part("kafka")).unwrap();
    let sender = LiveSender::new("sender-at-once".parse().unwrap(), Arc::new(publisher), &config.live);
    let (pushed, done) = std::sync::mpsc::sync_channel(1);
    // On a thread, because a push that waits for itself would never return.
    std::thread::spawn(move || {
        for sequence in 0..3 {
            sender.push(Frame { payload: vec![1; 200_000].into(), ..frame(sequence) });
        }
        pushed.send(()).unwrap();
    });
    done.recv_timeout(Duration::from_secs(30)).expect("a push returns");
    assert_eq!(dropped("sender-at-once", metrics::TOO_LARGE), 3);
}
