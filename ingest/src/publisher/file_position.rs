//! Reads a file's position from its compacted topic.
//!
//! A position is a fact that stays true while the topic of frames exists: this frame of the file was acknowledged, and all before it. So of
//! several positions, for example of two processes that had the file, the one that is furthest counts, and not the one written last.

use std::ops::ControlFlow;
use std::time::Instant;

use tokio_util::sync::CancellationToken;
use vru_proto::CameraId;
use vru_proto::names::file_position_key;
use vru_proto::validate::read_file_position;
use vru_runtime::kafka::{Delivered, KafkaFailure, RangeReader, ReadKeys, Record, TopicId, Visited};
use vru_runtime::report::chain;

use super::LastPublished;
use crate::metrics;

/// How many of the newest records are read first: the position of a file that was interrupted is among them.
const FIRST_STEP: i64 = 256;
/// Each further step reaches so many times as far.
const FURTHER: i64 = 8;

/// The position of this session in this topic of frames. Reads the positions from their end to their beginning, in growing steps; an error
/// if that takes too long.
pub(super) fn furthest(
    positions: &RangeReader,
    camera: &CameraId,
    session: u64,
    frames: TopicId,
) -> Result<Option<LastPublished>, KafkaFailure> {
    let key = file_position_key(camera.as_str(), session);
    let offsets = positions.offsets();
    let (mut read_from, mut step) = (offsets.end, FIRST_STEP);
    while read_from > offsets.start {
        let from = offsets.end.saturating_sub(step).max(offsets.start);
        let mut furthest: Option<LastPublished> = None;
        // A tombstone makes the positions before it void.
        let mut is_forgotten = false;
        let read = ReadKeys {
            offsets: from..read_from,
            wanted: &|other| other == key.as_bytes(),
            follow_until: Instant::now(),
            cancel: &CancellationToken::new(),
        };
        positions.read_keys(&read, |visited| {
            match visited {
                Visited::Wanted(record) if record.payload.is_none() => (furthest, is_forgotten) = (None, true),
                Visited::Wanted(record) => {
                    let found = position(&record, camera, session, frames);
                    if found.is_some_and(|found| furthest.is_none_or(|furthest| furthest.sequence <= found.sequence)) {
                        furthest = found;
                    }
                }
                Visited::Other { .. } => {}
            }
            ControlFlow::Continue(())
        })?;
        if furthest.is_some() || is_forgotten {
            return Ok(furthest);
        }
        (read_from, step) = (from, step.saturating_mul(FURTHER));
    }
    Ok(None)
}

/// What a record says about this topic of frames. A record that is no position is counted, and an older one may be used.
fn position(record: &Record, camera: &CameraId, session: u64, frames: TopicId) -> Option<LastPublished> {
    let unusable = |problem: String| {
        metrics::position_fault(camera.as_str(), metrics::UNREADABLE);
        tracing::warn!(%camera, session, offset = record.offset, problem, "a position of the file cannot be read");
        None
    };
    let (key, position) = match read_file_position(record.payload.clone()?) {
        Ok(read) => read,
        Err(error) => return unusable(chain(&error).to_string()),
    };
    if key.camera != *camera || key.session != session {
        return unusable(format!("it is of frame {key}, and its key is another one"));
    }
    // The topic of frames was created again.
    if position.topic_id != frames.to_bytes() {
        return None;
    }
    Some(LastPublished {
        sequence: key.sequence,
        end_of_stream: position.end_of_stream,
        delivered: Delivered { partition: position.partition, offset: position.offset },
        is_recorded: true,
    })
}
