//! An array of numbers, a row a line.

use crate::BUFFER;
use std::io::{self, Write};

/// A member of the file that is an array of numbers.
pub(super) struct Rows<'o> {
    out: &'o mut dyn Write,
    buffer: Vec<u8>,
    is_first: bool,
}

impl<'o> Rows<'o> {
    pub(super) fn begin(out: &'o mut dyn Write, name: &str) -> io::Result<Self> {
        write!(out, "\"{name}\":[")?;
        Ok(Rows { out, buffer: Vec::with_capacity(BUFFER + 256), is_first: true })
    }

    pub(super) fn push(&mut self, numbers: &[u32]) -> io::Result<()> {
        if !self.is_first {
            self.buffer.push(b'\n');
        }
        for &number in numbers {
            if !self.is_first {
                self.buffer.push(b',');
            }
            self.is_first = false;
            push_number(&mut self.buffer, number);
        }
        if self.buffer.len() >= BUFFER {
            self.out.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }

    pub(super) fn end(mut self) -> io::Result<()> {
        self.buffer.extend_from_slice(b"],\n");
        self.out.write_all(&self.buffer)
    }
}

fn push_number(buffer: &mut Vec<u8>, mut number: u32) {
    let mut digits = [b'0'; 10];
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    buffer.extend_from_slice(&digits[first..]);
}
