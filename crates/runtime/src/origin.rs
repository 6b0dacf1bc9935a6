//! Where a goroutine comes from and how the program labelled it.

use crate::goroutine::Goroutine;
use crate::model::RuntimeModel;
use crate::small_map::{self, MapShape};
use crate::words::{read_slice, read_string, read_words, word_at};
use goheap_image::Address;
use goheap_model::InlineFrame;

/// `goid` of the goroutine that the runtime itself starts for `main`.
const FIRST: u64 = 1;
/// A label's text is shown up to here.
const MAX_TEXT: usize = 1 << 12;
const MAX_LABELS: u64 = 1 << 12;
/// `GODEBUG=tracebackancestors=N` and the program counters of one ancestor (`_TracebackMaxFrames`).
const MAX_ANCESTORS: u64 = 1 << 12;
/// `runtime.ancestorInfo`: `pcs []uintptr; goid uint64; gopc uintptr`.
const ANCESTOR_BYTES: u64 = 40;
/// `map[string]string`, or a `label{key, value string}`.
const STRINGS: MapShape = MapShape { key: 16, elem: 16 };

/// A goroutine from which another descends, maybe dead; kept under `GODEBUG=tracebackancestors` only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ancestor {
    /// Its goid.
    pub id: u64,
    /// Its stack when it made the next one, innermost first.
    pub pcs: Vec<u64>,
    /// Where the go statement is that made it.
    pub gopc: u64,
}

impl RuntimeModel<'_> {
    /// The profiler labels of a goroutine (`runtime/pprof.Do`, `SetGoroutineLabels`), by key.
    pub fn labels(&self, goroutine: &Goroutine) -> Vec<(String, String)> {
        let mut labels = if goroutine.labels.is_null() {
            Vec::new()
        } else if self.version.release().has_label_list {
            self.label_list(goroutine.labels)
        } else {
            self.label_map(goroutine.labels)
        };
        labels.sort();
        labels.dedup();
        labels
    }

    /// Since 1.24 `labelMap` holds a slice of pairs.
    fn label_list(&self, at: Address) -> Vec<(String, String)> {
        let memory = self.memory();
        let list = read_slice(memory, at).filter(|list| list.len <= MAX_LABELS);
        let pair = |at: Address| Some((read_string(memory, at, MAX_TEXT)?, read_string(memory, at.add(16), MAX_TEXT)?));
        list.map(|list| (0..list.len).filter_map(|index| pair(list.data.add(index * 32))).collect()).unwrap_or_default()
    }

    /// Up to 1.23 `labelMap` is a `map[string]string`, and `g.labels` points to the variable that holds it.
    fn label_map(&self, at: Address) -> Vec<(String, String)> {
        let memory = self.memory();
        let mut labels = Vec::new();
        let text = |header: &[u8]| {
            let len = usize::try_from(word_at(header, 8)?).ok()?.min(MAX_TEXT);
            let bytes = memory.bytes(Address(word_at(header, 0)?), len)?;
            Some(String::from_utf8_lossy(&bytes).into_owned())
        };
        let map = memory.read_u64(at).unwrap_or(0);
        // Of a map that is broken what could be read stands.
        let _ = small_map::read(memory, &self.version, Address(map), STRINGS, |key, value| {
            if labels.len() as u64 <= MAX_LABELS
                && let (Some(key), Some(value)) = (text(key), text(value))
            {
                labels.push((key, value));
            }
        });
        labels
    }

    /// Whence a goroutine descends, its parent first; empty unless the process kept it.
    pub fn ancestors(&self, goroutine: &Goroutine) -> Vec<Ancestor> {
        let memory = self.memory();
        let list = read_slice(memory, goroutine.ancestors).filter(|list| list.len <= MAX_ANCESTORS);
        let one = |at: Address| {
            let pcs = read_slice(memory, at).filter(|pcs| pcs.len <= MAX_ANCESTORS)?;
            Some(Ancestor {
                id: memory.read_u64(at.add(24))?,
                pcs: read_words(memory, pcs.data, usize::try_from(pcs.len).ok()?)?,
                gopc: memory.read_u64(at.add(32))?,
            })
        };
        list.map(|list| (0..list.len).map_while(|index| one(list.data.add(index * ANCESTOR_BYTES))).collect())
            .unwrap_or_default()
    }

    /// The go statement that made the goroutine: the function whose source holds it, file and line. None for goroutine 1.
    pub fn created_by(&self, goroutine: &Goroutine) -> Option<InlineFrame> {
        if goroutine.id == FIRST {
            return None;
        }
        // `gopc` is the address after the call, as a return address.
        let pc = goroutine.gopc.checked_sub(1)?;
        self.inline_stack(pc).into_iter().next()
    }
}
