//! One table: rows come one by one, and go out in groups.

use super::pages::{Codec, encode, is_by_differences};
use super::schema::{CORE_ID, Column, Kind, SCHEMA, Table};
use super::values::{Cell, Values};
use crate::ExportError;
use parquet::basic::{Encoding, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnPath, Type, TypePtr};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::io::Write;
use std::sync::Arc;

/// Rows of a group: what readers hand to their threads one by one, and what is held in memory until it is written.
const GROUP: usize = 1 << 18;
/// Longest text that is written whole: what follows is cut off, and three points say so. Names of the dead process may be made up.
const LONGEST: usize = 1 << 20;

/// A table that is being written.
///
/// # Overhead
/// Up to ten bytes a value of a group, of as many rows as 2^18, its encoded columns, and each different text once.
pub(super) struct TableWriter<W: Write + Send> {
    table: &'static Table,
    file: SerializedFileWriter<W>,
    codec: Codec,
    values: Vec<Values>,
    core_id: u32,
    rows: usize,
    texts: Vec<ByteArray>,
    by_text: FxHashMap<Box<str>, u32>,
}

impl<W: Write + Send> TableWriter<W> {
    /// An empty table of a core.
    pub(super) fn new(table: &'static Table, core_id: &str, codec: Codec, out: W) -> Result<Self, ExportError> {
        let file = SerializedFileWriter::new(out, schema(table)?, Arc::new(properties(table))).map_err(failure)?;
        let values = columns(table).map(Values::new).collect();
        let (texts, by_text) = (Vec::new(), FxHashMap::default());
        let mut writer = TableWriter { table, file, codec, values, core_id: 0, rows: 0, texts, by_text };
        writer.core_id = writer.number(core_id);
        Ok(writer)
    }

    /// A text as a value.
    pub(super) fn text(&mut self, text: &str) -> Cell {
        Cell::Text(self.number(text))
    }

    /// One that may be missing: empty ones are.
    pub(super) fn text_or_none(&mut self, text: Option<&str>) -> Cell {
        text.filter(|text| !text.is_empty()).map_or(Cell::Missing, |text| self.text(text))
    }

    fn number(&mut self, text: &str) -> u32 {
        let cut = cut(text);
        let text = cut.as_deref().unwrap_or(text);
        if let Some(&number) = self.by_text.get(text) {
            return number;
        }
        let number = self.texts.len() as u32;
        self.texts.push(ByteArray::from(text));
        self.by_text.insert(text.into(), number);
        number
    }

    /// Adds a row: values of all columns but that of the core. True when a group was written.
    pub(super) fn row<const N: usize>(&mut self, cells: [Cell; N]) -> Result<bool, ExportError> {
        let mut fits = self.values.len() == N + 1;
        let all = std::iter::once(Cell::Text(self.core_id)).chain(cells);
        for (values, cell) in self.values.iter_mut().zip(all) {
            fits &= values.push(cell);
        }
        if !fits {
            return Err(ExportError::Rows { table: self.table.name, why: "a value does not fit its column".to_owned() });
        }
        self.rows += 1;
        if self.rows < GROUP {
            return Ok(false);
        }
        self.flush()?;
        Ok(true)
    }

    fn flush(&mut self) -> Result<(), ExportError> {
        let (texts, codec) = (&self.texts, self.codec);
        let descriptors = self.file.schema_descr().columns().to_vec();
        let properties = self.file.properties();
        let encoded: Result<Vec<_>, ParquetError> = self
            .values
            .par_iter()
            .zip(descriptors)
            .map(|(values, descriptor)| encode(values, texts, (descriptor, Arc::clone(properties)), codec))
            .collect();
        let mut group = self.file.next_row_group().map_err(failure)?;
        for column in encoded.map_err(failure)? {
            group.append_column(&column.bytes, column.closed).map_err(failure)?;
        }
        group.close().map_err(failure)?;
        self.values.iter_mut().for_each(Values::clear);
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

/// A text that is too long, cut.
fn cut(text: &str) -> Option<String> {
    let end = (text.len() > LONGEST).then(|| text.floor_char_boundary(LONGEST))?;
    Some(format!("{}...", &text[..end]))
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
    Type::primitive_type_builder(column.name, physical)
        .with_logical_type(logical)
        .with_repetition(repetition)
        .build()
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
    for column in columns(table).filter(|column| is_by_differences(column)) {
        let path = ColumnPath::from(column.name);
        properties = properties
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
    }
    properties.build()
}
