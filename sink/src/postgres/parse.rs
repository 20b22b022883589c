//! Records of the topics, parsed and checked.

use bytes::Bytes;
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

/// What a record contains.
#[derive(Debug, Clone)]
pub(crate) enum ParsedRecord {
    /// Nothing to store: the record is in the dead-letter topic, or PostgreSQL rejects it.
    Skipped,
    /// A row for the frame and one for each of its objects.
    Frame { key: FrameKey, detections: Box<v1::FrameDetections>, traceparent: Option<String> },
    /// A row for the alert.
    Alert { key: FrameKey, alert: Box<v1::Alert> },
}

pub(super) fn parse(topics: &Topics, record: &Record) -> Result<ParsedRecord, Unreadable> {
    let payload = record.payload.clone().ok_or_else(Unreadable::empty)?;
    if *record.partition.topic == *topics.alerts {
        let (key, alert) = read_alert(payload)?;
        rows::check_alert(&alert).map_err(|why| Unreadable::invalid(format!("Alert: {why}")))?;
        return Ok(ParsedRecord::Alert { key, alert: Box::new(without_snapshot(alert)) });
    }
    let (key, detections) = read_detections(payload)?;
    rows::check_frame(&detections).map_err(|why| Unreadable::invalid(format!("FrameDetections: {why}")))?;
    let traceparent = record.traceparent().map(ToOwned::to_owned);
    Ok(ParsedRecord::Frame { key, detections: Box::new(detections), traceparent })
}

/// The snapshot is stored in S3; in a batch it would only use memory.
fn without_snapshot(alert: v1::Alert) -> v1::Alert {
    v1::Alert { snapshot: Bytes::new(), ..alert }
}

/// A span for each traced frame, so that the frame's trace ends when its row is stored.
pub(super) fn store_spans(items: &[Item<ParsedRecord>]) -> Vec<Span> {
    let frames = items.iter().filter_map(|item| match &item.value {
        ParsedRecord::Frame { key, traceparent: Some(traceparent), .. } => Some((key, traceparent)),
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
