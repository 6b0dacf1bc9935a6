//! The memory profile as the program itself would have written it: the text of `/debug/pprof/heap?debug=1` (pprof.go
//! `writeHeapInternal`), which `go tool pprof` reads, without the numbers of `runtime.MemStats` at its end.

use crate::ReportError;
use crate::text::one_line;
use std::io::{BufWriter, Write};

/// What one stack allocated of one size, as sampled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record<'a> {
    /// Objects in use.
    pub objects: i64,
    /// Bytes of them.
    pub bytes: i64,
    /// Objects allocated.
    pub allocs: u64,
    /// Bytes of them.
    pub alloc_bytes: u64,
    /// Return addresses, the allocator's first.
    pub pcs: Vec<u64>,
    /// The calls that are shown.
    pub calls: Vec<Call<'a>>,
}

/// A call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Call<'a> {
    /// The address of the call.
    pub pc: u64,
    /// Where its code begins.
    pub entry: u64,
    /// The function; empty where it is not known.
    pub function: &'a str,
    /// Its file.
    pub file: &'a str,
    /// The line.
    pub line: u32,
}

/// Writes records, those with fewest bytes in use first; `rate` is `MemProfileRate`.
///
/// # Errors
///
/// [`ReportError::Io`].
pub fn write(rate: u64, mut records: Vec<Record<'_>>, out: impl Write) -> Result<(), ReportError> {
    let mut out = BufWriter::new(out);
    records.sort_by_key(|record| record.bytes);
    let mut total = Record::default();
    for record in &records {
        total.objects = total.objects.wrapping_add(record.objects);
        total.bytes = total.bytes.wrapping_add(record.bytes);
        total.allocs = total.allocs.wrapping_add(record.allocs);
        total.alloc_bytes = total.alloc_bytes.wrapping_add(record.alloc_bytes);
    }
    // pprof takes a profile in which both are the same for one of another kind; so the runtime says one more, too.
    total.alloc_bytes = total.alloc_bytes.wrapping_add(u64::from(total.bytes as u64 == total.alloc_bytes));
    write!(out, "heap profile: ")?;
    counts(&mut out, &total)?;
    // Twice the rate: old profilers said so, and pprof halves it.
    writeln!(out, " @ heap/{}", rate.wrapping_mul(2))?;
    for record in &records {
        counts(&mut out, record)?;
        write!(out, " @")?;
        for pc in &record.pcs {
            write!(out, " {pc:#x}")?;
        }
        writeln!(out)?;
        for call in &record.calls {
            write_call(&mut out, call)?;
        }
        writeln!(out)?;
    }
    Ok(out.flush()?)
}

fn counts(out: &mut impl Write, record: &Record<'_>) -> Result<(), ReportError> {
    let Record { objects, bytes, allocs, alloc_bytes, .. } = record;
    Ok(write!(out, "{objects}: {bytes} [{allocs}: {alloc_bytes}]")?)
}

fn write_call(out: &mut impl Write, call: &Call<'_>) -> Result<(), ReportError> {
    let Call { pc, entry, function, file, line } = *call;
    if function.is_empty() {
        return Ok(writeln!(out, "#\t{pc:#x}")?);
    }
    let (function, file) = (one_line(function), one_line(file));
    Ok(writeln!(out, "#\t{pc:#x}\t{function}+{:#x}\t{file}:{line}", pc.wrapping_sub(entry))?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn it_reads_as_the_runtime_writes_it() {
        let call = Call { pc: 0x4010, entry: 0x4000, function: "main.fill", file: "/src/main.go", line: 7 };
        let large =
            Record { objects: 2, bytes: 64, allocs: 2, alloc_bytes: 64, pcs: vec![0x4011, 0x9], calls: vec![call] };
        let freed = Record { pcs: vec![0x9], calls: vec![Call { pc: 8, ..Call::default() }], ..Record::default() };
        let mut out = Vec::new();
        write(512, vec![large, freed], &mut out).unwrap();
        let expected = "\
heap profile: 2: 64 [2: 65] @ heap/1024
0: 0 [0: 0] @ 0x9
#\t0x8

2: 64 [2: 64] @ 0x4011 0x9
#\t0x4010\tmain.fill+0x10\t/src/main.go:7

";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
