//! Makes the clip around an alert from the frames that are still in Kafka.

use std::time::Duration;

use bytes::Bytes;
use thiserror::Error;
use vru_media::Codec;
use vru_media::clip::{ClipError, ClipInput, ClipSample, write_mp4};
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
/// Encoding ten seconds of JPEGs takes one or two seconds on a slow core.
const ENCODE_DEADLINE: Duration = Duration::from_mins(1);
/// Passthrough video needs the key frame before the window. Cameras send one every few seconds.
const KEY_FRAME_US: i64 = 10_000_000;
/// The clocks of camera, ingest and Kafka may differ by this much.
const CLOCK_SKEW_US: i64 = 2_000_000;
/// A partition with at most this many records is read from its beginning if the start cannot be found by time.
const SMALL_PARTITION_RECORDS: i64 = 2_000;
const READER_CAPACITY: usize = 64;

#[derive(Debug, Error)]
pub(crate) enum MakeClipError {
    #[error("cannot read the frames from Kafka")]
    Read(#[source] SinkError),
    #[error("cannot encode the MP4")]
    Encode(#[source] ClipError),
}

impl From<SinkError> for MakeClipError {
    fn from(error: SinkError) -> Self {
        Self::Read(error)
    }
}

impl From<KafkaFailure> for MakeClipError {
    fn from(error: KafkaFailure) -> Self {
        Self::Read(error.into())
    }
}

/// The frames of a clip: a range of capture times in one session of one camera.
#[derive(Debug, Clone, Default)]
pub(crate) struct ClipWindow {
    camera: String,
    session: u64,
    /// First and last capture time, inclusive, in microseconds.
    from_us: i64,
    to_us: i64,
    /// Where reading starts, as a Kafka timestamp in microseconds.
    read_from_us: i64,
    /// When all frames should be in Kafka, by the clock of this machine; `None` for a file, whose frames come at any pace.
    complete_at_us: Option<i64>,
}

impl ClipWindow {
    pub(crate) fn around(alert: &v1::Alert, published_ms: Option<i64>, config: &ClipConfig) -> Self {
        let at = alert.captured_at_us;
        let (before, after) = (config.before.as_micros() as i64, config.after.as_micros() as i64);
        let live = alert.clock_source() != v1::ClockSource::File;
        let published = published_ms.map_or_else(now_us, |ms| ms * 1_000);
        // Live frames are published when they are captured. A file's frames are published around the time of the alert, at any
        // pace; the margin of a minute allows for inference being behind.
        let anchor = if live { at.min(published) } else { published - 60_000_000 };
        Self {
            camera: alert.camera_id.clone(),
            session: alert.frame_id.as_ref().map_or(0, |id| id.session),
            from_us: at - before,
            to_us: at + after,
            read_from_us: anchor - before - KEY_FRAME_US - CLOCK_SKEW_US,
            complete_at_us: live.then_some(at + after),
        }
    }

    /// How long until the frames should be in Kafka.
    pub(crate) fn remaining(&self) -> Duration {
        let left = self.complete_at_us.map_or(0, |at| at - now_us());
        // Bounded, because the clock of the camera may be ahead of this machine's.
        Duration::from_micros(left.clamp(0, self.to_us - self.from_us) as u64)
    }
}

/// The MP4, or `None` if Kafka has no frames of the window.
pub(crate) async fn make_clip(
    kafka: &KafkaConfig,
    window: &ClipWindow,
    config: &ClipConfig,
) -> Result<Option<Bytes>, MakeClipError> {
    let mut frames = ClipFrames { window: window.clone(), max_bytes: config.max_bytes, ..ClipFrames::default() };
    read(kafka, window, config.slack, &mut frames).await?;
    let Some(encoding) = frames.encoding else { return Ok(None) };
    let input = match encoding {
        v1::Encoding::H264 => ClipInput::Units(Codec::H264),
        v1::Encoding::H265 => ClipInput::Units(Codec::H265),
        _ => ClipInput::Pictures,
    };
    let samples = frames.samples;
    let made = blocking(move || write_mp4(input, samples, ENCODE_DEADLINE)).await?;
    match made {
        Ok(clip) => Ok(Some(clip.mp4.into())),
        Err(ClipError::Empty) => Ok(None),
        Err(error) => Err(MakeClipError::Encode(error)),
    }
}

async fn read(
    kafka: &KafkaConfig,
    window: &ClipWindow,
    slack: Duration,
    frames: &mut ClipFrames,
) -> Result<(), MakeClipError> {
    let (config, topic) = (kafka.clone(), kafka.topics().frames);
    let (name, camera, from_ms) = (topic.clone(), window.camera.clone(), window.read_from_us.max(0) / 1_000);
    let located = blocking(move || {
        let count = admin::partition_count(&config, &name, METADATA_DEADLINE)?;
        let partition = Partition::new(&name, partition_of(camera.as_bytes(), count));
        if let Some(offset) = offset_at(&config, &partition, from_ms, METADATA_DEADLINE)? {
            return Ok((partition.number, Some(offset)));
        }
        // No record is that new, or the broker does not support searching by time (the embedded one does not). If the partition
        // is small, read all of it.
        let marks = watermarks(&config, &name, METADATA_DEADLINE)?;
        let small =
            marks.into_iter().find(|(found, low, high)| *found == partition && high - low <= SMALL_PARTITION_RECORDS);
        Ok::<_, KafkaFailure>((partition.number, small.map(|(_, low, _)| low)))
    });
    let (number, Some(offset)) = located.await?? else { return Ok(()) };
    let starts = [(number, StartAt::Offset(offset))];
    let mut reader = TopicReader::start(kafka, "vru-sink-clip", &topic, &starts, READER_CAPACITY)?;
    // The frames should be in Kafka already; late ones may arrive within the slack.
    let deadline = tokio::time::Instant::now() + slack + Duration::from_secs(1);
    while let Ok(Some(event)) = tokio::time::timeout_at(deadline, reader.next()).await {
        if let ReaderEvent::Record(record) = event
            && frames.add_record(record)
        {
            break;
        }
    }
    Ok(())
}

/// Collects the frames of the window.
#[derive(Debug, Default)]
struct ClipFrames {
    window: ClipWindow,
    max_bytes: usize,
    encoding: Option<v1::Encoding>,
    samples: Vec<ClipSample>,
    bytes: usize,
}

impl ClipFrames {
    /// Handles the next record; true when no frame of the window can follow.
    fn add_record(&mut self, record: Record) -> bool {
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
        if !frame.payload.is_empty() && !self.add_frame(&frame, time_us) {
            return true;
        }
        frame.end_of_stream
    }

    /// False when the clip has reached its limit of bytes, or the camera's encoding has changed.
    fn add_frame(&mut self, frame: &v1::Frame, time_us: i64) -> bool {
        let encoding = frame.encoding();
        if time_us < self.window.from_us {
            // Before the window, keep only what a decoder needs to start: the frames since the last key frame.
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
        self.samples.push(ClipSample { time_us, payload: frame.payload.clone(), key_frame });
        true
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;

    fn frames(from_us: i64, to_us: i64) -> ClipFrames {
        let window = ClipWindow { camera: "cam".to_owned(), session: 2, from_us, to_us, ..ClipWindow::default() };
        ClipFrames { window, max_bytes: 1_000, ..ClipFrames::default() }
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

    fn times(frames: &ClipFrames) -> Vec<i64> {
        frames.samples.iter().map(|sample| sample.time_us - BASE).collect()
    }

    #[test]
    fn a_clip_has_the_frames_of_the_window_of_one_camera_and_session() {
        let mut frames = frames(BASE + 10, BASE + 30);
        let jpeg = |camera, session, at| record(camera, session, at, v1::Encoding::Jpeg, true);
        for record in
            [jpeg("cam", 2, 5), jpeg("cam", 2, 10), jpeg("other", 2, 15), jpeg("cam", 1, 15), jpeg("cam", 2, 30)]
        {
            assert!(!frames.add_record(record));
        }
        assert!(frames.add_record(jpeg("cam", 2, 31)));
        assert_eq!(times(&frames), [10, 30]);
    }

    #[test]
    fn passthrough_starts_at_the_key_frame_before_the_window() {
        let mut frames = frames(BASE + 10, BASE + 30);
        for (at, key) in [(1, true), (2, false), (5, true), (8, false), (11, false)] {
            assert!(!frames.add_record(record("cam", 2, at, v1::Encoding::H264, key)));
        }
        assert_eq!(times(&frames), [5, 8, 11]);
    }

    #[test]
    fn a_clip_is_limited_in_bytes_and_ends_with_the_session() {
        let mut bounded = ClipFrames { max_bytes: 25, ..frames(BASE, BASE + 100) };
        let ended = (0..5).position(|at| bounded.add_record(record("cam", 2, at, v1::Encoding::Jpeg, true)));
        assert_eq!((ended, bounded.samples.len()), (Some(2), 2));
        assert!(frames(BASE, BASE + 100).add_record(record("cam", 3, 1, v1::Encoding::Jpeg, true)));
    }

    #[test]
    fn a_camera_clock_that_is_ahead_does_not_delay_the_clip() {
        let alert = v1::Alert { captured_at_us: now_us() + 3_600_000_000, ..Default::default() };
        let window = ClipWindow::around(&alert, None, &ClipConfig::default());
        assert_eq!(window.remaining(), Duration::from_secs(10));
    }
}
