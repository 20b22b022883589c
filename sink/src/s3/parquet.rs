//! Detections as Parquet: one row per object. A frame without objects has one row with `object_index` null, so that frames can
//! be counted. Times are `TIMESTAMP(MICROS, UTC)`; enumerations are text.
//!
//! The same frames give the same bytes: nothing depends on the clock, the host, or a random order.

use std::sync::{Arc, LazyLock};

use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::TypePtr;
use vru_proto::v1;

use super::segment::SegmentFrame;
use crate::error::SinkError;

/// Columns in the order in which [`encode`] writes them.
const SCHEMA: &str = "message detections {
    required binary camera_id (STRING);
    required int64 session;
    required int64 sequence;
    required int64 captured_at (TIMESTAMP(MICROS,true));
    required binary clock_source (STRING);
    required int64 ingested_at (TIMESTAMP(MICROS,true));
    required int64 inferred_at (TIMESTAMP(MICROS,true));
    required int32 source_width;
    required int32 source_height;
    required binary model_name (STRING);
    required binary model_version (STRING);
    required binary delivery (STRING);
    required int32 object_count;
    optional int32 object_index;
    optional binary class (STRING);
    optional float score;
    optional int64 track_id;
    optional binary track_state (STRING);
    optional float box_left;
    optional float box_top;
    optional float box_width;
    optional float box_height;
    optional double ground_x_m;
    optional double ground_y_m;
    required int32 kafka_partition;
    required int64 kafka_offset;
}";

static TYPE: LazyLock<TypePtr> =
    LazyLock::new(|| Arc::new(parse_message_type(SCHEMA).expect("the schema is valid; a test parses it")));
static PROPERTIES: LazyLock<Arc<WriterProperties>> = LazyLock::new(|| {
    let level = ZstdLevel::try_new(3).expect("3 is a valid level of zstd");
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(level));
    Arc::new(properties.set_created_by("vru-sink".to_owned()).build())
});

/// One row: a frame, and at most one of its objects.
#[derive(Clone, Copy)]
struct Row<'a> {
    frame: &'a SegmentFrame,
    object: Option<(usize, &'a v1::DetectedObject)>,
}

/// The content of the Parquet file with these frames.
pub(crate) fn encode(kafka_partition: i32, frames: &[&SegmentFrame]) -> Result<Vec<u8>, SinkError> {
    let rows: Vec<Row<'_>> = frames.iter().flat_map(|&frame| rows(frame)).collect();
    write(kafka_partition, &rows).map_err(|source| SinkError::Parquet { rows: rows.len(), source })
}

fn rows(frame: &SegmentFrame) -> Vec<Row<'_>> {
    let objects = &frame.detections.objects;
    if objects.is_empty() {
        return vec![Row { frame, object: None }];
    }
    objects.iter().enumerate().map(|object| Row { frame, object: Some(object) }).collect()
}

