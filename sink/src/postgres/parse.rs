//! Records of the topics, parsed and checked.

use tracing::Span;
use vru_proto::FrameKey;
use vru_proto::v1;
use vru_proto::validate::{read_alert, read_detections};
use vru_runtime::kafka::{Record, Topics};
use vru_runtime::trace;

use super::rows;
use crate::batch::Item;
use crate::metrics::POSTGRES_SINK;
use crate::unreadable::Unreadable;

/// What a record contains. It keeps the record itself too, in case PostgreSQL refuses it; a batch is bounded by the records' bytes.
#[derive(Debug, Clone)]
pub(crate) enum ParsedRecord {
    /// Nothing to store: the record is in the dead-letter topic.
    Skipped,
    /// A row for the frame and one for each of its objects.
    Frame { key: FrameKey, detections: Box<v1::FrameDetections>, record: Record },
    /// A row for the alert.
    Alert { key: FrameKey, alert: Box<v1::Alert>, record: Record },
}

impl ParsedRecord {
    /// The record from Kafka, unless it was skipped.
    pub(super) fn record(&self) -> Option<&Record> {
        match self {
            Self::Skipped => None,
            Self::Frame { record, .. } | Self::Alert { record, .. } => Some(record),
        }
    }
}

pub(super) fn parse(topics: &Topics, record: &Record) -> Result<ParsedRecord, Unreadable> {
    let payload = record.payload.clone().ok_or_else(Unreadable::empty)?;
    if *record.partition.topic == *topics.alerts {
        let (key, alert) = read_alert(payload)?;
        rows::check_alert(&alert).map_err(|why| Unreadable::invalid(format!("Alert: {why}")))?;
        return Ok(ParsedRecord::Alert { key, alert: Box::new(alert), record: record.clone() });
    }
    let (key, detections) = read_detections(payload)?;
    rows::check_frame(&detections).map_err(|why| Unreadable::invalid(format!("FrameDetections: {why}")))?;
    Ok(ParsedRecord::Frame { key, detections: Box::new(detections), record: record.clone() })
}

/// A span for each traced frame, so that the frame's trace ends when its row is stored.
pub(super) fn store_spans(items: &[Item<ParsedRecord>]) -> Vec<Span> {
    let frames = items.iter().filter_map(|item| match &item.value {
        ParsedRecord::Frame { key, record, .. } => Some((key, record.traceparent()?)),
        _ => None,
    });
    frames
        .map(|(key, traceparent)| {
            let span = tracing::debug_span!("store", sink = POSTGRES_SINK, frame = %key);
            trace::set_parent(&span, Some(traceparent));
            span
        })
        .collect()
}
