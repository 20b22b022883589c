use std::collections::HashSet;
use std::time::Duration;

use vru_proto::validate::read_camera;

use super::{CameraEvent, Follow, REFUSED, Share, dead_letters};
use crate::dead_letter::DeadLetters;
use crate::kafka::{
    ConsumerOptions, Event, GroupConsumer, KafkaConfig, ReaderEvent, Record, StartAt, TopicReader, admin,
};
use crate::report::chain;
use crate::retry::Backoff;

pub(super) async fn follow(kafka: KafkaConfig, share: Share, mut follow: Follow) {
    let letters = dead_letters(&kafka);
    match share {
        Share::Group(group) => follow_group(&kafka, &group, letters, &mut follow).await,
        Share::All => follow_all(&kafka, letters, &mut follow).await,
    }
}

/// Every assignment is read from the beginning: what the partition says is what its cameras are.
async fn follow_group(kafka: &KafkaConfig, group: &str, letters: Option<DeadLetters>, follow: &mut Follow) {
    let topic = kafka.topics().cameras;
    let mut options = ConsumerOptions::new(group, &[&topic]);
    options.choose_start = true;
    let mut consumer = match GroupConsumer::start(kafka, &options) {
        Ok(consumer) => consumer,
        Err(error) => {
            tracing::error!(error = %chain(&error), "cannot follow the cameras");
            follow.ready.not_ready(chain(&error).to_string());
            return;
        }
    };
    follow.ready.not_ready("waiting for Kafka to share out the cameras");
    loop {
        let event = tokio::select! {
            event = consumer.next() => event,
            () = follow.stop.cancelled() => return,
        };
        let alive = match event {
            None => return,
            Some(Event::Assigned(assignment)) => {
                let starts = assignment.partitions.iter().map(|p| (p.clone(), StartAt::Beginning)).collect();
                assignment.start_at(starts);
                follow.ready.ready();
                follow.send(Some(CameraEvent::Settled)).await
            }
            Some(Event::Revoked(revocation)) => {
                let numbers: HashSet<i32> = revocation.partitions.iter().map(|partition| partition.number).collect();
                let mut alive = true;
                for event in follow.known.revoke(&numbers) {
                    alive &= follow.send(Some(event)).await;
                }
                alive
            }
            Some(Event::Record(record)) => apply(&record, letters.as_ref(), follow).await,
        };
        if !alive {
            return;
        }
    }
}

async fn follow_all(kafka: &KafkaConfig, letters: Option<DeadLetters>, follow: &mut Follow) {
    let topic = kafka.topics().cameras;
    let Some(partitions) = partitions(kafka, &topic, follow).await else { return };
    let starts: Vec<_> = (0..partitions).map(|number| (number, StartAt::Beginning)).collect();
    let mut reader = match TopicReader::start(kafka, "vru-cameras", &topic, &starts, 64) {
        Ok(reader) => reader,
        Err(error) => {
            tracing::error!(error = %chain(&error), "cannot follow the cameras");
            follow.ready.not_ready(chain(&error).to_string());
            return;
        }
    };
    loop {
        let event = tokio::select! {
            event = reader.next() => event,
            () = follow.stop.cancelled() => return,
        };
        let alive = match event {
            None => return,
            Some(ReaderEvent::Record(record)) => apply(&record, letters.as_ref(), follow).await,
            Some(ReaderEvent::CaughtUp) => {
                follow.ready.ready();
                follow.send(Some(CameraEvent::Settled)).await
            }
        };
        if !alive {
            return;
        }
    }
}

async fn partitions(kafka: &KafkaConfig, topic: &str, follow: &Follow) -> Option<i32> {
    let mut backoff = Backoff::default();
    loop {
        let (config, name) = (kafka.clone(), topic.to_owned());
        let asked = tokio::task::spawn_blocking(move || admin::partition_count(&config, &name, Duration::from_secs(5)));
        match asked.await {
            Ok(Ok(count)) => return Some(count),
            Ok(Err(error)) => follow.ready.not_ready(chain(&error).to_string()),
            Err(_) => return None,
        }
        if !backoff.wait(&follow.stop).await {
            return None;
        }
    }
}

async fn apply(record: &Record, letters: Option<&DeadLetters>, follow: &mut Follow) -> bool {
    let key = record.key.clone().unwrap_or_default();
    let Some(payload) = &record.payload else {
        let id = std::str::from_utf8(&key).ok().and_then(|text| text.parse().ok());
        let event = id.and_then(|id| follow.known.remove(&id));
        return follow.send(event).await;
    };
    match read_camera(&key, payload) {
        Ok((id, config)) => {
            let event = follow.known.upsert(record.partition.number, id, config);
            follow.send(event).await
        }
        Err(error) => {
            // The camera goes on with its last good configuration.
            REFUSED.with_label_values(&["topic"]).inc();
            if let Some(letters) = letters {
                let reason = chain(&error).to_string();
                letters.send(record, "camera", &reason, &follow.stop).await;
            }
            follow.send(None).await
        }
    }
}
