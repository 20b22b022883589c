//! The thread that polls librdkafka.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::Message as _;
use rdkafka::consumer::Consumer as _;
use rdkafka::message::BorrowedMessage;
use tokio::sync::mpsc;

use super::client::Client;
use super::event::Event;
use crate::kafka::lifeline::Lifeline;
use crate::kafka::partition::list_of;
use crate::kafka::record::Record;

/// How long the poll thread waits for a full channel before it pauses the partitions and goes on polling. Pausing throws away
/// what was prefetched, so short jams are waited out; past the group's poll interval the member would be evicted.
const PAUSE_AFTER: Duration = Duration::from_secs(2);
/// How long an outage may be for a client that ends in it to still leave its group.
const LEAD_BACK: Duration = Duration::from_mins(5);

pub(super) struct Poller {
    pub(super) client: Client,
    pub(super) lifeline: Lifeline,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) topics: HashMap<String, Arc<str>>,
    pub(super) paused: bool,
}

impl Poller {
    pub(super) fn run(&mut self) {
        // At most a few: what a paused partition still yields.
        let mut held: VecDeque<(u64, Record)> = VecDeque::new();
        let mut full_since: Option<Instant> = None;
        while !self.stop.load(Ordering::Relaxed) {
            if let Some((epoch, record)) = held.pop_front() {
                let consumer = self.client.current();
                if consumer.context().epoch(&record.partition) != Some(epoch) {
                    continue;
                }
                match consumer.context().events.try_send(Event::Record(record)) {
                    Ok(()) => full_since = None,
                    Err(mpsc::error::TrySendError::Closed(_)) => break,
                    Err(mpsc::error::TrySendError::Full(Event::Record(record))) => {
                        held.push_front((epoch, record));
                        let since = *full_since.get_or_insert_with(Instant::now);
                        if since.elapsed() < PAUSE_AFTER {
                            std::thread::sleep(Duration::from_millis(1));
                        } else {
                            self.pause(true);
                            held.extend(self.poll(Duration::from_millis(50)));
                        }
                    }
                    Err(mpsc::error::TrySendError::Full(_)) => {}
                }
                continue;
            }
            if self.paused {
                self.pause(false);
            }
            held.extend(self.poll(Duration::from_millis(100)));
            if held.is_empty() && self.client.renew_if_stuck() {
                self.paused = false;
            }
        }
        self.leave();
    }

    fn poll(&mut self, timeout: Duration) -> Option<(u64, Record)> {
        let consumer = self.client.current();
        self.lifeline.look(consumer.client());
        match consumer.poll(timeout)? {
            Ok(message) => self.read(&message),
            Err(error) => {
                // Brokers that are away, topics not made yet: librdkafka goes on trying by itself.
                tracing::debug!(%error, "poll");
                std::thread::sleep(Duration::from_millis(20));
                None
            }
        }
    }

    fn read(&mut self, message: &BorrowedMessage<'_>) -> Option<(u64, Record)> {
        let topic = match self.topics.get(message.topic()) {
            Some(topic) => topic.clone(),
            None => self.topics.entry(message.topic().to_owned()).or_insert_with(|| message.topic().into()).clone(),
        };
        let record = Record::read(&topic, message);
        let epoch = self.client.current().context().take(&record)?;
        Some((epoch, record))
    }

    fn pause(&mut self, pause: bool) {
        if pause == self.paused {
            return;
        }
        let consumer = self.client.current();
        let held_back = consumer.context().held_back.lock();
        let places = consumer.context().places.lock();
        let list = list_of(places.keys().filter(|partition| !held_back.contains(partition)));
        let result = if pause { consumer.pause(&list) } else { consumer.resume(&list) };
        match result {
            Ok(()) => self.paused = pause,
            Err(error) => tracing::warn!(%error, pause, "cannot pause or resume"),
        }
    }

    /// Unsubscribing revokes what is assigned; its callback runs in `poll`.
    fn leave(&self) {
        let consumer = self.client.current();
        consumer.unsubscribe();
        let until = Instant::now() + consumer.context().deadline + Duration::from_secs(1);
        while Instant::now() < until && !consumer.context().places.lock().is_empty() {
            drop(consumer.poll(Duration::from_millis(50)));
        }
    }

    /// Ends the client. Dropping it waits for commits that are under way, for ever where a broker that was away names none and the
    /// client is left without a cluster; so it is led back first.
    pub(super) fn close(mut self) {
        let consumer = self.client.current();
        let until = Instant::now() + LEAD_BACK;
        while Instant::now() < until && !self.client.finds_group(&consumer) {
            self.lifeline.look(consumer.client());
            drop(consumer.poll(Duration::from_millis(50)));
        }
    }
}
