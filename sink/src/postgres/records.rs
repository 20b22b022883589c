//! Records of the topics: what they ask for, and what becomes of those that ask for something impossible.

use bytes::Bytes;
use tracing::Span;
use vru_proto::v1;
use vru_proto::validate::{ReadError, read_alert, read_detections};
use vru_runtime::kafka::{Record, Topics};
use vru_runtime::report::chain;
use vru_runtime::trace;

use super::rows;
use super::sink::SINK;
use super::write::Value;
use crate::batch::Item;
use crate::metrics::ERRORS;

/// Two halves, the first on top of the stack; of a single record only its position remains.
pub(super) fn isolate(mut items: Vec<Item<Value>>) -> Vec<Vec<Item<Value>>> {
    if let [item] = items.as_mut_slice() {
        tracing::error!(partition = %item.partition, offset = item.offset, "a record was left out");
        ERRORS.with_label_values(&[SINK, "refused"]).inc();
        item.value = Value::Nothing;
        return vec![items];
    }
    let second = items.split_off(items.len() / 2);
    vec![second, items]
}

/// What a record asks for; or why it cannot be read, as a word and in full.
pub(super) fn read(topics: &Topics, record: &Record) -> Result<Value, (&'static str, String)> {
    let payload = record.payload.clone().ok_or_else(|| ("empty", "the record is empty".to_owned()))?;
    let unreadable = |error: ReadError| match &error {
        ReadError::Parse { .. } => ("unreadable", chain(&error).to_string()),
        ReadError::Invalid(_) => ("invalid", chain(&error).to_string()),
    };
    if *record.partition.topic == *topics.alerts {
        let (key, alert) = read_alert(payload).map_err(unreadable)?;
        rows::check_alert(&alert).map_err(|why| ("invalid", format!("Alert: {why}")))?;
        return Ok(Value::Alert { key, alert: Box::new(without_picture(alert)) });
    }
    let (key, detections) = read_detections(payload).map_err(unreadable)?;
    rows::check_frame(&detections).map_err(|why| ("invalid", format!("FrameDetections: {why}")))?;
    let traceparent = record.traceparent().map(ToOwned::to_owned);
    Ok(Value::Frame { key, detections: Box::new(detections), traceparent })
}

/// The picture is for the object store; here it would only take memory.
fn without_picture(alert: v1::Alert) -> v1::Alert {
    v1::Alert { snapshot: Bytes::new(), ..alert }
}

/// One span a traced frame, so that its trace ends at its row.
pub(super) fn spans(items: &[Item<Value>]) -> Vec<Span> {
    let frames = items.iter().filter_map(|item| match &item.value {
        Value::Frame { key, traceparent: Some(traceparent), .. } => Some((key, traceparent)),
        _ => None,
    });
    frames
        .map(|(key, traceparent)| {
            let span = tracing::debug_span!("store", sink = SINK, frame = %key);
            trace::set_parent(&span, Some(traceparent));
            span
        })
        .collect()
}
