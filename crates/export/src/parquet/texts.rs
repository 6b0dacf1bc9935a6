//! Texts, each kept once, and columns of them: a dictionary and numbers into it.
//!
//! The `parquet` crate hashes every value to find it in its dictionary. A text of ours has a number already.

use super::hybrid::{pack, width_of};
use super::pages::{Codec, Encoded, PageSink};
use foldhash::HashMap;
use parquet::basic::Encoding;
use parquet::column::page::Page;
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::statistics::Statistics;
use parquet::schema::types::ColumnDescPtr;
use std::sync::Arc;

/// Longest text that is written whole: what follows is cut off, and three points say so. Names of the dead process may be made up.
const LONGEST: usize = 1 << 20;
/// Longer ones are not told as a column's least or greatest.
const LONGEST_BOUND: usize = 64;

/// Different texts by number.
#[derive(Debug, Default)]
pub(super) struct Texts {
    all: Vec<Arc<str>>,
    by_text: HashMap<Arc<str>, u32>,
}

impl Texts {
    /// The number of a text, which it may get now.
    pub(super) fn number(&mut self, text: &str) -> u32 {
        let cut = cut(text);
        let text = cut.as_deref().unwrap_or(text);
        if let Some(&number) = self.by_text.get(text) {
            return number;
        }
        let (number, text) = (self.all.len() as u32, Arc::<str>::from(text));
        self.all.push(Arc::clone(&text));
        self.by_text.insert(text, number);
        number
    }

    fn get(&self, number: u32) -> &str {
        self.all.get(number as usize).map_or("", |text| text)
    }
}

/// A text that is too long, cut.
fn cut(text: &str) -> Option<String> {
    let end = (text.len() > LONGEST).then(|| text.floor_char_boundary(LONGEST))?;
    Some(format!("{}...", &text[..end]))
}

/// A column of texts of a group of rows.
#[derive(Debug, Default)]
pub(super) struct TextColumn {
    /// The texts of this group, by their place in its dictionary.
    dictionary: Vec<u32>,
    /// One more than the place of each text; 0 of those that are not in it.
    places: Vec<u32>,
    /// Places of the values that are there.
    values: Vec<u32>,
    /// Of each row, 1 where it has a value.
    levels: Vec<u32>,
}

impl TextColumn {
    /// Adds values by their numbers; `levels` are None where each row has one.
    pub(super) fn extend(&mut self, numbers: &[u32], levels: Option<&[i16]>) {
        for &number in numbers {
            if self.places.len() <= number as usize {
                self.places.resize(number as usize + 1, 0);
            }
            let place = &mut self.places[number as usize];
            if *place == 0 {
                self.dictionary.push(number);
                *place = self.dictionary.len() as u32;
            }
            self.values.push(*place - 1);
        }
        self.levels.extend(levels.unwrap_or_default().iter().map(|&level| u32::from(level > 0)));
    }

    /// The column as it stands in the file. Empty again.
    pub(super) fn finish(
        &mut self,
        texts: &Texts,
        descriptor: ColumnDescPtr,
        codec: Codec,
    ) -> Result<Encoded, ParquetError> {
        let mut sink = PageSink::new(codec);
        let (rows, bounds) = (self.levels.len().max(self.values.len()), self.bounds(texts));
        let mut words = Vec::new();
        for &number in &self.dictionary {
            let text = texts.get(number).as_bytes();
            words.extend_from_slice(&(text.len() as u32).to_le_bytes());
            words.extend_from_slice(text);
        }
        let num_values = self.dictionary.len() as u32;
        let page = Page::DictionaryPage { buf: words.into(), num_values, encoding: Encoding::PLAIN, is_sorted: false };
        let dictionary = sink.put(page)?;
        let buf = self.page(descriptor.max_def_level() > 0).into();
        let data = sink.put(Page::DataPage {
            buf,
            num_values: rows as u32,
            encoding: Encoding::RLE_DICTIONARY,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        })?;
        let bytes = sink.into_bytes();
        let nulls = Some((rows - self.values.len()) as u64);
        let [least, greatest] = bounds.map(|bound| bound.map(ByteArray::from));
        let metadata = ColumnChunkMetaData::builder(descriptor)
            .set_compression(codec.compression()?)
            .set_encodings(vec![Encoding::PLAIN, Encoding::RLE, Encoding::RLE_DICTIONARY])
            .set_num_values(rows as i64)
            .set_total_compressed_size(bytes.len() as i64)
            .set_total_uncompressed_size((dictionary.uncompressed_size + data.uncompressed_size) as i64)
            .set_dictionary_page_offset(Some(0))
            .set_data_page_offset(dictionary.bytes_written as i64)
            .set_statistics(Statistics::byte_array(least, greatest, None, nulls, false))
            .build()?;
        self.clear();
        let closed = ColumnCloseResult {
            bytes_written: bytes.len() as u64,
            rows_written: rows as u64,
            metadata,
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        };
        Ok(Encoded { bytes, closed })
    }

    /// The contents of the data page.
    fn page(&self, is_optional: bool) -> Vec<u8> {
        let mut page = Vec::new();
        if is_optional {
            page.extend_from_slice(&[0; 4]);
            pack(&self.levels, 1, &mut page);
            let len = (page.len() - 4) as u32;
            page[..4].copy_from_slice(&len.to_le_bytes());
        }
        let width = width_of(self.dictionary.len());
        page.push(width as u8);
        pack(&self.values, width, &mut page);
        page
    }

    /// The least and the greatest text, where both are short.
    fn bounds<'t>(&self, texts: &'t Texts) -> [Option<&'t str>; 2] {
        let all = || self.dictionary.iter().map(|&number| texts.get(number));
        let bounds = [all().min(), all().max()];
        if bounds.iter().flatten().all(|bound| bound.len() <= LONGEST_BOUND) { bounds } else { [None, None] }
    }

    fn clear(&mut self) {
        for &number in &self.dictionary {
            self.places[number as usize] = 0;
        }
        self.dictionary.clear();
        self.values.clear();
        self.levels.clear();
    }
}
