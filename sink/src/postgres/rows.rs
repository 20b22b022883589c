//! Encodes messages as rows. A record that does not fit the columns is rejected here, so that no transaction fails because of it.

use vru_proto::ids::FrameKey;
use vru_proto::v1;
use vru_proto::validate::CAPTURE_TIME_US;

use super::copy::CopyRows;
use super::tracks::zone_ids;
use super::watch::watch_id;

pub(crate) const COPY_FRAMES: &str = "COPY frames (camera_id, captured_at, session, sequence, clock_source, ingested_at, \
     inferred_at, source_width, source_height, model_name, model_version, object_count, delivery, end_of_stream, queued_us, \
     decode_us, preprocess_us, inference_us, postprocess_us, track_us, watch_id) FROM STDIN (FORMAT binary)";
const FRAME_COLUMNS: i16 = 21;

pub(crate) const COPY_DETECTIONS: &str = "COPY detections (camera_id, captured_at, session, sequence, object_index, class, \
     score, track_id, track_state, box_left, box_top, box_width, box_height, ground_x_m, ground_y_m, \
     zone_ids, snapshot_key, found_left, found_top, found_width, found_height) FROM STDIN (FORMAT binary)";
const DETECTION_COLUMNS: i16 = 21;

/// `object_index` is a smallint; a real frame has some tens of objects.
const MAX_OBJECTS: usize = i16::MAX as usize;
/// A real camera has some tens of zones.
const MAX_ZONES: usize = 1_000;
/// Limit of a text column, in bytes; no valid name is longer.
const MAX_TEXT: usize = 1_024;

/// An error says why the frame cannot be stored.
pub(crate) fn check_frame(frame: &v1::FrameDetections) -> Result<(), String> {
    text("model_name", &frame.model_name)?;
    text("model_version", &frame.model_version)?;
    time("ingested_at_us", frame.ingested_at_us)?;
    time("inferred_at_us", frame.inferred_at_us)?;
    if frame.objects.len() > MAX_OBJECTS {
        return Err(format!("field `objects` has {} entries, more than {MAX_OBJECTS}", frame.objects.len()));
    }
    if frame.zone_ids.len() > MAX_ZONES {
        return Err(format!("field `zone_ids` has {} entries, more than {MAX_ZONES}", frame.zone_ids.len()));
    }
    frame.zone_ids.iter().try_for_each(|id| text("zone_ids", id))?;
    frame.objects.iter().try_for_each(|object| text("objects.snapshot_key", &object.snapshot_key))?;
    Ok(())
}

/// An error says why the alert cannot be stored.
pub(crate) fn check_alert(alert: &v1::Alert) -> Result<(), String> {
    text("rule_id", &alert.rule_id)?;
    text("zone_id", &alert.zone_id)?;
    text("line_id", &alert.line_id)?;
    text("snapshot_key", &alert.snapshot_key)?;
    text("clip_key", &alert.clip_key)?;
    text("blurred_clip_key", &alert.blurred_clip_key)?;
    time("emitted_at_us", alert.emitted_at_us)?;
    if alert.track_ids.len() > MAX_OBJECTS || alert.track_ids.iter().any(|&id| i64::try_from(id).is_err()) {
        return Err("field `track_ids` is too long or has an id of more than 63 bits".to_owned());
    }
    if i32::try_from(alert.occurrence).is_err() {
        return Err("field `occurrence` has more than 31 bits".to_owned());
    }
    if i16::try_from(alert.end_reason).is_err() {
        return Err("field `end_reason` has more than 15 bits".to_owned());
    }
    if i32::try_from(alert.source_width).is_err() || i32::try_from(alert.source_height).is_err() {
        return Err("field `source_width` or `source_height` has more than 31 bits".to_owned());
    }
    Ok(())
}

