//! Reading the memory of a carried process, and passing over its zeros.
#![allow(clippy::unwrap_used)]

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use goheap_image::{Address, MemoryImage, OpenRequest, Process};
use std::path::PathBuf;
use std::sync::LazyLock;

static PROCESS: LazyLock<Process> = LazyLock::new(|| {
    let cores = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cores/1.27");
    let (core, executable) = (cores.join("structures.core.zst"), Some(cores.join("structures.zst")));
    Process::open(&OpenRequest { core, executable, ..OpenRequest::default() }).unwrap()
});

fn main() {
    divan::main();
}

/// Words of all pieces in turn, so that each read looks for another piece.
#[divan::bench]
fn words_of_changing_pieces(bencher: Bencher<'_, '_>) {
    let memory = &PROCESS.memory;
    let ranges: Vec<_> = memory.ranges().filter(|range| range.len >= 4096).collect();
    let word = |step: u64| ranges.iter().map(move |range| range.start + step * 64 % 4088);
    let addresses: Vec<Address> = (0..64).flat_map(word).collect();
    bencher
        .counter(ItemsCount::new(addresses.len()))
        .bench(|| addresses.iter().fold(0_u64, |sum, &address| sum ^ memory.read_u64(black_box(address)).unwrap_or(0)));
}

/// 16 MiB of zeros that are no hole.
#[divan::bench]
fn written_zeros(bencher: Bencher<'_, '_>) {
    const LEN: usize = 16 << 20;
    // Fresh zeros of the system would all be one page.
    let mut zeros = vec![1; LEN];
    black_box(&mut zeros).fill(0);
    let memory = MemoryImage::from_buffers([(Address(1 << 30), zeros, true)]);
    let parts = || memory.nonzero_parts(black_box(Address(1 << 30)), LEN as u64).count();
    bencher.counter(BytesCount::new(LEN)).bench(parts);
}

/// All that the core holds, most of it zeros and holes of the file it was unpacked to.
#[divan::bench]
fn zeros_of_a_core(bencher: Bencher<'_, '_>) {
    let memory = &PROCESS.memory;
    let total: u64 = memory.ranges().map(|range| range.len).sum();
    bencher.counter(BytesCount::new(total)).bench(|| {
        let parts = |range: goheap_image::MemoryRange| memory.nonzero_parts(range.start, range.len).count();
        memory.ranges().map(parts).sum::<usize>()
    });
}
