//! Follows the compacted topic `vru.cameras`: as a member of a group, which gets a share of the cameras, or all of it.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use super::log::{CameraLog, Partitions};
use super::watcher::{ReceiverDropped, Watcher};
use crate::dead_letter::DeadLetters;
use crate::kafka::{ConsumerOptions, Event, GroupConsumer, KafkaConfig, KafkaFailure, StartAt};
use crate::report::chain;
use crate::retry::Backoff;

/// The reason in `/ready` until the end of the log was reached for the first time.
const READING: &str = "waiting for the cameras' configuration: it is not read to its end yet";
/// A member that was assigned partitions for this long was healthy: the next failure backs off from the shortest wait again.
const HEALTHY_AFTER: Duration = Duration::from_secs(30);

/// Which cameras of the topic to watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Share {
    /// Kafka divides the cameras among the members of this consumer group, and reassigns them when a member dies.
    Group(String),
    /// All cameras.
    All,
}

/// Runs until stopped. Whatever fails is tried again.
pub(super) async fn watch(kafka: KafkaConfig, share: Share, mut watcher: Watcher) -> Result<(), ReceiverDropped> {
    let mut log = CameraLog::new(kafka.clone(), dead_letters(&kafka));
    match share {
        Share::Group(group) => watch_group(&kafka, &group, &mut log, &mut watcher).await,
        Share::All => watch_all(&mut log, &mut watcher).await,
    }
}

async fn watch_all(log: &mut CameraLog, watcher: &mut Watcher) -> Result<(), ReceiverDropped> {
    watcher.ready.not_ready(READING);
    log.read(Partitions::All, watcher).await?;
    loop {
        tokio::select! {
            () = watcher.stop.cancelled() => return Ok(()),
            event = log.next() => log.handle(event, watcher).await?,
            request = watcher.refreshes.next() => {
                if watcher.refreshes.answer_later(request) && log.is_current().await {
                    watcher.refreshes.answer();
                } else {
                    log.read(Partitions::All, watcher).await?;
                }
            }
        }
    }
}

/// Joins the group again and again until stopped.
async fn watch_group(
    kafka: &KafkaConfig,
    group: &str,
    log: &mut CameraLog,
    watcher: &mut Watcher,
) -> Result<(), ReceiverDropped> {
    let mut backoff = Backoff::default();
    while !watcher.stop.is_cancelled() {
        let started = tokio::time::Instant::now();
        let why = match join(kafka, group) {
            Ok(consumer) => {
                watcher.ready.not_ready("waiting for Kafka to assign camera partitions");
                watch_share(consumer, log, watcher).await?;
                if watcher.stop.is_cancelled() {
                    return Ok(());
                }
                "the member of the group of cameras ended".to_owned()
            }
            Err(error) => chain(&error).to_string(),
        };
        // Kafka assigns the partitions to others.
        log.read(Partitions::These(BTreeSet::new()), watcher).await?;
        watcher.ready.not_ready(&why);
        if started.elapsed() > HEALTHY_AFTER {
            backoff.reset();
        }
        tracing::error!(
            group,
            why,
            attempt = backoff.attempts(),
            "cannot follow the cameras of the group, joining again"
        );
        backoff.wait(&watcher.stop).await;
    }
    Ok(())
}

fn join(kafka: &KafkaConfig, group: &str) -> Result<GroupConsumer, KafkaFailure> {
    let mut options = ConsumerOptions::new(group, &[&kafka.topics().cameras]);
    options.choose_start = true;
    GroupConsumer::start(kafka, &options)
}

/// One membership. The group only tells which partitions are this member's: after each change, their log is read from its beginning, because
/// it holds the whole configuration of their cameras.
async fn watch_share(
    mut consumer: GroupConsumer,
    log: &mut CameraLog,
    watcher: &mut Watcher,
) -> Result<(), ReceiverDropped> {
    let mut mine = BTreeSet::new();
    loop {
        tokio::select! {
            () = watcher.stop.cancelled() => return Ok(()),
            event = consumer.next() => match event {
                None => return Ok(()),
                Some(Event::Assigned(assignment)) => {
                    mine.extend(assignment.partitions.iter().map(|partition| partition.number));
                    // The member must start its partitions to own them. Paused, they cost no requests.
                    let partitions = assignment.partitions.clone();
                    assignment.start_at(partitions.iter().map(|partition| (partition.clone(), StartAt::End)).collect());
                    for partition in &partitions {
                        consumer.pause(partition);
                    }
                    log.read(Partitions::These(mine.clone()), watcher).await?;
                }
                Some(Event::Revoked(revocation)) => {
                    let numbers: HashSet<i32> = revocation.partitions.iter().map(|partition| partition.number).collect();
                    mine.retain(|number| !numbers.contains(number));
                    let removed = watcher.current.revoke(&numbers);
                    watcher.send(removed).await?;
                    log.read(Partitions::These(mine.clone()), watcher).await?;
                }
                Some(Event::Record(_)) => {}
            },
            event = log.next() => log.handle(event, watcher).await?,
            request = watcher.refreshes.next() => {
                watcher.refreshes.answer_later(request);
                log.read(Partitions::These(mine.clone()), watcher).await?;
            }
        }
    }
}

/// None when the producer cannot be created. Then the cameras still work, and invalid records are only counted.
fn dead_letters(kafka: &KafkaConfig) -> Option<DeadLetters> {
    match DeadLetters::new(kafka, "vru-cameras") {
        Ok(letters) => Some(letters),
        Err(error) => {
            tracing::error!(error = %chain(&error), "cannot create a dead-letter producer for camera configurations");
            None
        }
    }
}
