#!/usr/bin/env bash
# ruzstd: a decoder that is reset for the next frame takes that frame's whole window at once, beside the last one's; a new decoder takes neither.
#
# Versions: ruzstd 0.9.1 (crates.io).
# Behaviour: `FrameDecoder::set_max_window_size` bounds the window that a frame may name. A new decoder's memory grows with what is unpacked. `FrameDecoder::reset`, which goes on to the
#   next frame of the same stream, as files of several frames have it (pzstd, streams that were put together), allocates the window that the frame's header
#   names before anything is unpacked, and where it is larger than the last one's, beside it: the peak is the sum of both, more than the bound, however little the
#   frames hold. The three frames here name 64, 64 and 128 MiB, are valid, hold ten bytes each, and are made by zstd(1) as a stream.
# Seen, with a bound of 128 MiB:
#   one decoder: 192 MiB at the peak; a decoder for each frame: 0 MiB at the peak
# Needs cargo with crates.io, and zstd.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

mkdir -p src
cat >Cargo.toml <<'END'
[package]
name = "windows"
version = "0.0.0"
edition = "2021"

[dependencies]
peak_alloc = "=0.3.0"
ruzstd = "=0.9.1"
END
cat >src/main.rs <<'END'
use peak_alloc::PeakAlloc;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::io::Read;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

fn fresh() -> FrameDecoder {
    let mut decoder = FrameDecoder::new();
    decoder.set_max_window_size(128 << 20);
    decoder
}

fn peak(mut rest: &[u8], is_fresh: bool) -> usize {
    HEAP.reset_peak_usage();
    let (before, mut decoder, mut all) = (HEAP.current_usage(), fresh(), 0);
    while !rest.is_empty() {
        if is_fresh {
            decoder = FrameDecoder::new();
            decoder.set_max_window_size(128 << 20);
        }
        decoder.reset(&mut rest).unwrap();
        decoder.decode_blocks(&mut rest, BlockDecodingStrategy::All).unwrap();
        let mut out = [0; 64];
        all += decoder.read(&mut out).unwrap();
    }
    assert_eq!(all, 30);
    (HEAP.peak_usage() - before) >> 20
}

fn main() {
    let frames = std::fs::read("frames.zst").unwrap();
    let (one, each) = (peak(&frames, false), peak(&frames, true));
    println!("one decoder: {one} MiB at the peak; a decoder for each frame: {each} MiB at the peak");
}
END
for log in 26 26 27; do printf 0123456789 | zstd --quiet --long=$log -c; done >frames.zst
seen=$(cargo run --quiet --release)
echo "$seen"
expected='one decoder: 192 MiB at the peak; a decoder for each frame: 0 MiB at the peak'
[ "$seen" = "$expected" ] || { echo "  changed: it was: $expected"; exit 1; }
