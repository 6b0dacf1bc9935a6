//! The strings of a snapshot, each once, and how JSON writes them.

use crate::ExportError;
use foldhash::HashMap;
use std::io::Write;

/// The number of a string of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StringId(pub(super) u32);

/// What the format's name is in errors.
pub(super) const FORMAT: &str = "a heap snapshot";

/// Readers keep the numbers of strings as signed numbers of 32 bits.
const MOST_STRINGS: usize = i32::MAX as usize;

/// Strings by number, the empty one first.
///
/// # Overhead
/// Each text twice, and some 60 bytes.
#[derive(Debug)]
pub(super) struct Strings {
    texts: Vec<Box<str>>,
    by_text: HashMap<Box<str>, StringId>,
}

impl Strings {
    pub(super) fn new() -> Self {
        let by_text = std::iter::once(("".into(), StringId(0))).collect();
        Strings { texts: vec!["".into()], by_text }
    }

    /// The number of a text.
    ///
    /// # Errors
    /// [`ExportError::TooMany`]
    pub(super) fn id(&mut self, text: &str) -> Result<StringId, ExportError> {
        if let Some(&id) = self.by_text.get(text) {
            return Ok(id);
        }
        let found = self.texts.len();
        if found >= MOST_STRINGS {
            let (most, found) = (MOST_STRINGS as u64, found as u64 + 1);
            return Err(ExportError::TooMany { format: FORMAT, what: "strings", most, found });
        }
        let id = StringId(found as u32);
        self.texts.push(text.into());
        self.by_text.insert(text.into(), id);
        Ok(id)
    }

    /// Writes them as a JSON array, one a line.
    pub(super) fn write(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let mut line = Vec::new();
        for (place, text) in self.texts.iter().enumerate() {
            line.clear();
            line.extend_from_slice(if place == 0 { b"[" } else { b",\n" });
            push_json(&mut line, text);
            out.write_all(&line)?;
        }
        out.write_all(b"]")
    }
}

/// Adds a text with quotes; control characters as numbers, all others as they are.
pub(super) fn push_json(line: &mut Vec<u8>, text: &str) {
    line.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => line.extend_from_slice(&[b'\\', byte]),
            0..0x20 => line.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => line.push(byte),
        }
    }
    line.push(b'"');
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn any_text_is_read_as_it_was() {
        let texts = ["", "a\"b\\c", "\0\n\t\u{1f}\u{7f}", "ä\u{2028}日", "[]uint8", &"x".repeat(100_000)];
        let mut strings = Strings::new();
        for (place, text) in texts.iter().enumerate() {
            assert_eq!(strings.id(text).unwrap(), StringId(place as u32));
            assert_eq!(strings.id(text).unwrap(), StringId(place as u32));
        }
        let mut written = Vec::new();
        strings.write(&mut written).unwrap();
        assert_eq!(serde_json::from_slice::<Vec<String>>(&written).unwrap(), texts);
    }
}
