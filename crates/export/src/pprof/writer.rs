//! A profile written as it goes: only its names are kept.

use super::wire::Message;
use crate::ExportError;
use flate2::Compression;
use flate2::write::GzEncoder;
use foldhash::HashMap;
use std::io::{BufWriter, Write};

/// Fields of `Profile`.
mod field {
    pub(super) const SAMPLE_TYPE: u64 = 1;
    pub(super) const SAMPLE: u64 = 2;
    pub(super) const MAPPING: u64 = 3;
    pub(super) const LOCATION: u64 = 4;
    pub(super) const FUNCTION: u64 = 5;
    pub(super) const STRING: u64 = 6;
    pub(super) const TIME: u64 = 9;
    pub(super) const DURATION: u64 = 10;
    pub(super) const PERIOD_TYPE: u64 = 11;
    pub(super) const PERIOD: u64 = 12;
    pub(super) const COMMENT: u64 = 13;
    pub(super) const DEFAULT_SAMPLE_TYPE: u64 = 14;
}

/// Readers count strings in an int32.
const MOST_STRINGS: u64 = i32::MAX as u64;

/// What is counted, and in which unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueType<'a> {
    /// What, such as `inuse_space`.
    pub what: &'a str,
    /// In which unit: `count`, `bytes`, `nanoseconds`.
    pub unit: &'a str,
}

/// What a profile says of itself.
#[derive(Clone, Debug, Default)]
pub struct Header<'a> {
    /// What each number of a sample is.
    pub sample_types: Vec<ValueType<'a>>,
    /// The one that is shown first; the last where none is named.
    pub default_sample_type: &'a str,
    /// What [`Header::period`] is.
    pub period_type: Option<ValueType<'a>>,
    /// How often a sample is taken.
    pub period: i64,
    /// When it was taken: nanoseconds since 1970; 0 where that is not known.
    pub time_nanos: i64,
    /// How long it took, in nanoseconds.
    pub duration_nanos: i64,
    /// Lines that `go tool pprof -comments` shows.
    pub comments: Vec<String>,
}

/// A file that was mapped.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mapping<'a> {
    /// Where it was mapped, from and to.
    pub addresses: (u64, u64),
    /// What of the file lies there.
    pub offset: u64,
    /// The file.
    pub file: &'a str,
    /// Its build id, in hexadecimal.
    pub build_id: &'a str,
    /// Functions, files, lines and calls that are inlined are all told: pprof need not read the file.
    pub is_told: bool,
}

/// A function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Function<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its name in the linker's table. Where it is the same as the name pprof reads that as C++ and takes out what stands in `<>`.
    pub system_name: &'a str,
    /// Its source file.
    pub file: &'a str,
    /// Where it begins.
    pub start_line: i64,
}

/// A call at a location: the innermost first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// The function, by what [`Writer::function`] gave.
    pub function: u64,
    /// The line.
    pub line: i64,
}

/// A place in code.
#[derive(Clone, Copy, Debug, Default)]
pub struct Location<'a> {
    /// The mapping, by what [`Writer::mapping`] gave; 0 for none.
    pub mapping: u64,
    /// The address.
    pub address: u64,
    /// The calls there.
    pub lines: &'a [Line],
    /// Calls of one function that call itself are here one.
    pub is_folded: bool,
}

/// A label of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label<'a> {
    /// A text.
    Text(&'a str, &'a str),
    /// A number and its unit.
    Number(&'a str, i64, &'a str),
}

/// Writes a profile. Strings are written when they are met first: `profile.proto` lets fields come in any order.
///
/// # Overhead
/// The strings, and 48 bytes each.
pub struct Writer<W: Write> {
    out: GzEncoder<BufWriter<W>>,
    strings: HashMap<Box<str>, u64>,
    functions: HashMap<(u64, u64, u64, i64), u64>,
    locations: u64,
    mappings: u64,
    /// What is put together, and a part of it.
    message: Message,
    part: Message,
}

impl<W: Write> Writer<W> {
    /// A profile that says this of itself.
    ///
    /// # Errors
    /// It could not be written.
    pub fn new(out: W, header: &Header<'_>) -> Result<Self, ExportError> {
        let mut writer = Writer {
            out: GzEncoder::new(BufWriter::new(out), Compression::fast()),
            strings: HashMap::default(),
            functions: HashMap::default(),
            locations: 0,
            mappings: 0,
            message: Message::default(),
            part: Message::default(),
        };
        // The first is the empty one, by which 0 means none.
        writer.string("")?;
        for value in &header.sample_types {
            writer.value_type(field::SAMPLE_TYPE, *value)?;
        }
        if let Some(period) = header.period_type {
            writer.value_type(field::PERIOD_TYPE, period)?;
        }
        let default = writer.string(header.default_sample_type)?;
        let mut comments = Vec::with_capacity(header.comments.len());
        for comment in &header.comments {
            comments.push(writer.string(comment)?);
        }
        let mut rest = Message::default();
        rest.signed(field::TIME, header.time_nanos);
        rest.signed(field::DURATION, header.duration_nanos);
        rest.signed(field::PERIOD, header.period);
        rest.numbers(field::COMMENT, comments.into_iter());
        rest.number(field::DEFAULT_SAMPLE_TYPE, default);
        writer.out.write_all(rest.bytes())?;
        Ok(writer)
    }

    fn value_type(&mut self, field: u64, value: ValueType<'_>) -> Result<(), ExportError> {
        let (what, unit) = (self.string(value.what)?, self.string(value.unit)?);
        self.message.clear();
        self.message.number(1, what);
        self.message.number(2, unit);
        self.put(field)
    }