fn write(kafka_partition: i32, rows: &[Row<'_>]) -> Result<Vec<u8>, ParquetError> {
    let mut writer = SerializedFileWriter::new(Vec::new(), TYPE.clone(), PROPERTIES.clone())?;
    write_columns(Columns { group: writer.next_row_group()?, rows }, kafka_partition)?;
    writer.into_inner()
}

fn write_columns(mut group: Columns<'_, '_>, kafka_partition: i32) -> Result<(), ParquetError> {
    group.text(|row| row.frame.key.camera.as_str())?;
    group.required::<Int64Type>(|row| row.frame.key.session as i64)?;
    group.required::<Int64Type>(|row| row.frame.key.sequence as i64)?;
    group.required::<Int64Type>(|row| row.frame.detections.captured_at_us)?;
    group.text(|row| without_prefix(row.frame.detections.clock_source().as_str_name(), "CLOCK_SOURCE_"))?;
    group.required::<Int64Type>(|row| row.frame.detections.ingested_at_us)?;
    group.required::<Int64Type>(|row| row.frame.detections.inferred_at_us)?;
    group.required::<Int32Type>(|row| row.frame.detections.source_width as i32)?;
    group.required::<Int32Type>(|row| row.frame.detections.source_height as i32)?;
    group.text(|row| row.frame.detections.model_name.as_str())?;
    group.text(|row| row.frame.detections.model_version.as_str())?;
    group.text(|row| without_prefix(row.frame.detections.delivery().as_str_name(), "DELIVERY_"))?;
    group.required::<Int32Type>(|row| row.frame.detections.objects.len() as i32)?;
    group.optional::<Int32Type>(|row| row.object.map(|(index, _)| index as i32))?;
    group.optional_text(|object| without_prefix(object.class().as_str_name(), "ROAD_USER_CLASS_"))?;
    group.optional::<FloatType>(|row| row.object.map(|(_, object)| object.score))?;
    group.optional::<Int64Type>(|row| Some(row.object?.1.track_id as i64).filter(|&id| id != 0))?;
    group.optional_text(|object| without_prefix(object.track_state().as_str_name(), "TRACK_STATE_"))?;
    group.optional::<FloatType>(|row| Some(row.object?.1.r#box?.left))?;
    group.optional::<FloatType>(|row| Some(row.object?.1.r#box?.top))?;
    group.optional::<FloatType>(|row| Some(row.object?.1.r#box?.width))?;
    group.optional::<FloatType>(|row| Some(row.object?.1.r#box?.height))?;
    group.optional::<DoubleType>(|row| Some(row.object?.1.ground_position?.x_m))?;
    group.optional::<DoubleType>(|row| Some(row.object?.1.ground_position?.y_m))?;
    group.required::<Int32Type>(|_| kafka_partition)?;
    group.required::<Int64Type>(|row| row.frame.offset)?;
    group.group.close().map(drop)
}

/// Writes the columns in order.
struct Columns<'a, 'w> {
    group: SerializedRowGroupWriter<'w, Vec<u8>>,
    rows: &'a [Row<'a>],
}

impl<'a> Columns<'a, '_> {
    fn required<T: DataType>(&mut self, value: impl Fn(&Row<'a>) -> T::T) -> Result<(), ParquetError> {
        let values: Vec<T::T> = self.rows.iter().map(value).collect();
        self.column::<T>(&values, None)
    }

    fn optional<T: DataType>(&mut self, value: impl Fn(&Row<'a>) -> Option<T::T>) -> Result<(), ParquetError> {
        let all: Vec<Option<T::T>> = self.rows.iter().map(value).collect();
        let levels: Vec<i16> = all.iter().map(|value| i16::from(value.is_some())).collect();
        let values: Vec<T::T> = all.into_iter().flatten().collect();
        self.column::<T>(&values, Some(&levels))
    }

    fn text(&mut self, value: impl Fn(&Row<'a>) -> &'a str) -> Result<(), ParquetError> {
        self.required::<ByteArrayType>(|row| ByteArray::from(value(row)))
    }

    fn optional_text(&mut self, value: impl Fn(&'a v1::DetectedObject) -> &'a str) -> Result<(), ParquetError> {
        self.optional::<ByteArrayType>(|row| Some(ByteArray::from(value(row.object?.1))))
    }

    fn column<T: DataType>(&mut self, values: &[T::T], levels: Option<&[i16]>) -> Result<(), ParquetError> {
        let mut column = self.group.next_column()?.expect("the schema has a column for each value");
        column.typed::<T>().write_batch(values, levels, None)?;
        column.close()
    }
}

/// The name of an enumeration value without its prefix.
fn without_prefix<'a>(name: &'a str, prefix: &str) -> &'a str {
    name.strip_prefix(prefix).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    use parquet::record::RowAccessor as _;

    use super::*;

    fn frame(sequence: u64, objects: usize) -> SegmentFrame {
        let object = v1::DetectedObject {
            class: v1::RoadUserClass::Cyclist.into(),
            r#box: Some(v1::Box { left: 1.5, ..Default::default() }),
            ..Default::default()
        };
        let detections = v1::FrameDetections {
            captured_at_us: 1_700_000_000_000_000,
            objects: vec![object; objects],
            ..Default::default()
        };
        let key = vru_proto::FrameKey { camera: "cam".parse().unwrap(), session: 5, sequence };
        SegmentFrame { offset: sequence as i64 + 100, key, detections: Box::new(detections) }
    }

    #[test]
    fn each_object_is_a_row_and_so_is_a_frame_without_objects() {
        let frames = [frame(0, 0), frame(1, 2)];
        let bytes = encode(3, &frames.iter().collect::<Vec<_>>()).unwrap();
        let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
        let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
        let seen: Vec<(i64, Option<i32>)> =
            rows.iter().map(|row| (row.get_long(2).unwrap(), row.get_int(13).ok())).collect();
        assert_eq!(seen, [(0, None), (1, Some(0)), (1, Some(1))]);
        assert_eq!(rows[1].get_string(14).unwrap(), "CYCLIST");
        assert!(rows[1].get_long(16).is_err(), "an object without a track has no track id");
        assert_eq!(rows[2].get_long(25).unwrap(), 101);
    }

    #[test]
    fn the_same_frames_give_the_same_bytes() {
        let frames = [frame(0, 3), frame(1, 0)];
        let once = || encode(0, &frames.iter().collect::<Vec<_>>()).unwrap();
        assert_eq!(once(), once());
    }
}
