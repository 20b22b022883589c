//! Takes the rows of one camera and range out of a Parquet object with the detections of many, whatever its columns are.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Compression, ZstdLevel};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{
    BoolType, ByteArrayType, DataType, DoubleType, FixedLenByteArrayType, FloatType, Int32Type, Int64Type, Int96Type,
};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader as _, RowGroupReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};

/// An object without some of its rows.
#[derive(Debug)]
pub(super) struct Rest {
    pub(super) removed: i64,
    /// `None`: no row is left.
    pub(super) object: Option<Bytes>,
}

/// `None` if no row is the camera's in this range of capture time, in microseconds.
pub(super) fn without(object: Bytes, camera: &str, range_us: &Range<i64>) -> Result<Option<Rest>, ParquetError> {
    let reader = SerializedFileReader::new(object)?;
    let file = reader.metadata().file_metadata();
    let schema = file.schema_descr();
    let columns = schema.num_columns();
    let column = |name: &str| {
        let found = (0..columns).find(|&index| schema.column(index).path().string() == name);
        found.ok_or_else(|| ParquetError::General(format!("column `{name}` is missing")))
    };
    let (camera_column, time_column) = (column("camera_id")?, column("captured_at")?);
    if (0..columns).any(|index| schema.column(index).max_rep_level() > 0 || schema.column(index).max_def_level() > 1) {
        return Err(ParquetError::General("a column is nested".to_owned()));
    }
    let mut keeps = Vec::new();
    for index in 0..reader.num_row_groups() {
        keeps.push(keep(&*reader.get_row_group(index)?, (camera_column, time_column), camera, range_us)?);
    }
    let removed = keeps.iter().flatten().filter(|&&kept| !kept).count();
    if removed == 0 {
        return Ok(None);
    }
    if !keeps.iter().flatten().any(|&kept| kept) {
        return Ok(Some(Rest { removed: removed as i64, object: None }));
    }
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_created_by(file.created_by().unwrap_or("vru-sink").to_owned())
        .set_key_value_metadata(file.key_value_metadata().cloned())
        .build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema.root_schema_ptr(), Arc::new(properties))?;
    for (index, keep) in keeps.iter().enumerate().filter(|(_, keep)| keep.contains(&true)) {
        let group = reader.get_row_group(index)?;
        let mut out = writer.next_row_group()?;
        for column in 0..columns {
            let optional = schema.column(column).max_def_level() > 0;
            copy(group.get_column_reader(column)?, &mut out, keep, optional)?;
        }
        out.close()?;
    }
    Ok(Some(Rest { removed: removed as i64, object: Some(writer.into_inner()?.into()) }))
}

/// For each row of the group, whether it stays.
fn keep(
    group: &dyn RowGroupReader,
    (camera_column, time_column): (usize, usize),
    camera: &str,
    range_us: &Range<i64>,
) -> Result<Vec<bool>, ParquetError> {
    let rows = group.metadata().num_rows() as usize;
    let wrong = |name: &str| ParquetError::General(format!("column `{name}` has another type"));
    let ColumnReader::ByteArrayColumnReader(cameras) = group.get_column_reader(camera_column)? else {
        return Err(wrong("camera_id"));
    };
    let ColumnReader::Int64ColumnReader(times) = group.get_column_reader(time_column)? else {
        return Err(wrong("captured_at"));
    };
    let (cameras, _) = read(cameras, rows, false)?;
    let (times, _) = read(times, rows, false)?;
    let of_range = |(found, time): (&parquet::data_type::ByteArray, &i64)| {
        found.data() == camera.as_bytes() && range_us.contains(time)
    };
    Ok(cameras.iter().zip(&times).map(|row| !of_range(row)).collect())
}

/// The values that are not null, and for each row whether its value is one of them.
fn read<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    rows: usize,
    optional: bool,
) -> Result<(Vec<T::T>, Vec<i16>), ParquetError> {
    let (mut values, mut levels, mut read) = (Vec::new(), Vec::new(), 0);
    while read < rows {
        let (records, _, _) = reader.read_records(rows - read, optional.then_some(&mut levels), None, &mut values)?;
        if records == 0 {
            return Err(ParquetError::EOF("a column has fewer values than its group has rows".to_owned()));
        }
        read += records;
    }
    if !optional && values.len() != rows {
        return Err(ParquetError::General("a column without nulls has fewer values than rows".to_owned()));
    }
    Ok((values, levels))
}

fn copy(
    reader: ColumnReader,
    out: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    keep: &[bool],
    optional: bool,
) -> Result<(), ParquetError> {
    match reader {
        ColumnReader::BoolColumnReader(reader) => copy_column::<BoolType>(reader, out, keep, optional),
        ColumnReader::Int32ColumnReader(reader) => copy_column::<Int32Type>(reader, out, keep, optional),
        ColumnReader::Int64ColumnReader(reader) => copy_column::<Int64Type>(reader, out, keep, optional),
        ColumnReader::Int96ColumnReader(reader) => copy_column::<Int96Type>(reader, out, keep, optional),
        ColumnReader::FloatColumnReader(reader) => copy_column::<FloatType>(reader, out, keep, optional),
        ColumnReader::DoubleColumnReader(reader) => copy_column::<DoubleType>(reader, out, keep, optional),
        ColumnReader::ByteArrayColumnReader(reader) => copy_column::<ByteArrayType>(reader, out, keep, optional),
        ColumnReader::FixedLenByteArrayColumnReader(reader) => {
            copy_column::<FixedLenByteArrayType>(reader, out, keep, optional)
        }
    }
}

fn copy_column<T: DataType>(
    reader: ColumnReaderImpl<T>,
    out: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    keep: &[bool],
    optional: bool,
) -> Result<(), ParquetError> {
    let (values, levels) = read(reader, keep.len(), optional)?;
    let present = |row: usize| levels.get(row).is_none_or(|&level| level > 0);
    let mut values = values.into_iter();
    let (mut kept_values, mut kept_levels) = (Vec::new(), Vec::new());
    for (row, &kept) in keep.iter().enumerate() {
        let value = if present(row) { values.next() } else { None };
        if kept {
            kept_levels.push(i16::from(value.is_some()));
            kept_values.extend(value);
        }
    }
    let missing = || ParquetError::General("a row has too few columns".to_owned());
    let mut column = out.next_column()?.ok_or_else(missing)?;
    column.typed::<T>().write_batch(&kept_values, optional.then_some(&kept_levels[..]), None)?;
    column.close()
}
