//! Unpacking zst, and pzstd's frames.
#![no_main]

use goheap_fuzz::unpack;
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|input: &[u8]| -> Corpus { unpack::target(input, unpack::ZSTD) });
