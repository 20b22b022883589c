//! Answers as Parquet: a table whose columns may all be null. Times are `TIMESTAMP(MICROS, UTC)`.

use std::sync::{Arc, LazyLock};

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use vru_runtime::report::chain;

use super::{Problem, accepts};

const PARQUET: &str = "application/vnd.apache.parquet";

static PROPERTIES: LazyLock<Arc<WriterProperties>> = LazyLock::new(|| {
    let level = ZstdLevel::try_new(3).expect("3 is a valid level of zstd");
    Arc::new(
        WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_created_by("vru-api".to_owned())
            .build(),
    )
});

/// Whether the client asks for it by `Accept`.
pub(crate) fn accepts_parquet(headers: &HeaderMap) -> bool {
    accepts(headers, PARQUET)
}

/// The values of a column, one for each row.
pub(crate) enum Column {
    Text(Vec<Option<String>>),
    Number(Vec<Option<i64>>),
    Real(Vec<Option<f64>>),
    /// Microseconds since 1970.
    Time(Vec<Option<i64>>),
    Truth(Vec<Option<bool>>),
}

impl Column {
    fn kind(&self, name: &str) -> String {
        match self {
            Self::Text(_) => format!("optional binary {name} (STRING);"),
            Self::Number(_) => format!("optional int64 {name};"),
            Self::Real(_) => format!("optional double {name};"),
            Self::Time(_) => format!("optional int64 {name} (TIMESTAMP(MICROS,true));"),
            Self::Truth(_) => format!("optional boolean {name};"),
        }
    }
}

/// The answer with this table, whose columns are equally long.
pub(crate) fn parquet_answer(table: &str, columns: Vec<(&str, Column)>) -> Result<Response, Problem> {
    let bytes = encode(table, columns).map_err(|error| {
        tracing::error!(table, error = %chain(&error), "cannot write an answer as Parquet");
        Problem::internal()
    })?;
    let disposition = format!("attachment; filename=\"{table}.parquet\"");
    let headers = [(header::CONTENT_TYPE, PARQUET.to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    Ok((StatusCode::OK, headers, bytes).into_response())
}

fn encode(table: &str, columns: Vec<(&str, Column)>) -> Result<Vec<u8>, ParquetError> {
    let kinds: Vec<String> = columns.iter().map(|(name, column)| column.kind(name)).collect();
    let schema = Arc::new(parse_message_type(&format!("message {table} {{ {} }}", kinds.join(" ")))?);
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, PROPERTIES.clone())?;
    let mut group = writer.next_row_group()?;
    for (_, column) in columns {
        match column {
            Column::Text(values) => {
                let bytes = values.into_iter().map(|value| value.map(|text| ByteArray::from(text.into_bytes())));
                write::<ByteArrayType>(&mut group, bytes)?;
            }
            Column::Number(values) | Column::Time(values) => write::<Int64Type>(&mut group, values.into_iter())?,
            Column::Real(values) => write::<DoubleType>(&mut group, values.into_iter())?,
            Column::Truth(values) => write::<BoolType>(&mut group, values.into_iter())?,
        }
    }
    group.close()?;
    writer.into_inner()
}

fn write<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    values: impl Iterator<Item = Option<T::T>>,
) -> Result<(), ParquetError> {
    let (mut levels, mut present) = (Vec::new(), Vec::new());
    for value in values {
        levels.push(i16::from(value.is_some()));
        present.extend(value);
    }
    let missing = || ParquetError::General("the schema has a column for each list of values".to_owned());
    let mut column = group.next_column()?.ok_or_else(missing)?;
    column.typed::<T>().write_batch(&present, Some(&levels), None)?;
    column.close()
}
