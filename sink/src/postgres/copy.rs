//! PostgreSQL's binary COPY format. Rows are encoded directly from the messages; tokio-postgres would need a boxed value for each
//! column.

use bytes::{BufMut as _, Bytes, BytesMut};

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// PostgreSQL stores timestamps as microseconds since 2000-01-01.
const EPOCH_2000_US: i64 = 946_684_800_000_000;

/// Encoded rows of one table.
#[derive(Debug)]
pub(crate) struct CopyRows {
    buffer: BytesMut,
    rows: u64,
}

impl CopyRows {
    pub(crate) fn new() -> Self {
        let mut buffer = BytesMut::with_capacity(64 * 1024);
        buffer.put_slice(SIGNATURE);
        // Flags, and the length of the header extension: none.
        buffer.put_i32(0);
        buffer.put_i32(0);
        Self { buffer, rows: 0 }
    }

    /// Starts a row. Exactly `columns` values must follow.
    pub(crate) fn row(&mut self, columns: i16) -> &mut Self {
        self.rows += 1;
        self.buffer.put_i16(columns);
        self
    }

    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Appends the trailer and returns the whole stream.
    pub(crate) fn finish(mut self) -> Bytes {
        self.buffer.put_i16(-1);
        self.buffer.freeze()
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.buffer.put_i32(text.len() as i32);
        self.buffer.put_slice(text.as_bytes());
        self
    }

    pub(crate) fn bool(&mut self, value: bool) -> &mut Self {
        self.buffer.put_i32(1);
        self.buffer.put_u8(u8::from(value));
        self
    }

    pub(crate) fn smallint(&mut self, value: i16) -> &mut Self {
        self.buffer.put_i32(2);
        self.buffer.put_i16(value);
        self
    }

    pub(crate) fn integer(&mut self, value: i32) -> &mut Self {
        self.buffer.put_i32(4);
        self.buffer.put_i32(value);
        self
    }

    pub(crate) fn bigint(&mut self, value: i64) -> &mut Self {
        self.buffer.put_i32(8);
        self.buffer.put_i64(value);
        self
    }

    pub(crate) fn optional_bigint(&mut self, value: Option<i64>) -> &mut Self {
        match value {
            Some(value) => self.bigint(value),
            None => self.null(),
        }
    }

    pub(crate) fn real(&mut self, value: f32) -> &mut Self {
        self.buffer.put_i32(4);
        self.buffer.put_f32(value);
        self
    }

    pub(crate) fn optional_real(&mut self, value: Option<f32>) -> &mut Self {
        match value {
            Some(value) => self.real(value),
            None => self.null(),
        }
    }

    pub(crate) fn optional_double(&mut self, value: Option<f64>) -> &mut Self {
        match value {
            Some(value) => {
                self.buffer.put_i32(8);
                self.buffer.put_f64(value);
                self
            }
            None => self.null(),
        }
    }

    /// `timestamptz`, from microseconds since the Unix epoch.
    pub(crate) fn timestamp(&mut self, unix_micros: i64) -> &mut Self {
        self.bigint(postgres_micros(unix_micros))
    }

    pub(crate) fn optional_text(&mut self, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.text(value),
            None => self.null(),
        }
    }

    /// `text[]`; null if there are none.
    pub(crate) fn optional_texts<'a>(&mut self, texts: impl ExactSizeIterator<Item = &'a str> + Clone) -> &mut Self {
        const TEXT_OID: i32 = 25;
        const HEADER: usize = 5 * 4;
        let count = texts.len();
        if count == 0 {
            return self.null();
        }
        let bytes: usize = texts.clone().map(|text| 4 + text.len()).sum();
        self.buffer.put_i32((HEADER + bytes) as i32);
        // One dimension, no nulls, the type of the elements, how many, and the first subscript.
        for number in [1, 0, TEXT_OID, count as i32, 1] {
            self.buffer.put_i32(number);
        }
        texts.fold(self, |rows, text| rows.text(text))
    }

    fn null(&mut self) -> &mut Self {
        self.buffer.put_i32(-1);
        self
    }
}

/// Converts microseconds since the Unix epoch to PostgreSQL's epoch.
fn postgres_micros(unix_micros: i64) -> i64 {
    unix_micros.saturating_sub(EPOCH_2000_US)
}

/// A `timestamptz`, as microseconds since the Unix epoch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UnixMicros(pub(crate) i64);

impl tokio_postgres::types::ToSql for UnixMicros {
    fn to_sql(
        &self,
        _: &tokio_postgres::types::Type,
        out: &mut BytesMut,
    ) -> Result<tokio_postgres::types::IsNull, Box<dyn std::error::Error + Sync + Send>> {
        out.put_i64(postgres_micros(self.0));
        Ok(tokio_postgres::types::IsNull::No)
    }

    fn accepts(wanted: &tokio_postgres::types::Type) -> bool {
        *wanted == tokio_postgres::types::Type::TIMESTAMPTZ
    }

    tokio_postgres::types::to_sql_checked!();
}

impl<'a> tokio_postgres::types::FromSql<'a> for UnixMicros {
    fn from_sql(
        _: &tokio_postgres::types::Type,
        raw: &'a [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(i64::from_be_bytes(raw.try_into()?).saturating_add(EPOCH_2000_US)))
    }

    fn accepts(found: &tokio_postgres::types::Type) -> bool {
        *found == tokio_postgres::types::Type::TIMESTAMPTZ
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_encoded_as_documented_by_postgres() {
        let mut rows = CopyRows::new();
        rows.row(3).text("ab").smallint(-2).optional_bigint(None);
        assert_eq!(rows.rows(), 1);
        let bytes = rows.finish();
        let body = [
            &[0, 3][..],
            &[0, 0, 0, 2, b'a', b'b'],
            &[0, 0, 0, 2, 0xff, 0xfe],
            &[0xff, 0xff, 0xff, 0xff],
            &[0xff, 0xff],
        ]
        .concat();
        assert_eq!(&bytes[..11], SIGNATURE);
        assert_eq!(&bytes[11..19], [0; 8]);
        assert_eq!(&bytes[19..], body);
    }

    #[test]
    fn an_array_has_its_dimension_type_and_elements_and_an_empty_one_is_null() {
        let mut rows = CopyRows::new();
        rows.row(2).optional_texts(["a", "bc"].into_iter()).optional_texts([].into_iter());
        let bytes = rows.finish();
        let body = [
            &[0, 2][..],
            &[0, 0, 0, 31],
            &[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 25, 0, 0, 0, 2, 0, 0, 0, 1],
            &[0, 0, 0, 1, b'a', 0, 0, 0, 2, b'b', b'c'],
            &[0xff, 0xff, 0xff, 0xff],
            &[0xff, 0xff],
        ]
        .concat();
        assert_eq!(&bytes[19..], body);
    }

    #[test]
    fn timestamps_count_from_the_year_2000() {
        assert_eq!(postgres_micros(946_684_800_000_001), 1);
    }
}
