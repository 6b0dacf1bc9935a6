//! One table: rows come one by one, and go out in groups.

use super::pages::{Codec, ColumnEncoder};
use super::schema::{CORE_ID, Column, Kind, SCHEMA, Table};
use super::texts::Texts;
use super::values::{Cell, Values};
use crate::ExportError;
use goheap_model::{Claim, Observer};
use parquet::basic::{Encoding, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnDescPtr, ColumnPath, Type, TypePtr};
use rayon::prelude::*;
use std::io::Write;
use std::sync::Arc;

/// Rows of a group: what readers hand to their threads one by one.
const GROUP: usize = 1 << 18;
/// Rows that are encoded together: their values fit the processor's caches.
const BATCH: usize = 1 << 13;

/// A table that is being written.
///
/// # Overhead
/// The encoded columns of a group of at most 2^18 rows, five bytes a text in it, and each different text once.
pub(super) struct TableWriter<'o, W: Write + Send> {
    table: &'static Table,
    file: SerializedFileWriter<W>,
    columns: Vec<ColumnEncoder>,
    texts: Texts,
    /// Rows of this group.
    rows: usize,
    /// The cells of those that are not encoded yet: [`BATCH`] places for each column, one column after the other.
    waiting: Vec<Cell>,
    /// How many rows these are.
    waiting_rows: usize,
    /// Who is asked after each group of rows.
    observer: &'o dyn Observer,
}

impl<'o, W: Write + Send> TableWriter<'o, W> {
    /// An empty table of a core.
    pub(super) fn new(
        table: &'static Table,
        (core_id, codec): (&str, Codec),
        out: W,
        observer: &'o dyn Observer,
    ) -> Result<Self, ExportError> {
        let file = SerializedFileWriter::new(out, schema(table)?, Arc::new(properties(table))).map_err(failure)?;
        let descriptors = file.schema_descr().columns().iter();
        let encoder = |(column, descriptor): (&Column, &ColumnDescPtr)| {
            ColumnEncoder::new(Values::new(column), Arc::clone(descriptor), Arc::clone(file.properties()), codec)
        };
        let columns = columns(table).zip(descriptors).map(encoder).collect();
        let mut texts = Texts::default();
        let core_id = Cell::small(texts.number(core_id));
        // Cells of the core's own column stay as they are.
        let waiting = vec![core_id; BATCH * (table.columns.len() + 1)];
        Ok(TableWriter { table, file, columns, texts, rows: 0, waiting, waiting_rows: 0, observer })
    }

    /// A text as a value.
    pub(super) fn text(&mut self, text: &str) -> Cell {
        Cell::small(self.texts.number(text))
    }

    /// One that may be missing: empty ones are.
    pub(super) fn text_or_none(&mut self, text: Option<&str>) -> Cell {
        text.filter(|text| !text.is_empty()).map_or(Cell::MISSING, |text| self.text(text))
    }

    /// Adds a row: values of all columns but that of the core.
    pub(super) fn row<const N: usize>(&mut self, cells: [Cell; N]) -> Result<(), ExportError> {
        if self.columns.len() != N + 1 {
            return Err(ExportError::Rows { table: self.table.name, why: format!("{N} values in a row") });
        }
        let places = self.waiting[BATCH + self.waiting_rows..].iter_mut().step_by(BATCH);
        places.zip(cells).for_each(|(place, cell)| *place = cell);
        (self.rows, self.waiting_rows) = (self.rows + 1, self.waiting_rows + 1);
        if self.rows >= GROUP {
            self.flush()?;
            self.observer.claim(Claim::default())?;
        } else if self.waiting_rows == BATCH {
            self.advance()?;
        }
        Ok(())
    }

    /// Each column takes its cells.
    fn advance(&mut self) -> Result<(), ExportError> {
        let rows = std::mem::take(&mut self.waiting_rows);
        let columns = self.columns.par_iter_mut().zip(self.waiting.par_chunks(BATCH));
        let advanced = columns.map(|(column, cells)| column.advance(&cells[..rows]));
        advanced.collect::<Result<(), ParquetError>>().map_err(|error| self.of_value(error))?;
        Ok(())
    }

    fn of_value(&self, error: ParquetError) -> ExportError {
        match error {
            ParquetError::General(why) => ExportError::Rows { table: self.table.name, why },
            other => failure(other),
        }
    }

    fn flush(&mut self) -> Result<(), ExportError> {
        self.advance()?;
        let texts = &self.texts;
        let encoded: Result<Vec<_>, ParquetError> =
            self.columns.par_iter_mut().map(|column| column.finish(texts)).collect();
        let mut group = self.file.next_row_group().map_err(failure)?;
        for column in encoded.map_err(failure)? {
            group.append_column(&column.bytes, column.closed).map_err(failure)?;
        }
        group.close().map_err(failure)?;
        self.rows = 0;
        Ok(())
    }

    /// Writes what is left, and the end of the file.
    pub(super) fn finish(mut self) -> Result<(), ExportError> {
        if self.rows > 0 {
            self.flush()?;
        }
        self.file.finish().map_err(failure)?;
        self.file.flush().map_err(ExportError::Write)
    }
}

/// What the library says, where the file itself does not say it.
fn failure(error: ParquetError) -> ExportError {
    match error {
        ParquetError::External(source) => match source.downcast::<std::io::Error>() {
            Ok(source) => ExportError::Write(*source),
            Err(other) => ExportError::Write(std::io::Error::other(other)),
        },
        other => ExportError::Write(std::io::Error::other(other)),
    }
}

fn columns(table: &'static Table) -> impl Iterator<Item = &'static Column> {
    std::iter::once(&CORE_ID).chain(table.columns)
}

/// The columns as the file has them.
fn schema(table: &'static Table) -> Result<TypePtr, ExportError> {
    let fields: Result<Vec<TypePtr>, ParquetError> = columns(table).map(|column| field(column).map(Arc::new)).collect();
    let group = Type::group_type_builder(table.name).with_fields(fields.map_err(failure)?).build();
    Ok(Arc::new(group.map_err(failure)?))
}

fn field(column: &Column) -> Result<Type, ParquetError> {
    let (physical, logical) = match column.kind {
        Kind::Number | Kind::Address => (Physical::INT64, None),
        Kind::Small => (Physical::INT32, None),
        Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Flag => (Physical::BOOLEAN, None),
        Kind::Time => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS))),
    };
    let repetition = if column.is_optional { Repetition::OPTIONAL } else { Repetition::REQUIRED };
    Type::primitive_type_builder(column.name, physical).with_logical_type(logical).with_repetition(repetition).build()
}

/// How columns are encoded. Pages are as long as a group: readers go by groups, and each page is a frame of zstd.
fn properties(table: &'static Table) -> WriterProperties {
    let schema = KeyValue::new("goheap.schema_version".to_owned(), SCHEMA.to_string());
    let mut properties = WriterProperties::builder()
        .set_created_by(format!("goheap {}", env!("CARGO_PKG_VERSION")))
        .set_key_value_metadata(Some(vec![schema]))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .set_data_page_row_count_limit(GROUP)
        .set_max_row_group_row_count(Some(GROUP));
    for column in columns(table).filter(|column| column.kind == Kind::Address) {
        let path = ColumnPath::from(column.name);
        properties = properties
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
    }
    properties.build()
}
