//! Columns of a group of rows, encoded in memory: any number at a time.
//!
//! Pages are compressed here: the codec of the `parquet` crate for zstd is C's.

use super::texts::{TextColumn, Texts};
use super::values::{Cell, Numbers, Values};
use bytes::Bytes;
use parquet::basic::{Compression, ZstdLevel};
use parquet::column::page::{CompressedPage, Page, PageWriteSpec, PageWriter};
use parquet::column::writer::{ColumnCloseResult, ColumnWriter, get_column_writer};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterPropertiesPtr;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;
use std::sync::{Arc, Mutex, PoisonError};
use structured_zstd::encoding::{CompressionLevel, compress_to_vec};

/// How pages are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Codec {
    /// zstd, at its fastest level.
    #[default]
    Zstd,
    /// Not at all.
    Plain,
}

impl Codec {
    /// What the file says of it.
    pub(super) fn compression(self) -> Result<Compression, ParquetError> {
        Ok(match self {
            Codec::Zstd => Compression::ZSTD(ZstdLevel::try_new(1)?),
            Codec::Plain => Compression::UNCOMPRESSED,
        })
    }
}

/// A column of a group of rows as it stands in the file.
pub(super) struct Encoded {
    pub(super) bytes: Bytes,
    pub(super) closed: ColumnCloseResult,
}

/// A column that is being encoded, some rows at a time.
pub(super) struct ColumnEncoder {
    descriptor: ColumnDescPtr,
    properties: WriterPropertiesPtr,
    codec: Codec,
    values: Values,
    texts: TextColumn,
    /// Of columns that are no texts, with what it has written.
    open: Option<(ColumnWriter<'static>, PageSink)>,
}

impl ColumnEncoder {
    pub(super) fn new(
        values: Values,
        descriptor: ColumnDescPtr,
        properties: WriterPropertiesPtr,
        codec: Codec,
    ) -> Self {
        ColumnEncoder { descriptor, properties, codec, values, texts: TextColumn::default(), open: None }
    }

    /// Encodes more rows.
    pub(super) fn advance(&mut self, cells: &[Cell]) -> Result<(), ParquetError> {
        if !self.values.take(cells) {
            return Err(ParquetError::General(format!("a value does not fit the column {}", self.descriptor.name())));
        }
        let levels = self.values.levels();
        if let Numbers::Texts(numbers) = self.values.numbers() {
            self.texts.extend(numbers, levels);
            return Ok(());
        }
        let (writer, _) = self.open.get_or_insert_with(|| {
            let sink = PageSink::new(self.codec);
            let pages = Box::new(sink.clone());
            (get_column_writer(Arc::clone(&self.descriptor), Arc::clone(&self.properties), pages), sink)
        });
        match (writer, self.values.numbers()) {
            (ColumnWriter::Int64ColumnWriter(writer), Numbers::Wide(numbers)) => {
                writer.write_batch(numbers, levels, None)?
            }
            (ColumnWriter::Int32ColumnWriter(writer), Numbers::Narrow(numbers)) => {
                writer.write_batch(numbers, levels, None)?
            }
            (ColumnWriter::BoolColumnWriter(writer), Numbers::Flags(flags)) => {
                writer.write_batch(flags, levels, None)?
            }
            _ => return Err(ParquetError::General("a column of another type".to_owned())),
        };
        Ok(())
    }

    /// Encodes the end of the column. Empty again.
    pub(super) fn finish(&mut self, texts: &Texts) -> Result<Encoded, ParquetError> {
        let Some((writer, sink)) = self.open.take() else {
            return self.texts.finish(texts, Arc::clone(&self.descriptor), self.codec);
        };
        let mut closed = writer.close()?;
        closed.metadata = closed.metadata.into_builder().set_compression(self.codec.compression()?).build()?;
        Ok(Encoded { bytes: sink.into_bytes(), closed })
    }
}

/// The pages of a column, compressed one by one.
#[derive(Clone)]
pub(super) struct PageSink {
    codec: Codec,
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl PageSink {
    pub(super) fn new(codec: Codec) -> Self {
        PageSink { codec, bytes: Arc::default() }
    }

    /// Adds a page that is not compressed.
    pub(super) fn put(&mut self, mut page: Page) -> Result<PageWriteSpec, ParquetError> {
        let plain = page.buffer().len();
        match (self.codec, &mut page) {
            (Codec::Plain, _) => {}
            (Codec::Zstd, Page::DataPage { buf, .. } | Page::DictionaryPage { buf, .. }) => {
                *buf = compress_to_vec(&buf[..], CompressionLevel::from_level(1)).into();
            }
            // Levels of these stand before what is compressed; they are not asked for.
            (Codec::Zstd, Page::DataPageV2 { .. }) => {
                return Err(ParquetError::General("a page of version 2".to_owned()));
            }
        }
        let mut written = TrackedWrite::new(Vec::new());
        let mut spec = SerializedPageWriter::new(&mut written).write_page(CompressedPage::new(page, plain))?;
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        spec.offset += bytes.len() as u64;
        bytes.extend_from_slice(&written.into_inner()?);
        Ok(spec)
    }

    /// All pages.
    pub(super) fn into_bytes(self) -> Bytes {
        std::mem::take(&mut *self.bytes.lock().unwrap_or_else(PoisonError::into_inner)).into()
    }
}

impl PageWriter for PageSink {
    fn write_page(&mut self, page: CompressedPage) -> Result<PageWriteSpec, ParquetError> {
        self.put(page.compressed_page().clone())
    }

    fn close(&mut self) -> Result<(), ParquetError> {
        Ok(())
    }
}