    /// The number of a string.
    ///
    /// # Errors
    /// It could not be written, or there are more than readers can number.
    pub fn string(&mut self, text: &str) -> Result<u64, ExportError> {
        if let Some(&number) = self.strings.get(text) {
            return Ok(number);
        }
        let number = self.strings.len() as u64;
        if number >= MOST_STRINGS {
            return Err(ExportError::TooMany { format: "pprof", what: "names", most: MOST_STRINGS, found: number + 1 });
        }
        self.strings.insert(text.into(), number);
        self.part.clear();
        self.part.part(field::STRING, text.as_bytes());
        self.out.write_all(self.part.bytes())?;
        Ok(number)
    }

    /// The number of a file that was mapped.
    ///
    /// # Errors
    /// It could not be written.
    pub fn mapping(&mut self, mapping: &Mapping<'_>) -> Result<u64, ExportError> {
        let (file, id) = (self.string(mapping.file)?, self.string(mapping.build_id)?);
        self.mappings += 1;
        let message = &mut self.message;
        message.clear();
        let (start, limit) = mapping.addresses;
        for (field, value) in (1..).zip([self.mappings, start, limit, mapping.offset, file, id]) {
            message.number(field, value);
        }
        for field in 7..=10 {
            message.number(field, u64::from(mapping.is_told));
        }
        self.put(field::MAPPING)?;
        Ok(self.mappings)
    }

    /// The number of a function.
    ///
    /// # Errors
    /// It could not be written.
    pub fn function(&mut self, function: &Function<'_>) -> Result<u64, ExportError> {
        let (name, system) = (self.string(function.name)?, self.string(function.system_name)?);
        let key = (name, system, self.string(function.file)?, function.start_line);
        if let Some(&number) = self.functions.get(&key) {
            return Ok(number);
        }
        let number = self.functions.len() as u64 + 1;
        self.functions.insert(key, number);
        self.message.clear();
        for (field, value) in (1..).zip([number, key.0, key.1, key.2, key.3 as u64]) {
            self.message.number(field, value);
        }
        self.put(field::FUNCTION)?;
        Ok(number)
    }

    /// The number of a place in code, which is another than all before.
    ///
    /// # Errors
    /// It could not be written.
    pub fn location(&mut self, location: &Location<'_>) -> Result<u64, ExportError> {
        self.locations += 1;
        let message = &mut self.message;
        message.clear();
        message.number(1, self.locations);
        message.number(2, location.mapping);
        message.number(3, location.address);
        for line in location.lines {
            self.part.clear();
            self.part.number(1, line.function);
            self.part.signed(2, line.line);
            message.part(4, self.part.bytes());
        }
        message.number(5, u64::from(location.is_folded));
        self.put(field::LOCATION)?;
        Ok(self.locations)
    }

    /// A sample: places by number, the innermost first, and a number for each sample type.
    ///
    /// # Errors
    /// It could not be written.
    pub fn sample(
        &mut self,
        locations: impl Iterator<Item = u64> + Clone,
        values: &[i64],
        labels: &[Label<'_>],
    ) -> Result<(), ExportError> {
        let mut numbers = Vec::with_capacity(labels.len());
        for label in labels {
            numbers.push(match *label {
                Label::Text(key, text) => [self.string(key)?, self.string(text)?, 0, 0],
                Label::Number(key, number, unit) => [self.string(key)?, 0, number as u64, self.string(unit)?],
            });
        }
        self.message.clear();
        self.message.numbers(1, locations);
        self.message.numbers(2, values.iter().map(|&value| value as u64));
        for numbers in &numbers {
            self.part.clear();
            (1..).zip(numbers).for_each(|(field, &value)| self.part.number(field, value));
            self.message.part(3, self.part.bytes());
        }
        self.put(field::SAMPLE)
    }

    fn put(&mut self, field: u64) -> Result<(), ExportError> {
        self.part.clear();
        self.part.part(field, self.message.bytes());
        Ok(self.out.write_all(self.part.bytes())?)
    }

    /// Ends the profile.
    ///
    /// # Errors
    /// It could not be written.
    pub fn finish(self) -> Result<(), ExportError> {
        Ok(self.out.finish()?.flush()?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use flate2::read::GzDecoder;
    use std::io::Read;

    fn unpacked(bytes: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        GzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
        plain
    }

    #[test]
    fn a_profile_is_its_fields_in_any_order() {
        let mut out = Vec::new();
        let value = ValueType { what: "bytes", unit: "bytes" };
        let header = Header { sample_types: vec![value], period: -1, ..Header::default() };
        let mut writer = Writer::new(&mut out, &header).unwrap();
        let function = Function { name: "f", ..Function::default() };
        assert_eq!((writer.function(&function).unwrap(), writer.function(&function).unwrap()), (1, 1));
        let lines = [Line { function: 1, line: 3 }];
        let at = writer.location(&Location { lines: &lines, address: 5, ..Location::default() }).unwrap();
        writer.sample([at, at].into_iter(), &[7], &[Label::Text("k", "f"), Label::Number("bytes", 0, "")]).unwrap();
        writer.finish().unwrap();
        let expected: &[&[u8]] = &[
            &[50, 0], // ""
            &[50, 5],
            b"bytes",
            &[10, 4, 8, 1, 16, 1],
            &[96, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
            &[50, 1],
            b"f",
            &[42, 4, 8, 1, 16, 2],
            &[34, 10, 8, 1, 24, 5, 34, 4, 8, 1, 16, 3],
            &[50, 1],
            b"k",
            &[18, 17, 10, 2, 1, 1, 18, 1, 7, 26, 4, 8, 3, 16, 2, 26, 2, 8, 1],
        ];
        assert_eq!(unpacked(&out), expected.concat());
    }
}