/// Appends the rows of one frame, which must have passed [`check_frame`] and `vru_proto::validate`.
pub(crate) fn encode(key: &FrameKey, frame: &v1::FrameDetections, frames: &mut CopyRows, detections: &mut CopyRows) {
    let timings = frame.timings.unwrap_or_default();
    identity(frames.row(FRAME_COLUMNS), key, frame.captured_at_us)
        .smallint(frame.clock_source as i16)
        .timestamp(frame.ingested_at_us)
        .timestamp(frame.inferred_at_us)
        .integer(frame.source_width as i32)
        .integer(frame.source_height as i32)
        .text(&frame.model_name)
        .text(&frame.model_version)
        .integer(frame.objects.len() as i32)
        .smallint(frame.delivery as i16)
        .bool(frame.end_of_stream);
    for micros in [
        timings.queued_us,
        timings.decode_us,
        timings.preprocess_us,
        timings.inference_us,
        timings.postprocess_us,
        timings.track_us,
    ] {
        frames.integer(i32::try_from(micros).unwrap_or(i32::MAX));
    }
    frames.optional_bigint(watch_id(key, frame));
    for (index, object) in frame.objects.iter().enumerate() {
        let bounds = object.r#box.unwrap_or_default();
        let ground = object.ground_position;
        identity(detections.row(DETECTION_COLUMNS), key, frame.captured_at_us)
            .smallint(index as i16)
            .smallint(object.class as i16)
            .real(object.score)
            .optional_bigint((object.track_id != 0).then_some(object.track_id as i64))
            .smallint(object.track_state as i16)
            .real(bounds.left)
            .real(bounds.top)
            .real(bounds.width)
            .real(bounds.height)
            .optional_double(ground.map(|ground| ground.x_m))
            .optional_double(ground.map(|ground| ground.y_m))
            .optional_texts(zone_ids(frame, object))
            .optional_text((!object.snapshot_key.is_empty()).then_some(object.snapshot_key.as_str()))
            .optional_real(object.found.map(|found| found.left))
            .optional_real(object.found.map(|found| found.top))
            .optional_real(object.found.map(|found| found.width))
            .optional_real(object.found.map(|found| found.height));
    }
}

/// Sessions of live video are counted together, those of files each for itself: a file may be analysed again.
pub(super) fn file_session(delivery: v1::Delivery, session: i64) -> i64 {
    if delivery == v1::Delivery::EveryFrame { session } else { 0 }
}

fn identity<'a>(rows: &'a mut CopyRows, key: &FrameKey, captured_at_us: i64) -> &'a mut CopyRows {
    rows.text(key.camera.as_str()).timestamp(captured_at_us).bigint(key.session as i64).bigint(key.sequence as i64)
}

fn text(field: &str, value: &str) -> Result<(), String> {
    if value.len() > MAX_TEXT {
        return Err(format!("field `{field}` has {} bytes, more than {MAX_TEXT}", value.len()));
    }
    if value.contains('\0') {
        return Err(format!("field `{field}` contains a zero byte"));
    }
    Ok(())
}

fn time(field: &str, micros: i64) -> Result<(), String> {
    if CAPTURE_TIME_US.contains(&micros) {
        return Ok(());
    }
    Err(format!("field `{field}` is not between the years 2000 and 2200: {micros}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> v1::FrameDetections {
        let time = 1_700_000_000_000_000;
        v1::FrameDetections { captured_at_us: time, ingested_at_us: time, inferred_at_us: time, ..Default::default() }
    }

    #[test]
    fn a_frame_without_objects_is_one_row_and_no_detections() {
        let key = FrameKey { camera: "c".parse().unwrap(), session: 1, sequence: 2 };
        let (mut frames, mut detections) = (CopyRows::new(), CopyRows::new());
        encode(&key, &frame(), &mut frames, &mut detections);
        assert_eq!((frames.rows(), detections.rows()), (1, 0));
    }

    #[test]
    fn values_that_do_not_fit_their_column_are_rejected() {
        assert_eq!(check_frame(&frame()), Ok(()));
        let zero = v1::FrameDetections { model_name: "a\0b".to_owned(), ..frame() };
        assert!(check_frame(&zero).unwrap_err().contains("zero byte"));
        let late = v1::FrameDetections { inferred_at_us: i64::MAX, ..frame() };
        assert!(check_frame(&late).unwrap_err().contains("inferred_at_us"));
        let crowd = v1::FrameDetections { objects: vec![v1::DetectedObject::default(); 40_000], ..frame() };
        assert!(check_frame(&crowd).unwrap_err().contains("objects"));
        let zones = v1::FrameDetections { zone_ids: vec!["a\0".to_owned()], ..frame() };
        assert!(check_frame(&zones).unwrap_err().contains("zone_ids"));
        let zones = v1::FrameDetections { zone_ids: vec!["a".to_owned(); 2_000], ..frame() };
        assert!(check_frame(&zones).unwrap_err().contains("zone_ids"));
        let object = v1::DetectedObject { snapshot_key: "k".repeat(2_000), ..Default::default() };
        let key = v1::FrameDetections { objects: vec![object], ..frame() };
        assert!(check_frame(&key).unwrap_err().contains("snapshot_key"));
    }
}
