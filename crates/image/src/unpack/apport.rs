//! The core in a crash report of apport (`/var/crash/*.crash`, Ubuntu): an RFC 822 like file whose field `CoreDump` is base64.
//!
//! Each line of the field is base64 of its own, with padding; together the lines are one gzip stream, or since apport 2.25 a
//! zstd one (`problem_report.py`, `write` and `CompressedValue`).

use std::io::{self, BufRead, Read};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// How every report begins.
pub(super) const FIRST_FIELD: &[u8] = b"ProblemType:";

const FIELD: &[u8] = b"CoreDump: base64";

/// apport packs a megabyte at a time; a line is that in base64.
const LINE_LIMIT: u64 = 16 << 20;

/// The bytes of the field `CoreDump`, packed as they are.
pub(super) struct CoreField<R> {
    report: R,
    is_in_field: bool,
    line: Vec<u8>,
    bytes: Vec<u8>,
    /// Bytes of `bytes` that were handed out.
    given: usize,
}

impl<R: BufRead> CoreField<R> {
    pub(super) fn new(report: R) -> CoreField<R> {
        CoreField { report, is_in_field: false, line: Vec::new(), bytes: Vec::new(), given: 0 }
    }

    /// Reads a line without its end; false at the end of the report.
    fn next_line(&mut self) -> io::Result<bool> {
        self.line.clear();
        let count = self.report.by_ref().take(LINE_LIMIT).read_until(b'\n', &mut self.line)?;
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
        } else if count as u64 == LINE_LIMIT {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a line of the report is too long"));
        }
        Ok(count > 0)
    }

    fn find_field(&mut self) -> io::Result<()> {
        while self.next_line()? {
            if self.line == FIELD {
                self.is_in_field = true;
                return Ok(());
            }
        }
        Err(io::Error::new(io::ErrorKind::InvalidData, "the report of apport has no core (no field CoreDump)"))
    }
}

impl<R: BufRead> Read for CoreField<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.is_in_field {
            self.find_field()?;
        }
        while self.given == self.bytes.len() {
            if !self.next_line()? {
                return Ok(0);
            }
            // Lines of the field are indented; the next field's name is not.
            let Some(text) = self.line.strip_prefix(b" ") else { return Ok(0) };
            self.bytes.clear();
            self.given = 0;
            BASE64_STANDARD.decode_vec(text, &mut self.bytes).map_err(io::Error::other)?;
        }
        let rest = self.bytes.get(self.given..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        let (now, _) = rest.split_at(count);
        buffer.get_mut(..count).unwrap_or_default().copy_from_slice(now);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn field(report: &str) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        CoreField::new(report.as_bytes()).read_to_end(&mut bytes).map(|_| bytes)
    }

    #[test]
    fn lines_of_the_field_are_joined_and_what_follows_is_left() {
        let report = "ProblemType: Crash\nProcMaps:\n a b\nCoreDump: base64\n aGU=\n bGxv\nTags: none\n eHg=\n";
        assert_eq!(field(report).unwrap(), b"hello");
        assert_eq!(field("ProblemType: Crash\nCoreDump: base64\n aGVsbG8=").unwrap(), b"hello");
    }

    #[test]
    fn a_report_without_a_core_is_an_error() {
        assert!(field("ProblemType: Bug\nTags: none\n").is_err());
        assert!(field("ProblemType: Crash\nCoreDump: base64\n a!b\n").is_err());
    }
}
