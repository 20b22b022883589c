//! What inference hides in the frames of a clip: it is in the messages of detections. A frame without a message, or in whose message nothing
//! is said about it, is not shown.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use vru_media::clip::Hidden;
use vru_proto::v1;
use vru_proto::validate::read_detections;
use vru_runtime::kafka::{KafkaConfig, KafkaFailure, Partition, RangeReader, ReadKeys, Visited, admin, partition_of};

use super::clip_window::ClipWindow;

const METADATA_DEADLINE: Duration = Duration::from_secs(10);
/// Bounds one read, besides the wait for what inference has not published yet.
const READ_DEADLINE: Duration = Duration::from_mins(1);
/// Inference may be so far behind the frames.
const LAG: Duration = Duration::from_secs(30);
/// Records that are read if the start cannot be found by time, as with the embedded broker.
const NEWEST_RECORDS: i64 = 20_000;

/// By sequence number, up to the frame `last`. Blocks.
pub(super) fn read(
    kafka: &KafkaConfig,
    window: &ClipWindow,
    last: u64,
    cancel: &CancellationToken,
) -> Result<HashMap<u64, Hidden>, KafkaFailure> {
    let topic = kafka.topics().detections;
    let count = admin::partition_count(kafka, &topic, METADATA_DEADLINE)?;
    let partition = Partition::new(&topic, partition_of(window.camera.as_bytes(), count));
    let reader = RangeReader::open(kafka, "vru-sink-clip", partition, READ_DEADLINE + LAG)?;
    let offsets = reader.offsets();
    // What is found in a live frame is published after the frame.
    let start_us = if window.delivery == v1::Delivery::Live { window.start_us } else { window.earliest_us };
    let start = reader.offset_at(start_us.max(0) / 1_000)?.unwrap_or(offsets.end - NEWEST_RECORDS).max(offsets.start);
    let mut hidden = HashMap::new();
    let wanted = |key: &[u8]| key == window.camera.as_bytes();
    let read = ReadKeys { offsets: start..i64::MAX, wanted: &wanted, follow_until: Instant::now() + LAG, cancel };
    reader.read_keys(&read, |visited| {
        let Visited::Wanted(record) = visited else { return ControlFlow::Continue(()) };
        let Some(Ok((key, found))) = record.payload.map(read_detections) else { return ControlFlow::Continue(()) };
        if key.session == window.session
            && let Some(regions) = &found.hidden
        {
            let regions = regions.regions.iter().map(|region| [region.left, region.top, region.width, region.height]);
            hidden.insert(key.sequence, Hidden::new((found.source_width, found.source_height), regions));
        }
        let over = (key.session, key.sequence) >= (window.session, last);
        if over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(hidden)
}
