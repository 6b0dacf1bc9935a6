//! Each P has a heap of timers (time.go `p.timers`). Those of Ps that run hang elsewhere than those of idle ones: they are one suspect.

use super::element::type_of;
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
        let below = |above: TrieNode, like: TrieNode| {
            let text = finder.frames.text(like);
            finder.below_of(above).iter().copied().find(|&child| finder.frames.text(child) == text)
        };
        let Some(first) = below(other, element.frame) else { continue };
        let above = element.way.iter().rev().skip(1).rev().try_fold(first, |at, &next| below(at, next));
        let named = match element.way.last() {
            Some(&last) => above.and_then(|above| below(above, last)),
            None => Some(first),
        };
        if let Some(named) = named {
            element.values += finder.counts.of(named);
            element.bytes += finder.bytes(if element.others.is_empty() { first } else { named });
        }
        for beside in &mut element.others {
            let is_alike = |child: &&TrieNode| type_of(finder.frames.text(**child)) == beside.ty;
            let alike = above.and_then(|above| finder.below_of(above).iter().find(is_alike));
            beside.values += alike.map_or(0, |&node| finder.counts.of(node));
            beside.bytes += alike.map_or(0, |&node| finder.bytes(node));
        }
    }
    heap
}
