//! The clip around an alert, from the frames that Kafka still holds.

use std::time::Duration;

use bytes::Bytes;
use thiserror::Error;
use vru_media::Codec;
use vru_media::clip::{ClipError, ClipInput, Sample, write_mp4};
use vru_proto::v1;
use vru_proto::validate::read_frame;
use vru_runtime::clock::now_us;
use vru_runtime::kafka::{
    KafkaConfig, KafkaFailure, Partition, ReaderEvent, Record, StartAt, TopicReader, admin, offset_at, partition_of,
    watermarks,
};

use super::config::ClipConfig;
use crate::error::SinkError;
use crate::supervise::blocking;

const METADATA_DEADLINE: Duration = Duration::from_secs(10);
/// Encoding ten seconds of pictures takes one or two on a slow core.
const ENCODE_DEADLINE: Duration = Duration::from_mins(1);
/// Passthrough needs the key frame before the window; cameras send one every few seconds.
const KEY_FRAME_US: i64 = 10_000_000;
/// Clocks of camera, ingest and Kafka differ a little.
const CLOCKS_US: i64 = 2_000_000;
/// Records that are quickly read through.
const SMALL_PARTITION: i64 = 2_000;
const READER_CAPACITY: usize = 64;

/// Why there is no clip.
#[derive(Debug, Error)]
pub(crate) enum MakeError {
    #[error("cannot read the frames")]
    Read(#[source] SinkError),
    #[error("cannot make the MP4")]
    Encode(#[source] ClipError),
}

impl From<SinkError> for MakeError {
    fn from(error: SinkError) -> Self {
        Self::Read(error)
    }
}

impl From<KafkaFailure> for MakeError {
    fn from(error: KafkaFailure) -> Self {
        Self::Read(error.into())
    }
}

/// Which frames.
#[derive(Debug, Clone, Default)]
pub(crate) struct Window {
    camera: String,
    session: u64,
    /// Capture times, microseconds.
    from_us: i64,
    to_us: i64,
    /// Where reading starts, by Kafka's own timestamps.
    read_from_us: i64,
    /// When all frames should be on Kafka, by our clock; none for a file, whose frames are there or come at any pace.
    over_at_us: Option<i64>,
}

impl Window {
    pub(crate) fn around(alert: &v1::Alert, published_ms: Option<i64>, config: &ClipConfig) -> Self {
        let at = alert.captured_at_us;
        let (before, after) = (config.before.as_micros() as i64, config.after.as_micros() as i64);
        let live = alert.clock_source() != v1::ClockSource::File;
        let published = published_ms.map_or_else(now_us, |ms| ms * 1_000);
        // Live frames are published when they are captured. A file's are published around the time of the alert, at any
        // pace: a margin stands for how far inference may be behind.
        let anchor = if live { at.min(published) } else { published - 60_000_000 };
        Self {
            camera: alert.camera_id.clone(),
            session: alert.frame_id.as_ref().map_or(0, |id| id.session),
            from_us: at - before,
            to_us: at + after,
            read_from_us: anchor - before - KEY_FRAME_US - CLOCKS_US,
            over_at_us: live.then_some(at + after),
        }
    }

    /// How long until the frames are there.
    pub(crate) fn until_over(&self) -> Duration {
        let left = self.over_at_us.map_or(0, |over| over - now_us());
        // A camera whose clock is ahead must not make us wait for its future.
        Duration::from_micros(left.clamp(0, self.to_us - self.from_us) as u64)
    }
}

/// The MP4, or none where Kafka holds no such frames.
pub(crate) async fn make(
    kafka: &KafkaConfig,
    window: &Window,
    config: &ClipConfig,
) -> Result<Option<Bytes>, MakeError> {
    let mut found = Found { window: window.clone(), max_bytes: config.max_bytes, ..Found::default() };
    read(kafka, window, config.slack, &mut found).await?;
    let Some(encoding) = found.encoding else { return Ok(None) };
    let input = match encoding {
        v1::Encoding::H264 => ClipInput::Units(Codec::H264),
        v1::Encoding::H265 => ClipInput::Units(Codec::H265),
        _ => ClipInput::Pictures,
    };
    let samples = found.samples;
    let made = blocking(move || write_mp4(input, samples, ENCODE_DEADLINE)).await?;
    match made {
        Ok(clip) => Ok(Some(clip.mp4.into())),
        Err(ClipError::Empty) => Ok(None),
        Err(error) => Err(MakeError::Encode(error)),
    }
}

async fn read(kafka: &KafkaConfig, window: &Window, slack: Duration, found: &mut Found) -> Result<(), MakeError> {
    let (config, topic) = (kafka.clone(), kafka.topics().frames);
    let (name, camera, from_ms) = (topic.clone(), window.camera.clone(), window.read_from_us.max(0) / 1_000);
    let located = blocking(move || {
        let count = admin::partition_count(&config, &name, METADATA_DEADLINE)?;
        let partition = Partition::new(&name, partition_of(camera.as_bytes(), count));
        if let Some(offset) = offset_at(&config, &partition, from_ms, METADATA_DEADLINE)? {
            return Ok((partition.number, Some(offset)));
        }
        // No record is as young as that, or the broker cannot look for times (the in-process one cannot): the few records
        // that such a broker holds are read as a whole.
        let marks = watermarks(&config, &name, METADATA_DEADLINE)?;
        let small = marks.into_iter().find(|(found, low, high)| *found == partition && high - low <= SMALL_PARTITION);
        Ok::<_, KafkaFailure>((partition.number, small.map(|(_, low, _)| low)))
    });
    let (number, Some(offset)) = located.await?? else { return Ok(()) };
    let starts = [(number, StartAt::Offset(offset))];
    let mut reader = TopicReader::start(kafka, "vru-sink-clip", &topic, &starts, READER_CAPACITY)?;
    // Everything should be there already: what is late has the slack to come.
    let deadline = tokio::time::Instant::now() + slack + Duration::from_secs(1);
    while let Ok(Some(event)) = tokio::time::timeout_at(deadline, reader.next()).await {
        if let ReaderEvent::Record(record) = event
            && found.take(record)
        {
            break;
        }
    }
    Ok(())
}

/// Frames of the window.
#[derive(Debug, Default)]
struct Found {
    window: Window,
    max_bytes: usize,
    encoding: Option<v1::Encoding>,
    samples: Vec<Sample>,
    bytes: usize,
}

impl Found {
    /// Takes a record in; true when nothing of the window can follow.
    fn take(&mut self, record: Record) -> bool {
        if record.key.as_deref() != Some(self.window.camera.as_bytes()) {
            return false;
        }
        let Some(Ok((key, frame))) = record.payload.map(read_frame) else { return false };
        if key.session != self.window.session {
            return key.session > self.window.session;
        }
        let time_us = frame.captured_at_us;
        if time_us > self.window.to_us {
            return true;
        }
        if !frame.payload.is_empty() && !self.add(&frame, time_us) {
            return true;
        }
        frame.end_of_stream
    }

    /// False when the clip has as many bytes as it may have, or the camera's encoding changed.
    fn add(&mut self, frame: &v1::Frame, time_us: i64) -> bool {
        let encoding = frame.encoding();
        if time_us < self.window.from_us {
            // Before the window only what a decoder needs to begin: from the last key frame on.
            if encoding == v1::Encoding::Jpeg {
                return true;
            }
            if frame.key_frame {
                self.samples.clear();
                self.bytes = 0;
            }
        }
        if *self.encoding.get_or_insert(encoding) != encoding || self.bytes + frame.payload.len() > self.max_bytes {
            return false;
        }
        self.bytes += frame.payload.len();
        let key_frame = frame.key_frame || encoding == v1::Encoding::Jpeg;
        self.samples.push(Sample { time_us, payload: frame.payload.clone(), key_frame });
        true
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;

    fn found(from_us: i64, to_us: i64) -> Found {
        let window = Window { camera: "cam".to_owned(), session: 2, from_us, to_us, ..Window::default() };
        Found { window, max_bytes: 1_000, ..Found::default() }
    }

    const BASE: i64 = 1_700_000_000_000_000;

    fn record(camera: &str, session: u64, at: i64, encoding: v1::Encoding, key_frame: bool) -> Record {
        let frame = v1::Frame {
            id: Some(v1::FrameId { camera_id: camera.to_owned(), session, sequence: 0 }),
            captured_at_us: BASE + at,
            width: 2,
            height: 2,
            source_width: 2,
            source_height: 2,
            encoding: encoding.into(),
            key_frame,
            payload: vec![0; 10].into(),
            ..Default::default()
        };
        Record {
            partition: Partition::new("t", 0),
            offset: 0,
            timestamp_ms: None,
            key: Some(Bytes::from(camera.to_owned())),
            payload: Some(frame.encode_to_vec().into()),
            headers: Vec::new(),
        }
    }

    fn times(found: &Found) -> Vec<i64> {
        found.samples.iter().map(|sample| sample.time_us - BASE).collect()
    }

    #[test]
    fn pictures_of_the_window_of_this_camera_and_session() {
        let mut found = found(BASE + 10, BASE + 30);
        let jpeg = |camera, session, at| record(camera, session, at, v1::Encoding::Jpeg, true);
        for record in
            [jpeg("cam", 2, 5), jpeg("cam", 2, 10), jpeg("other", 2, 15), jpeg("cam", 1, 15), jpeg("cam", 2, 30)]
        {
            assert!(!found.take(record));
        }
        assert!(found.take(jpeg("cam", 2, 31)));
        assert_eq!(times(&found), [10, 30]);
    }

    #[test]
    fn passthrough_begins_at_the_key_frame_before_the_window() {
        let mut found = found(BASE + 10, BASE + 30);
        for (at, key) in [(1, true), (2, false), (5, true), (8, false), (11, false)] {
            assert!(!found.take(record("cam", 2, at, v1::Encoding::H264, key)));
        }
        assert_eq!(times(&found), [5, 8, 11]);
    }

    #[test]
    fn a_clip_is_bounded_in_bytes_and_ends_with_the_session() {
        let mut bounded = Found { max_bytes: 25, ..found(BASE, BASE + 100) };
        let ended = (0..5).position(|at| bounded.take(record("cam", 2, at, v1::Encoding::Jpeg, true)));
        assert_eq!((ended, bounded.samples.len()), (Some(2), 2));
        assert!(found(BASE, BASE + 100).take(record("cam", 3, 1, v1::Encoding::Jpeg, true)));
    }

    #[test]
    fn a_clock_ahead_does_not_make_us_wait_for_its_future() {
        let alert = v1::Alert { captured_at_us: now_us() + 3_600_000_000, ..Default::default() };
        let window = Window::around(&alert, None, &ClipConfig::default());
        assert_eq!(window.until_over(), Duration::from_secs(10));
    }
}
