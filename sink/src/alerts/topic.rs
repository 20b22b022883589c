//! The topic of alerts: its records and its bounds.

use std::time::Duration;

use vru_proto::validate::read_alert;
use vru_runtime::kafka::{KafkaConfig, Record, watermarks};
use vru_runtime::report::chain;

use super::encoded_alert::EncodedAlert;
use crate::error::SinkError;
use crate::metrics::ERRORS;
use crate::supervise::blocking;

/// How long Kafka may take to answer a question about the topic.
pub(crate) const METADATA_DEADLINE: Duration = Duration::from_secs(10);

/// The alert in a record; none when the record is not an alert.
pub(crate) fn read(record: &Record) -> Option<EncodedAlert> {
    match read_alert(record.payload.clone()?) {
        Ok((_, alert)) => Some(EncodedAlert::new(record.partition.number as usize, record.offset, alert)),
        Err(error) => {
            // The sink that stores alerts sends the record to the dead-letter topic. Here every instance would send it again.
            ERRORS.with_label_values(&["alerts", "read an alert"]).inc();
            tracing::debug!(partition = %record.partition, offset = record.offset, error = %chain(&error), "not an alert");
            None
        }
    }
}

/// The oldest and the next offset of each partition, by partition number.
pub(crate) async fn bounds(kafka: &KafkaConfig) -> Result<Vec<(i64, i64)>, SinkError> {
    let (kafka, topic) = (kafka.clone(), kafka.topics().alerts);
    let marks = blocking(move || watermarks(&kafka, &topic, METADATA_DEADLINE)).await??;
    Ok(marks.into_iter().map(|(_, low, high)| (low, high)).collect())
}
