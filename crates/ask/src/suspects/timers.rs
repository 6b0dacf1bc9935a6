//! Each P has a heap of timers (time.go `p.timers`). Those of Ps that run hang elsewhere than those of idle ones: they are one suspect.

use super::finder::{Finder, Found};
use goheap_graph::TrieNode;

/// With the heaps of all Ps in the one that retains most.
pub(super) fn joined(finder: &Finder<'_>, found: Vec<Found>) -> Vec<Found> {
    let is_heap = |found: &Found| is_heap(finder, found.frame);
    let (heaps, mut found): (Vec<Found>, Vec<Found>) = found.into_iter().partition(is_heap);
    let most = heaps.into_iter().max_by_key(|heap| heap.retained.bytes);
    found.extend(most.map(|most| with_others(finder, most)));
    found
}

/// `.timers []*runtime.timer` until Go 1.22, `.timers.heap []runtime.timerWhen` since.
fn is_heap(finder: &Finder<'_>, frame: TrieNode) -> bool {
    let text = finder.frames.text(frame);
    text.starts_with(".timers") && (text.contains("]runtime.timer") || text.contains("]*runtime.timer"))
}

/// Those too small to be suspects are added, too.
fn with_others(finder: &Finder<'_>, mut heap: Found) -> Found {
    let trie = &finder.frames.trie;
    let others: Vec<TrieNode> = trie.nodes().filter(|&node| node != heap.frame && is_heap(finder, node)).collect();
    for other in others {
        heap.retained.add(finder.weight(other));
        heap.parts.push(other);
        let Some(element) = &mut heap.gathered else { continue };
        let step = finder.frames.text(element.frame);
        for &child in finder.below_of(other).iter().filter(|&&child| finder.frames.text(child) == step) {
            element.values += finder.counts.of(child);
            element.bytes += finder.bytes(child);
        }
    }
    heap
}
