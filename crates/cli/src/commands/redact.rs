//! `goheap CORE redact OUT`: the core without its contents.

use crate::args::{Input, RedactOptions};
use crate::open::{Needs, with_watched_heap};
use crate::output::Output;
use crate::say::errors::Failure;
use crate::say::speaker::Speaker;
use goheap_capture::{CoreSink, SinkOptions};
use goheap_heap::HeapSnapshot;
use goheap_heap::redaction::Redaction;
use goheap_image::{Address, FilePart, FilePartKind, redacted_notes};
use goheap_report::table::human_bytes;
use rayon::prelude::*;
use std::fs::File;
use std::io;
use std::path::Path;

/// Bytes of memory that one thread rewrites at once: whole pages.
const PIECE: usize = 256 << 10;
/// Bytes that are held at once.
const BATCH: u64 = 8 << 20;
const PAGE: u64 = 4096;

/// Runs the command.
pub(crate) fn run(input: &Input, options: &RedactOptions) -> Result<(), Failure> {
    // A file that cannot be written is met before the work is done.
    let Output::File { target, .. } = Output::new(&options.out, &input.paths())? else {
        let source =
            io::Error::new(io::ErrorKind::InvalidInput, "a core has holes: it needs a file, and no pipe or device");
        return Err(Failure::Output { path: options.out.clone(), source });
    };
    let needs = Needs { without_index: true, ..Needs::default() };
    with_watched_heap(
        input,
        needs,
        |_| Ok(()),
        |snapshot, watch| {
            watch.report();
            let compress = Some(options.out.extension().is_some_and(|ending| ending == "zst"));
            let stored = write(snapshot, &target, &SinkOptions { compress, ..SinkOptions::default() })?;
            Speaker::new(input.quiet).note(format_args!(
                "wrote {:?}: {} of a core of {}; docs/capture/privacy.md lists what is kept",
                options.out,
                human_bytes(stored.written),
                human_bytes(stored.core)
            ));
            Ok(())
        },
    )
}

/// Writes the core of the snapshot to `out` without its contents.
pub(crate) fn write(
    snapshot: &HeapSnapshot<'_, '_>,
    out: &Path,
    options: &SinkOptions,
) -> Result<goheap_capture::Stored, Failure> {
    let core = &snapshot.model.process.core;
    let redaction = Redaction::new(snapshot);
    let mut sink = CoreSink::create(out, options)?;
    for FilePart { range, kind } in core.file_parts() {
        let len = range.end - range.start;
        match kind {
            FilePartKind::Headers => sink.data(core.file_bytes(range))?,
            FilePartKind::Notes(alignment) => {
                let is_place = |word: u64| redaction.is_place(word);
                sink.data(&redacted_notes(core.machine(), core.file_bytes(range), alignment, &is_place))?;
            }
            FilePartKind::Memory(address) => memory(snapshot, &redaction, &mut sink, (range.start, address, len))?,
            FilePartKind::Nothing => sink.zeros(len)?,
        }
    }
    let stored = sink.finish()?;
    if let Some(modified) = core.modified() {
        // It tells about when the process died; where it cannot be set the answer is as right as that of any copy.
        let _ = File::options().append(true).open(out).and_then(|file| file.set_modified(modified));
    }
    Ok(stored)
}

/// The `len` bytes of memory at `address`, which lie at `offset` of the file. Holes stay holes.
fn memory(
    snapshot: &HeapSnapshot<'_, '_>,
    redaction: &Redaction<'_, '_, '_>,
    sink: &mut CoreSink,
    (offset, address, len): (u64, Address, u64),
) -> Result<(), Failure> {
    let core = &snapshot.model.process.core;
    let mut done = 0;
    while done < len {
        let hole = core.file_hole(offset + done).min(len - done) / PAGE * PAGE;
        if hole > 0 {
            sink.zeros(hole)?;
            done += hole;
            continue;
        }
        // Batches begin where pages of memory do, so that words lie whole in one.
        let start = address.0.wrapping_add(done);
        let next = (start / BATCH * BATCH).saturating_add(BATCH).min(address.0.saturating_add(len));
        let batch = next - start;
        let mut bytes = core.file_bytes(offset + done..offset + done + batch).to_vec();
        bytes.par_chunks_mut(PIECE).enumerate().for_each(|(index, piece)| {
            redaction.apply(start + (index * PIECE) as u64, piece);
        });
        sink.data(&bytes)?;
        done += batch;
    }
    Ok(())
}
