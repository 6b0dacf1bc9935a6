//! Columns of a row group, encoded in memory: any number at a time.
//!
//! Pages are compressed here: the codec of the `parquet` crate for zstd is C's.

use super::schema::{Column, Kind};
use super::values::{Numbers, Values};
use bytes::Bytes;
use parquet::basic::{Compression, ZstdLevel};
use parquet::column::page::{CompressedPage, Page, PageWriteSpec, PageWriter};
use parquet::column::writer::{ColumnCloseResult, ColumnWriter, get_column_writer};
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterPropertiesPtr;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;
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

/// Texts that are handed on at once.
const TEXTS_AT_ONCE: usize = 4096;

/// A column of a row group as it stands in the file.
pub(super) struct Encoded {
    pub(super) bytes: Bytes,
    pub(super) closed: ColumnCloseResult,
}

/// Encodes the values of a column; `texts` has those that they name.
pub(super) fn encode(
    values: &Values,
    texts: &[ByteArray],
    (descriptor, properties): (ColumnDescPtr, WriterPropertiesPtr),
    codec: Codec,
) -> Result<Encoded, ParquetError> {
    let mut sink = TrackedWrite::new(Vec::new());
    let pages: Box<dyn PageWriter + '_> = match codec {
        Codec::Zstd => Box::new(ZstdPages(SerializedPageWriter::new(&mut sink))),
        Codec::Plain => Box::new(SerializedPageWriter::new(&mut sink)),
    };
    let mut writer = get_column_writer(descriptor, properties, pages);
    write(&mut writer, values, texts)?;
    let mut closed = writer.close()?;
    if codec == Codec::Zstd {
        let level = Compression::ZSTD(ZstdLevel::try_new(1)?);
        closed.metadata = closed.metadata.into_builder().set_compression(level).build()?;
    }
    Ok(Encoded { bytes: sink.into_inner()?.into(), closed })
}

fn write(writer: &mut ColumnWriter<'_>, values: &Values, texts: &[ByteArray]) -> Result<(), ParquetError> {
    let levels = values.levels();
    match (writer, values.numbers()) {
        (ColumnWriter::Int64ColumnWriter(writer), Numbers::Wide(numbers)) => {
            writer.write_batch(numbers, levels, None)?;
        }
        (ColumnWriter::Int32ColumnWriter(writer), Numbers::Narrow(numbers)) => {
            writer.write_batch(numbers, levels, None)?;
        }
        (ColumnWriter::BoolColumnWriter(writer), Numbers::Flags(flags)) => {
            writer.write_batch(flags, levels, None)?;
        }
        (ColumnWriter::ByteArrayColumnWriter(writer), Numbers::Texts(numbers)) => {
            let text = |number: &u32| texts.get(*number as usize).cloned().unwrap_or_else(|| ByteArray::from(""));
            // Levels of one batch belong to its values, so they go in the same steps.
            for (rows, present) in values.steps(TEXTS_AT_ONCE) {
                let batch: Vec<ByteArray> = numbers[present].iter().map(text).collect();
                writer.write_batch(&batch, levels.map(|levels| &levels[rows]), None)?;
            }
        }
        _ => return Err(ParquetError::General("a column of another type".to_owned())),
    }
    Ok(())
}

/// Compresses what comes as it is.
struct ZstdPages<'s>(SerializedPageWriter<'s, Vec<u8>>);

impl PageWriter for ZstdPages<'_> {
    fn write_page(&mut self, page: CompressedPage) -> Result<PageWriteSpec, ParquetError> {
        let plain = page.uncompressed_size();
        let mut page = page.compressed_page().clone();
        match &mut page {
            Page::DataPage { buf, .. } | Page::DictionaryPage { buf, .. } => {
                *buf = compress_to_vec(&buf[..], CompressionLevel::from_level(1)).into();
            }
            // Levels of these stand before what is compressed; they are not asked for.
            Page::DataPageV2 { .. } => return Err(ParquetError::General("a page of version 2".to_owned())),
        }
        self.0.write_page(CompressedPage::new(page, plain))
    }

    fn close(&mut self) -> Result<(), ParquetError> {
        self.0.close()
    }
}

/// How a column is encoded: neighbouring addresses by what they differ, all else by a dictionary as long as that is small.
pub(super) fn is_by_differences(column: &Column) -> bool {
    column.kind == Kind::Address
}
